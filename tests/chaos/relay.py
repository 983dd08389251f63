"""Stands between an edge and its server, and halts an exchange at a chosen request, for a kill.

What came is noted before it is passed on. It must never change a byte of what passes.
"""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Self

LOOPBACK = "127.0.0.1"
END_OF_HEAD = b"\r\n\r\n"

type Meant = Callable[[list[str]], bool]
"""Whether a request is the one to halt at, from the request lines of the browser so far, its own the last."""


class Relay:
    """`with Relay(port, meant) as relay`: before the server at `port`.

    reached: a request was meant, and waits until the relay ends.
    """

    def __init__(self, port: int, meant: Meant) -> None:
        self.reached = threading.Event()
        self._over = threading.Event()
        self._server = port
        self._meant = meant
        self._lines: list[str] = []
        self._lock = threading.Lock()
        self._listens = socket.create_server((LOOPBACK, 0))

    def __repr__(self) -> str:
        return f"<Relay {self.url}, {len(self._lines)} requests>"

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._listens.shutdown(socket.SHUT_RDWR)
        self._listens.close()

    @property
    def url(self) -> str:
        """Where it stands."""
        return f"http://{LOOPBACK}:{self._listens.getsockname()[1]}"

    def _accept(self) -> None:
        with suppress(OSError):  # it has been closed
            while True:
                client, _ = self._listens.accept()
                threading.Thread(target=self._exchange, args=(client,), daemon=True).start()

    def _exchange(self, client: socket.socket) -> None:
        with client, socket.create_connection((LOOPBACK, self._server)) as server, suppress(OSError):
            head = b""
            while END_OF_HEAD not in head and (read := client.recv(65_536)):
                head += read
            if b"Chrome" in head and self._is_meant(head):
                self.reached.set()
                self._over.wait()
            server.sendall(head)
            back = threading.Thread(target=_pipe, args=(server, client), daemon=True)
            back.start()
            _pipe(client, server)
            back.join()

    def _is_meant(self, head: bytes) -> bool:
        with self._lock:
            self._lines.append(head.partition(b"\r\n")[0].decode())
            return self._meant(self._lines)


def _pipe(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while part := source.recv(65_536):
            target.sendall(part)
        target.shutdown(socket.SHUT_WR)
