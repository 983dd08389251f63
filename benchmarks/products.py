"""Starts the proxies between a client and an origin: ours, stock mitmdump, and the real products.

Each is a process of its own on loopback with one origin, and is ended with its context.
"""

import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import msgspec

from benchmarks.processes import FIRSTBYTE, PYTHON
from firstbyte.harness.files.loader import load_profile
from firstbyte.harness.grid.plan import with_limits
from firstbyte.harness.model.profile import Profile
from firstbyte.harness.model.units import Duration
from firstbyte.harness.process.ports import free_ports
from firstbyte.proxies.real.catalogue import PRODUCTS, program_of
from firstbyte.proxies.real.child import Order
from firstbyte.proxies.real.product import LOOPBACK, Product, Route

type Address = tuple[str, int]
type Start = Callable[[Address], AbstractContextManager["Running"]]

HERE = Path(__file__).resolve().parent
OURS = "firstbyte edge"
MITMDUMP = "stock mitmdump"
PEERS = ("nginx", "haproxy", "envoy", "caddy", "traefik")
_CHILD = "import sys; from firstbyte.proxies.real.child import main; sys.exit(main(sys.argv[1:]))"


class Running(msgspec.Struct, frozen=True, kw_only=True):
    """What listens. pid: of the process that holds the connections. tls: the client speaks TLS with it.

    events: the file in which an emulated edge writes what it does, None = none.
    """

    address: Address
    pid: int
    tls: bool = False
    events: Path | None = None


class Between(msgspec.Struct, frozen=True, kw_only=True):
    """Something between client and origin. start: given the origin's address, yields where it listens."""

    name: str
    start: Start


def direct() -> Between:
    """No proxy."""

    @contextmanager
    def start(origin: Address) -> Iterator[Running]:
        yield Running(address=origin, pid=0)

    return Between(name="direct", start=start)


def ours(
    limit: Duration, *, name: str = OURS, profile: str = "nginx", tls: bool = False, has_events: bool = False
) -> Between:
    """`firstbyte edge` with `limit` on what waits for the origin's header."""

    @contextmanager
    def start(origin: Address) -> Iterator[Running]:
        with tempfile.TemporaryDirectory() as folder:
            events = Path(folder) / "events" if has_events else None
            command = [
                FIRSTBYTE, "edge", "--upstream", f"http://{origin[0]}:{origin[1]}", "--profile", profile,
                "--first-byte-timeout", f"{limit / 1e6:g}s", "--listen", f"{LOOPBACK}:0", "--quiet",
                "--ready-json",
                *(["--tls"] if tls else []), *(["--events", str(events)] if events else []),
            ]  # fmt: skip
            with process(command) as edge:
                assert edge.stdout is not None
                ready = json.loads(edge.stdout.readline())
                host, _, port = ready["ready"].rpartition("//")[2].rpartition(":")
                yield Running(address=(host, int(port)), pid=ready["pid"], tls=tls, events=events)

    return Between(name=name, start=start)


def mitmdump(*, tls: bool = False) -> Between:
    """As it is installed, in reverse mode, without a word on its output. It has no deadline."""

    @contextmanager
    def start(origin: Address) -> Iterator[Running]:
        (port,) = free_ports(1)
        command = [
            str(Path(sys.executable).with_name("mitmdump")), "--mode", f"reverse:http://{origin[0]}:{origin[1]}",
            "--listen-host", LOOPBACK, "--listen-port", str(port), "-q",
        ]  # fmt: skip
        with process(command) as dump:
            wait_until_it_listens(port, dump)
            yield Running(address=(LOOPBACK, port), pid=dump.pid, tls=tls)

    return Between(name=MITMDUMP, start=start)


