"""The options of `firstbyte edge`, read and checked.

It must never import mitmproxy: `--help` is there at once.
"""

import argparse
import ipaddress
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from firstbyte.harness.files.loader import LoadedProfile, load_profile
from firstbyte.harness.files.setting import HELP, apply_to_chain, check_all_used, parse_setting
from firstbyte.harness.model.profile import Profile
from firstbyte.harness.model.profile_ops import scaled, with_header_limit
from firstbyte.harness.model.units import BadDuration, Duration, parse_duration
from firstbyte.harness.problems import BadInput
from firstbyte.proxies.rules.config import Upstream

DEFAULT_LISTEN = "127.0.0.1:8524"


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """Where to listen. Port 0: the system chooses."""

    host: str
    port: int

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can connect."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


class Hop(msgspec.Struct, frozen=True, kw_only=True):
    """One edge of the chain: its profile with the time scale applied, and the values that are assumed."""

    profile: Profile
    assumed: tuple[str, ...]


class EdgeArguments(msgspec.Struct, frozen=True, kw_only=True):
    """Everything `firstbyte edge` was told. events: a path, or the number of an open file descriptor."""

    upstream: Upstream
    hops: tuple[Hop, ...]
    listen: Address
    tls: bool
    quiet: bool
    addon: Path | None
    save_har: Path | None
    save_flows: Path | None
    control: Address | None
    ready_json: bool
    end_with_stdin: bool
    events: str


def parse(argv: list[str]) -> EdgeArguments:
    """Read the command line. Raises BadInput; argparse's own errors end with exit code 2."""
    options = build_parser().parse_args(argv)
    listen = read_address(options.listen, "--listen")
    control = read_address(options.control, "--control") if options.control else None
    _check_remote(listen, control, allowed=options.allow_remote)
    if control is not None and not options.hold:
        raise BadInput("--control: only held mode is controlled; add --hold")
    return EdgeArguments(
        upstream=read_upstream(options.upstream, verify=not options.insecure_upstream),
        hops=_hops(options),
        listen=listen,
        tls=options.tls,
        quiet=options.quiet,
        addon=_existing(options.addon, "--addon"),
        save_har=options.save_har,
        save_flows=options.save_flows,
        control=(control or Address(host="127.0.0.1", port=0)) if options.hold else None,
        ready_json=options.ready_json,
        end_with_stdin=options.end_with_stdin,
        events=options.events,
    )


def build_parser() -> argparse.ArgumentParser:
    """The options, with what each is for."""
    parser = argparse.ArgumentParser(
        prog="firstbyte edge",
        description="Puts an emulated edge in front of a server: its timers, its answers, its way to cut.",
    )
    add = parser.add_argument
    add(
        "--upstream",
        required=True,
        metavar="URL",
        help="the server behind the edge, such as http://127.0.0.1:4096",
    )
    add(
        "--profile",
        required=True,
        metavar="NAME[,NAME]",
        help="profile ids or files, the client's side first",
    )
    add("--listen", default=DEFAULT_LISTEN, metavar="HOST:PORT", help="default: %(default)s")
    add(
        "--first-byte-timeout",
        metavar="TIME",
        help="the limit of every timer that waits for the header, such as 100s",
    )
    add("--time-scale", type=float, default=1.0, metavar="N", help="divide every limit by N")
    add(
        "--set",
        action="append",
        default=[],
        metavar="[HOP:]KEY=VALUE",
        help=HELP,
    )
    _add_extras(parser)
    return parser


