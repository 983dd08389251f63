"""Sends requests to one address and notes when each answer begins: `late_client.py HOST PORT N SPREAD MOST`.

A process of its own with one selector and no other work, so that what it measures is not its own lag; it
reports that lag too. Prints one JSON document. Times are seconds.
"""

import gc
import heapq
import json
import selectors
import socket
import sys
import time

_REQUEST = b"POST /late HTTP/1.1\r\nHost: late.test\r\nX-Firstbyte-Request: %d\r\nContent-Length: 2\r\n\r\n{}"
#: What a selector may sleep past a due time; nearer than this it is asked without waiting.
_NEAR = 0.001


class Client:
    """Connections of one measurement."""

    def __init__(self, address: tuple[str, int], number: int, spread: float) -> None:
        self._address = address
        self._selector = selectors.DefaultSelector()
        self._due = [(index * spread / number, index) for index in range(number)]
        self.sent: dict[int, float] = {}
        self.first: dict[int, float] = {}
        self.empty = 0
        self.lag: list[float] = []

    def play(self, most: float) -> None:
        """Return when every request has its first byte or its end, or after `most` seconds."""
        heapq.heapify(self._due)
        began = time.monotonic()
        while (self._due or self._selector.get_map()) and time.monotonic() - began < most:
            now = time.monotonic() - began
            while self._due and self._due[0][0] <= now:
                due, index = heapq.heappop(self._due)
                try:
                    self._send(index)
                except OSError:
                    self.empty += 1  # a subject that takes no more has no answer to be late with
                    continue
                self.lag.append(self.sent[index] - began - due)
            self._read(self._wait(began))

    def _send(self, index: int) -> None:
        connection = socket.create_connection(self._address)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            connection.sendall(_REQUEST % (index + 1))
        except OSError:
            connection.close()
            raise
        self.sent[index] = time.monotonic()
        self._selector.register(connection, selectors.EVENT_READ, index)

    def _wait(self, began: float) -> float:
        if not self._due:
            return 0.2
        left = self._due[0][0] - (time.monotonic() - began)
        return max(0.0, left - _NEAR)

    def _read(self, wait: float) -> None:
        if not self._selector.get_map():
            time.sleep(wait)  # noqa: TID251 - nothing is there to wait for
            return
        ready = self._selector.select(wait)
        now = time.monotonic()
        for key, _ in ready:
            assert isinstance(key.fileobj, socket.socket)
            self._selector.unregister(key.fileobj)
            try:
                data = key.fileobj.recv(65536)
            except OSError:
                data = b""
            key.fileobj.close()
            if data:
                self.first[key.data] = now
            else:
                self.empty += 1


def main() -> None:
    """Measure and print."""
    host, port, number, spread, most = sys.argv[1:]
    gc.disable()
    client = Client((host, int(port)), int(number), float(spread))
    client.play(float(most))
    took = [client.first[index] - client.sent[index] for index in sorted(client.first)]
    print(json.dumps({"took": took, "empty": client.empty, "lag": client.lag}))


if __name__ == "__main__":
    main()