def real(product: Product, limit: Duration) -> Between:
    """A real product with `limit` on every timer that waits for the origin."""

    @contextmanager
    def start(origin: Address) -> Iterator[Running]:
        with tempfile.TemporaryDirectory() as name, answering() as answers:
            folder = Path(name)
            # The second way leads to an origin that answers: only so a product can say that it is ready.
            ports = free_ports(2)
            routes = (Route(port=ports[0], upstream=origin[1]), Route(port=ports[1], upstream=answers[1]))
            profile = with_limits(load_profile(product.name).profile, dict.fromkeys(product.timers, limit))
            order = _order(product, profile, routes, folder)
            path = folder / "order.json"
            path.write_bytes(msgspec.json.encode(order))
            with process([PYTHON, "-c", _CHILD, str(path)]) as child:
                assert child.stdout is not None
                line = child.stdout.readline()
                if not line:
                    raise RuntimeError(
                        f"{product.name} did not start: {(folder / 'log').read_text()[-2000:]}"
                    )
                yield Running(address=(LOOPBACK, ports[0]), pid=json.loads(line)["pid"])

    return Between(name=product.name, start=start)


def real_products(limit: Duration, names: Sequence[str] = PEERS) -> list[Between]:
    """Return the products that this machine has."""
    return [real(PRODUCTS[name], limit) for name in names if PRODUCTS[name].find() is not None]


def _order(product: Product, profile: Profile, routes: tuple[Route, ...], folder: Path) -> Order:
    work = folder / product.name
    work.mkdir()
    setup = product.configure(program_of(product), profile, routes, work)
    for name, text in setup.files.items():
        (work / name).write_text(text, encoding="utf-8")
    if setup.drops_root:
        folder.chmod(0o755)
    return Order(
        command=setup.command, folder=str(work), log=str(folder / "log"), drops_root=setup.drops_root,
        ports=tuple(route.port for route in routes), asked=routes[1].port, environment=setup.environment,
    )  # fmt: skip


@contextmanager
def answering() -> Iterator[Address]:
    """The blunt origin."""
    with process([PYTHON, str(HERE / "blunt_origin.py")]) as origin:
        assert origin.stdout is not None
        yield LOOPBACK, int(origin.stdout.readline())


@contextmanager
def silent_origin(port: int = 0) -> Iterator[Address]:
    """An origin that never answers, in a process of its own."""
    with process([PYTHON, str(HERE / "silent_origin.py"), str(port)]) as origin:
        assert origin.stdout is not None
        yield LOOPBACK, int(origin.stdout.readline())


@contextmanager
def fast_origin() -> Iterator[Address]:
    """nginx itself, which answers every request with two bytes: faster than anything in front of it."""
    program = program_of(PRODUCTS["nginx"])
    (port,) = free_ports(1)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "nginx.conf"
        path.write_text(
            f"daemon off; master_process off; error_log stderr crit; pid {folder}/pid;\n"
            "worker_rlimit_nofile 8192;\n"
            "events { worker_connections 4096; }\n"
            "http { access_log off; keepalive_requests 1000000000; client_body_temp_path " + folder + "/b;\n"
            f"server {{ listen {LOOPBACK}:{port} backlog=4096; return 200 'ok'; }} }}\n",
            encoding="utf-8",
        )
        with process([str(program), "-p", folder, "-c", str(path), "-e", "stderr"]) as origin:
            wait_until_it_listens(port, origin)
            yield LOOPBACK, port


@contextmanager
def process(command: Sequence[str]) -> Iterator["subprocess.Popen[str]"]:
    """Run a command and end it afterwards."""
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as started:
        try:
            yield started
        finally:
            started.terminate()


def wait_until_it_listens(port: int, started: "subprocess.Popen[str]") -> None:
    """Wait until it accepts connections. Raises RuntimeError if it has ended."""
    while started.poll() is None:
        try:
            socket.create_connection((LOOPBACK, port), timeout=1).close()
        except OSError:
            os.sched_yield()
        else:
            return
    raise RuntimeError(f"{started.args!r} ended with code {started.returncode} before it listened")