def _add_extras(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--tls", action="store_true", help="TLS with a certificate made for this run; HTTP/2 and HTTP/1.1")
    add("--quiet", action="store_true", help="no line for each request")
    add("--addon", type=Path, metavar="FILE", help="a mitmproxy addon script")
    add("--save-har", type=Path, metavar="FILE", help="write all exchanges there as HAR 1.2 at the end")
    add("--save-flows", type=Path, metavar="FILE", help="the same as a flow file that mitmproxy opens")
    add("--hold", action="store_true", help="held mode: timers fire when told, not by the clock")
    add("--control", metavar="HOST:PORT", help="where held mode is told; default: a free port on 127.0.0.1")
    add("--insecure-upstream", action="store_true", help="accept any certificate of an https upstream")
    add(
        "--allow-remote",
        action="store_true",
        help="listen where other machines can connect: they reach the upstream through it",
    )
    add("--ready-json", action="store_true", help="print the addresses as one line of JSON once it listens")
    add(
        "--end-with-stdin",
        action="store_true",
        help="end when standard input closes: with the program that started it, however that ends. A line on "
        "it with a URL starts the same edge afresh before that server, an empty line closes it until then",
    )
    add("--events", default="", help=argparse.SUPPRESS)


def read_address(text: str, option: str) -> Address:
    """HOST:PORT, with brackets around an IPv6 address."""
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdigit() or int(port) > 65535 or not host:
        raise BadInput(f"{option}: '{text}' is not HOST:PORT; write {DEFAULT_LISTEN}, say")
    return Address(host=host.removeprefix("[").removesuffix("]"), port=int(port))


def _check_remote(listen: Address, control: Address | None, *, allowed: bool) -> None:
    for option, address in (("--listen", listen), ("--control", control)):
        if address is not None and not address.is_loopback and not allowed:
            raise BadInput(
                f"{option}: {address.host} can be reached by other machines, which could use the upstream "
                f"through this edge; listen on 127.0.0.1, or add --allow-remote if that is meant"
            )


def read_upstream(url: str, *, verify: bool) -> Upstream:
    """The server behind the edge."""
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError as error:
        raise BadInput(f"--upstream: '{url}': {error}; write http://127.0.0.1:4096, say") from error
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
        raise BadInput(f"--upstream: '{url}' is not an http or https URL; write http://127.0.0.1:4096, say")
    if parts.path not in ("", "/") or parts.query:
        raise BadInput(f"--upstream: '{url}' has a path; an edge forwards paths as they are, so leave it out")
    tls = parts.scheme == "https"
    authority = parts.netloc if tls else None
    return Upstream(
        host=parts.hostname, port=port or (443 if tls else 80), tls=tls, verify=verify, authority=authority
    )


def _existing(path: Path | None, option: str) -> Path | None:
    if path is not None and not path.is_file():
        raise BadInput(f"{option}: there is no file {path}")
    return path


def _hops(options: argparse.Namespace) -> tuple[Hop, ...]:
    if not options.time_scale > 0:
        raise BadInput(
            f"--time-scale: '{options.time_scale:g}' must be more than 0; at 50 a limit of 100s is 2s"
        )
    limit = _limit(options.first_byte_timeout)
    names = [name.strip() for name in options.profile.split(",") if name.strip()]
    if not names:
        raise BadInput("--profile: name at least one edge; `firstbyte list edges` shows them")
    settings = [parse_setting(text) for text in options.set]
    loaded = [load_profile(name) for name in names]
    check_all_used(settings, [loaded])
    return tuple(_hop(one, limit, options.time_scale) for one in apply_to_chain(loaded, settings))


def _limit(text: str | None) -> Duration | None:
    if text is None:
        return None
    try:
        limit = parse_duration(text)
    except BadDuration as error:
        raise BadInput(f"--first-byte-timeout: {error}") from error
    if limit <= 0:
        raise BadInput("--first-byte-timeout: must be more than nothing")
    return limit


def _hop(loaded: LoadedProfile, limit: Duration | None, scale: float) -> Hop:
    profile = loaded.profile if limit is None else with_header_limit(loaded.profile, limit)
    return Hop(
        profile=scaled(profile, scale),
        assumed=tuple(f"{one.key} = {one.assume}" for one in loaded.evidence.unknown),
    )
