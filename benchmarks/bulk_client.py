"""Times the transfer of many bytes through one address: `bulk_client.py HOST PORT sse|down|up N SIZE`.

N connections at once, each with a stream of SIZE events, or a body of SIZE bytes. Prints one JSON document.
A transfer counts as done only when it is complete.
"""

import json
import selectors
import socket
import sys
import time

BLOCK = b"x" * 262_144
EVENT = b"data: " + b"x" * 24


class Transfer:
    """One connection. left: what still has to be sent. seen: the received bytes that matter."""

    def __init__(self, address: tuple[str, int], what: str, size: int) -> None:
        self._what = what
        self._size = size
        self.socket = socket.create_connection(address)
        method, length = ("POST", size) if what == "up" else ("GET", 0)
        path = "/up" if what == "up" else f"/{what}/{size}"
        self.socket.sendall(
            f"{method} {path} HTTP/1.1\r\nHost: bulk\r\nContent-Length: {length}\r\n\r\n".encode()
        )
        self.socket.setblocking(False)
        self.left = length
        self._tail = b""
        self._events = 0
        self._body = -1

    def send(self) -> None:
        """Send as much as the socket takes."""
        self.left -= self.socket.send(BLOCK[: min(self.left, len(BLOCK))])

    def is_over_after(self, data: bytes) -> bool:
        """Whether the answer is complete."""
        if not data:
            raise SystemExit(f"the connection was closed before the end of {self._what}")
        if self._what == "sse":
            text = self._tail + data
            self._events += text.count(EVENT)
            self._tail = text[-len(EVENT) + 1 :]
            return self._events >= self._size
        if self._body < 0:
            self._tail += data
            head, end, rest = self._tail.partition(b"\r\n\r\n")
            if not end:
                return False
            if b" 200 " not in head.split(b"\r\n")[0]:
                raise SystemExit(f"not a 200: {head!r}")
            self._body, data = 0, rest
        self._body += len(data)
        return self._what == "up" or self._body >= self._size


def play(transfers: list[Transfer]) -> None:
    """Return when all transfers have ended."""
    with selectors.DefaultSelector() as all_:
        for one in transfers:
            events = selectors.EVENT_READ | (selectors.EVENT_WRITE if one.left else 0)
            all_.register(one.socket, events, one)
        while all_.get_map():
            for key, events in all_.select():
                transfer: Transfer = key.data
                if events & selectors.EVENT_WRITE:
                    transfer.send()
                    if not transfer.left:
                        all_.modify(transfer.socket, selectors.EVENT_READ, transfer)
                if events & selectors.EVENT_READ and transfer.is_over_after(transfer.socket.recv(1 << 18)):
                    all_.unregister(transfer.socket)
                    transfer.socket.close()


def main() -> None:
    """Measure and print."""
    host, port, what, count, size = sys.argv[1:]
    began = time.perf_counter()  # noqa: TID251 - it measures
    play([Transfer((host, int(port)), what, int(size)) for _ in range(int(count))])
    taken = time.perf_counter() - began  # noqa: TID251 - it measures
    print(json.dumps({"seconds": taken}))


if __name__ == "__main__":
    main()
