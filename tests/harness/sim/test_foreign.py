"""What virtual time can't see is refused, with who asked, for what, and the cure."""

import asyncio
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from firstbyte.harness.sim import ForeignIO, Sim, run_sim


def _loop() -> Any:
    return asyncio.get_running_loop()


async def _udp() -> None:
    await _loop().create_datagram_endpoint(asyncio.DatagramProtocol, local_addr=("127.0.0.1", 0))


async def _shell() -> None:
    await asyncio.create_subprocess_shell("true")


async def _blocking_process() -> None:
    subprocess.run([sys.executable, "-V"], check=False)  # noqa: ASYNC221  # what must be refused


async def _outside_socket() -> None:
    with socket.socket() as plain:
        await _loop().sock_connect(plain, ("192.0.2.1", 80))
        await _loop().create_connection(asyncio.Protocol, sock=plain)


async def _loop_in_a_thread() -> None:
    def run() -> None:
        asyncio.new_event_loop().close()

    await asyncio.to_thread(run)


async def _wait_for_outside() -> None:
    threading.Event().wait(1)


async def _blocking_socket() -> None:
    with socket.socket() as plain:
        plain.connect(("127.0.0.1", 9))


async def _urlopen() -> None:
    urllib.request.urlopen("http://127.0.0.1:9/")  # noqa: ASYNC210  # what must be refused


async def _blocking_sleep() -> None:
    time.sleep(0)  # noqa: ASYNC251, TID251  # what must be refused


REFUSED: dict[str, tuple[Callable[[], Awaitable[object]], str]] = {
    "add_reader": (lambda: _loop().add_reader(0, print), "a file descriptor"),
    "add_writer": (lambda: _loop().add_writer(1, print), "a file descriptor"),
    "sock_connect": (_outside_socket, "a connection to '192.0.2.1'"),
    "sock_recv": (lambda: _loop().sock_recv(None, 1), "a socket"),
    "sock_sendall": (lambda: _loop().sock_sendall(None, b""), "a socket"),
    "blocking connect": (_blocking_socket, "a socket"),
    "urlopen": (_urlopen, "name resolution|a socket"),
    "datagram": (_udp, "UDP"),
    "unix server": (lambda: asyncio.start_unix_server(print, "/nowhere"), "a Unix socket"),
    "unix connection": (lambda: asyncio.open_unix_connection("/nowhere"), "a Unix socket"),
    "subprocess": (_shell, "a process"),
    "blocking process": (_blocking_process, "a process"),
    "signal": (lambda: _loop().add_signal_handler(signal.SIGTERM, print), "a signal handler"),
    "pipe": (lambda: _loop().connect_read_pipe(asyncio.Protocol, sys.stdin), "a pipe"),
    "getaddrinfo": (lambda: _loop().getaddrinfo("example.org", 80), "name resolution of 'example.org'"),
    "getnameinfo": (lambda: _loop().getnameinfo(("127.0.0.1", 80)), "name resolution"),
    "outside": (lambda: asyncio.open_connection("example.org", 80), "a connection to 'example.org'"),
    "tls client": (lambda: asyncio.open_connection("main", 443, ssl=True), "TLS"),
    "tls server": (lambda: asyncio.start_server(print, "main", 443, ssl=_tls()), "TLS"),
    "ready socket": (
        lambda: _loop().create_connection(asyncio.Protocol, sock=_tls()),
        "a connection with sock=",
    ),
    "event loop in a thread": (_loop_in_a_thread, "an event loop of its own in a thread"),
    "blocking wait": (_wait_for_outside, "a wait that blocks the event loop"),
    "blocking sleep": (_blocking_sleep, "a blocking time.sleep"),
}


def _tls() -> Any:
    return object()


@pytest.mark.parametrize(("operation", "what"), REFUSED.values(), ids=REFUSED)
def test_a_foreign_operation_is_refused_by_name(
    operation: Callable[[], Awaitable[object]], what: str
) -> None:
    async def main(_sim: Sim) -> None:
        await operation()

    if operation is _blocking_sleep and sys.version_info < (3, 13):
        pytest.skip("Python audits time.sleep since 3.13")
    place = r"test_foreign\.py:\d+ in "
    with pytest.raises(ForeignIO, match=rf"{place}.* asked for ({what}).*; .*--mode real"):
        run_sim(main)


def test_a_refusal_ends_the_run_even_if_the_caller_swallows_it() -> None:
    async def main(_sim: Sim) -> str:
        try:
            await _udp()
        except ForeignIO:
            await asyncio.sleep(1)
        return "a framework's 500"

    with pytest.raises(ForeignIO, match="UDP"):
        run_sim(main)


def test_a_callback_from_another_thread_is_refused_there() -> None:
    told: list[str] = []

    async def main(sim: Sim) -> None:
        def intrude() -> None:
            try:
                sim.loop.call_soon_threadsafe(print)
            except ForeignIO as error:
                told.append(str(error))

        intruders.append(intrude)
        go.set()
        done.acquire(timeout=10)

    intruders: list[Callable[[], None]] = []
    go, done = threading.Event(), threading.Lock()
    done.acquire()

    def other() -> None:
        go.wait(10)
        intruders[0]()
        done.release()

    thread = threading.Thread(target=other)
    thread.start()
    with pytest.raises(ForeignIO):
        run_sim(main)
    thread.join()
    assert "call_soon_threadsafe" in told[0]


def test_other_threads_keep_their_threads_and_sockets() -> None:
    def elsewhere() -> None:
        go.wait(10)
        started = threading.Thread(target=done.append, args=("thread",))
        started.start()
        started.join()
        with (
            socket.create_server(("127.0.0.1", 0)) as listener,
            socket.create_connection(listener.getsockname()),
        ):
            done.append("socket")
        finished.release()

    async def main(_sim: Sim) -> None:
        go.set()
        finished.acquire(timeout=10)

    done: list[str] = []
    go, finished = threading.Event(), threading.Lock()
    finished.acquire()
    thread = threading.Thread(target=elsewhere)
    thread.start()
    run_sim(main)
    thread.join()
    assert done == ["thread", "socket"]


def test_nothing_is_refused_after_the_run() -> None:
    async def main(_sim: Sim) -> None:
        return None

    run_sim(main)
    asyncio.run(asyncio.to_thread(int))


def test_names_of_the_simulation_resolve() -> None:
    async def main(sim: Sim) -> list[object]:
        sim.network.host("origin")
        found = [await _loop().getaddrinfo(name, 80) for name in ("origin", "localhost", "10.0.0.2")]
        return [each[0][4] for each in found]

    assert run_sim(main) == [("10.0.0.2", 80), ("127.0.0.1", 80), ("10.0.0.2", 80)]
