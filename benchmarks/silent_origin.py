"""An origin that accepts every connection and never answers: `python silent_origin.py [PORT]`.

It prints its port as one line, and ends when standard input closes.
"""

import selectors
import socket
import sys

BACKLOG = 4096


def main() -> None:
    """Serve until standard input closes."""
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 0
    with (
        socket.create_server(("127.0.0.1", port), backlog=BACKLOG) as server,
        selectors.DefaultSelector() as all_,
    ):
        all_.register(server, selectors.EVENT_READ)
        all_.register(sys.stdin, selectors.EVENT_READ)
        print(server.getsockname()[1], flush=True)
        while True:
            for key, _ in all_.select():
                if key.fileobj is sys.stdin:
                    return
                if key.fileobj is server:
                    connection = server.accept()[0]
                    all_.register(connection, selectors.EVENT_READ)
                elif isinstance(key.fileobj, socket.socket):
                    _drop(all_, key.fileobj)


def _drop(all_: selectors.BaseSelector, connection: socket.socket) -> None:
    try:
        data = connection.recv(65536)
    except OSError:
        data = b""
    if not data:
        all_.unregister(connection)
        connection.close()


if __name__ == "__main__":
    main()
