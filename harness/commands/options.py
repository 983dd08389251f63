"""The options of each command, each declared once: a field of its struct with what argparse is told about it.

They are apart from the commands, so that `firstbyte NAME --help` and a mistake in the options do not wait for
what the command needs to run.
"""

import argparse
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

import msgspec

from firstbyte.harness.files.setting import HELP
from firstbyte.harness.model.units import BadDuration, Duration, parse_duration
from firstbyte.reference_server.handlers import handler_ids

LISTS = ("edges", "findings", "handlers", "scenarios", "shapes", "targets")
SCHEMAS = ("scenario", "shape", "profile", "adapter")
FIXES_PAGE = "fixes.md"
FIXES_TIME_SCALE = 20.0
"""Limits of 3 s for 60."""
GRID_TIME_SCALE = 30.0
"""Limits of 2 s for 60: the shortest at which every product keeps its time on a small machine."""
_RATES = {"s": 1, "m": 60, "h": 3600}


class Declared(msgspec.Struct, frozen=True):
    """What `add_argument` is told about a field. short: names besides `--field`; None = positional."""

    short: tuple[str, ...] | None
    settings: dict[str, Any]


def argument(**settings: Any) -> Any:
    """A field that is given by its position. Any, so that it can stand as the default of every type."""
    return Declared(None, settings)


def option(*short: str, **settings: Any) -> Any:
    """A field that is given by its name."""
    return Declared(short, settings)


def flag(*short: str, **settings: Any) -> Any:
    """An option without a value."""
    return option(*short, action="store_true", **settings)


def repeatable(**settings: Any) -> Any:
    """An option that can be given several times."""
    return option(action="append", default=[], **settings)


class CommandOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The options of one command, named as argparse names them."""

    epilog: ClassVar[str] = ""
    command: str

    @classmethod
    def add_to(cls, parser: argparse.ArgumentParser) -> None:
        """Declare the options: those of the class itself first, then those that it inherits."""
        parser.epilog = cls.epilog
        declared = {field.name: field.default for field in msgspec.structs.fields(cls)}
        names = [name for base in cls.__mro__ for name in vars(base).get("__annotations__", ())]
        for name in dict.fromkeys(names):
            field = declared.get(name)
            if isinstance(field, Declared):
                flags = (name,) if field.short is None else (*field.short, f"--{name.replace('_', '-')}")
                parser.add_argument(*flags, **field.settings)

    @classmethod
    def read(cls, parsed: argparse.Namespace) -> Self:
        """The one place where argparse's untyped namespace is read."""
        return msgspec.convert(vars(parsed), cls)


def positive(text: str) -> float:
    """A number above 0."""
    try:
        value = float(text)
    except ValueError:
        value = 0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"'{text}' is not a number above 0")
    return value


def count(text: str) -> int:
    """A whole number above 0."""
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number above 0")
    return int(text)


def duration(text: str) -> Duration:
    """A length of time."""
    try:
        return parse_duration(text)
    except BadDuration as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def patience(text: str) -> Duration:
    """A length of time above 0."""
    value = duration(text)
    if value <= 0:
        raise argparse.ArgumentTypeError(f"'{text}' is no time to wait; write '150s'")
    return value


def rate(text: str) -> Duration:
    """`5/s`, `30/m`, `100/h` as the time between two requests."""
    number, slash, unit = text.partition("/")
    if not (slash and number.isascii() and number.isdigit() and int(number) > 0 and unit in _RATES):
        raise argparse.ArgumentTypeError(f"'{text}' is no rate; write 5/s, 30/m or 100/h")
    return Duration(_RATES[unit] * 1_000_000 // int(number))


def duration_text(text: str) -> str:
    """A length of time, checked but kept as text for the command line of another program."""
    duration(text)
    return text


def _json(what: str) -> Any:
    return option(metavar="FILE|-", help=f"write {what} as JSON; '-' gives stdout to it alone")


_HTML = option(
    type=Path, metavar="DIR", help="write the results as a page, DIR/index.html, that needs no network"
)
_SET = repeatable(metavar="[HOP:]KEY=VALUE", help=HELP)
_ONE_EDGE = repeatable(metavar="NAME", help="this edge only; repeatable")
_EDGE = option(default="cloudflare-100", metavar="NAME", help="default: cloudflare-100")
_HEADER = repeatable(metavar="'NAME: VALUE'", help="repeatable; secrets are not shown")
_INSECURE = flag(help="accept any certificate")


def _patience(what: str) -> Any:
    text = f"stop listening{what} after so long (default: 150s)"
    return option(type=patience, default=parse_duration("150s"), metavar="TIME", help=text)


class RunningOptions(CommandOptions, frozen=True, kw_only=True):
    """Of the commands that run scenarios. time_scale, mode: None = not given."""

    edge: tuple[str, ...]
    scenario: tuple[str, ...] = ()
    shard: str | None = None
    set: tuple[str, ...] = _SET
    mode: Literal["sim", "real"] | None = option(
        choices=("sim", "real"),
        help="virtual time, or processes on loopback (default: sim, or real for any other --target)",
    )
    time_scale: float | None = option(
        type=positive,
        metavar="N",
        help="real mode: divide every limit and wait by N (default: 1; reproduce: what the acts are for)",
    )
    seed: int = option(type=int, default=0, metavar="N", help="seed of ids and tokens (default: 0)")
    target: str = option(
        default="reference",
        metavar="NAME|URL",
        help="what to run against: see `firstbyte list targets` (default: reference)",
    )
    adapter: str = option(default="", metavar="FILE", help="how to speak to the server of a --target URL")
    json: str | None = _json("the results")
    html: Path | None = _HTML
    junit: str | None = option(metavar="FILE", help="write the results as JUnit XML")
    jobs: int = option(
        "-j", type=count, default=8, metavar="N", help="runs at once in real mode (default: 8)"
    )


class ReproduceOptions(RunningOptions, frozen=True, kw_only=True):
    """As of every command that runs scenarios."""

    edge: tuple[str, ...] = repeatable(
        metavar="NAME", help="behind this edge instead of the report's; repeatable"
    )


class RunOptions(RunningOptions, frozen=True, kw_only=True):
    """verbose: a picture for every run."""

    scenario: tuple[str, ...] = argument(
        nargs="*", help="suite, id, glob or file (default: all that come with firstbyte)"
    )
    edge: tuple[str, ...] = repeatable(
        metavar="NAME", help="behind this edge, or chain NAME,NAME, instead of the stated ones; repeatable"
    )
    shard: str | None = option(metavar="I/N", help="only part I of N")
    verbose: bool = flag("-v", help="a timeline picture for every run, not only for failures")


class ListOptions(CommandOptions, frozen=True, kw_only=True):
    """what: one of LISTS."""

    what: str = argument(choices=LISTS, help="what to list")
    json: bool = flag(help='as JSON: [{"id", "summary"}]')


class ShowOptions(CommandOptions, frozen=True, kw_only=True):
    """name: an id, or the path of a profile."""

    name: str = argument(help="an id from 'firstbyte list', or the path of a profile")


class ExplainOptions(CommandOptions, frozen=True, kw_only=True):
    """finding: its id."""

    finding: str = argument(help="an id from 'firstbyte list findings'")


class CheckOptions(CommandOptions, frozen=True, kw_only=True):
    """path: files and folders; none = all that come with firstbyte."""

    path: tuple[Path, ...] = argument(
        nargs="*", type=Path, help="TOML files or folders (default: all that comes with firstbyte)"
    )
    chain: str | None = option(
        metavar="EDGE,EDGE", help="warn of deadlines in the wrong order; the client's side first"
    )
    set: tuple[str, ...] = _SET
    strict: bool = flag(help="exit with 1 when there is a warning")
    json: str | None = option(metavar="FILE|-", help="with --chain: write the warnings as JSON")


class SchemaOptions(CommandOptions, frozen=True, kw_only=True):
    """name: one of SCHEMAS. write: the folder for all of them."""

    name: str = argument(nargs="?", default="", help=f"of which file: {', '.join(SCHEMAS)}")
    write: Path | None = option(
        type=Path, metavar="DIR", help="write all of them there instead, NAME.json each"
    )


class GridOptions(CommandOptions, frozen=True, kw_only=True):
    """real: products, none = all that this machine has."""

    real: tuple[str, ...] = repeatable(metavar="NAME", help="only this product; repeatable")
    shape: tuple[str, ...] = repeatable(metavar="NAME", help="only this shape; repeatable")
    emulated_only: bool = flag(help="the emulated side alone, in virtual time")
    time_scale: float = option(
        type=positive,
        default=GRID_TIME_SCALE,
        metavar="N",
        help=f"the real side: limits of 60 s divided by N (default: {GRID_TIME_SCALE:g})",
    )
    jobs: int = option("-j", type=count, default=48, metavar="N", help="cells at once (default: 48)")
    json: str | None = _json("the cells")
    html: Path | None = _HTML
    docs: Path | None = option(type=Path, metavar="DIR", help="write grid.md and grid.html there")


class SendstateOptions(CommandOptions, frozen=True, kw_only=True):
    """url: the server, or opencode@VERSION."""

    url: str = argument(
        metavar="URL|NAME",
        help="the server with the page, such as http://127.0.0.1:4096; or opencode@VERSION, which is started",
    )
    adapter: Path | None = option(
        type=Path, metavar="FILE", help="TOML: where things are on the page; needed for a URL"
    )
    rule: tuple[str, ...] = repeatable(metavar="ID", help="this rule only; repeatable")
    check_adapter: bool = flag(help="play no rule: say what each key of the adapter matches on the page")
    edge: str = _EDGE
    artefacts: Path = option(
        type=Path,
        default=Path("sendstate"),
        metavar="DIR",
        help="for each rule's picture, and a failure's trace and timeline (default: ./sendstate)",
    )
    storage_state: Path | None = option(
        type=Path, metavar="FILE", help="a Playwright storage state, for pages behind a login"
    )
    insecure_upstream: bool = flag(help="accept any certificate of an https server")
    html: Path | None = _HTML
    json: str | None = _json("the results")


class ProbeOptions(CommandOptions, frozen=True, kw_only=True):
    """Either method and url, or har. data: the body, or @ and a file's name. patience: how long to listen."""

    epilog = "exit code 1: an edge would cut the answer, or a finding says that it is a bug"
    method: str | None = argument(nargs="?", metavar="METHOD", help="GET, POST ...; sent once, never again")
    url: str | None = argument(nargs="?", metavar="URL", help="http:// or https://, of the server itself")
    data: str | None = option(metavar="TEXT|@FILE", help="the request's body, or a file that holds it")
    header: tuple[str, ...] = _HEADER
    har: Path | None = option(
        type=Path, metavar="FILE", help="predict for every entry of this file, send nothing"
    )
    edge: tuple[str, ...] = _ONE_EDGE
    patience: Duration = _patience("")
    insecure: bool = _INSECURE
    json: str | None = _json("all")
    html: Path | None = _HTML


class AuditOptions(CommandOptions, frozen=True, kw_only=True):
    """rate: the time between two requests. patience: how long to listen to one."""

    epilog = (
        "exit code 1: an edge would cut an operation, or a finding says that it is a bug; with --baseline "
        "only what its document does not have"
    )
    source: str = argument(
        metavar="OPENAPI_URL_OR_FILE", help="an OpenAPI 3 or Swagger 2 document, JSON or YAML"
    )
    server: str | None = option(metavar="URL", help="the server, when the document does not say which")
    unsafe: bool = flag(help="send POST, PUT, PATCH and DELETE too")
    include: tuple[str, ...] = repeatable(metavar="PATTERN", help="'/a/*' or 'GET /a/*'; repeatable")
    exclude: tuple[str, ...] = repeatable(metavar="PATTERN", help="the same, left out; repeatable")
    header: tuple[str, ...] = _HEADER
    param: tuple[str, ...] = repeatable(metavar="NAME=VALUE", help="for paths and queries; repeatable")
    repeat: int = option(
        type=count, default=1, metavar="N", help="send each N times, keep the worst (default: 1)"
    )
    rate: Duration = option(
        type=rate, default=Duration(0), metavar="N/s", help="no more requests than that: 5/s, 30/m"
    )
    jobs: int = option("-j", type=count, default=4, metavar="N", help="so many at once (default: 4)")
    patience: Duration = _patience(" to an operation")
    insecure: bool = _INSECURE
    edge: tuple[str, ...] = _ONE_EDGE
    baseline: Path | None = option(
        type=Path, metavar="FILE", help="an earlier --json: fail on what is new alone"
    )
    json: str | None = _json("all")
    html: Path | None = _HTML
    junit: str | None = option(metavar="FILE", help="write JUnit XML: a suite an edge, a case an operation")


class FixesOptions(CommandOptions, frozen=True, kw_only=True):
    """docs: the folder for the page."""

    edge: tuple[str, ...] = repeatable(metavar="NAME", help="only this edge, with evidence")
    fix: tuple[str, ...] = repeatable(metavar="NAME", help="only this fix; repeatable")
    real: bool = flag(help="measure on the real products now, not taking what was kept")
    record: bool = flag(help="with --real: keep it in fixes.json")
    time_scale: float = option(
        type=positive,
        default=FIXES_TIME_SCALE,
        metavar="N",
        help=f"of --real: limits and work divided by N (default: {FIXES_TIME_SCALE:g})",
    )
    json: str | None = _json("the cells")
    docs: Path | None = option(
        nargs="?", type=Path, const=Path("docs"), metavar="DIR", help=f"write {FIXES_PAGE} there"
    )


class DiffOptions(CommandOptions, frozen=True, kw_only=True):
    """before, after: result documents of the same command."""

    before: Path = argument(type=Path, metavar="A.json", help="results before, written by --json")
    after: Path = argument(type=Path, metavar="B.json", help="results after, of the same command")
    strict: bool = flag(help="exit with 1 for any change, not only for the worse")
    json: str | None = _json("the changes")


class MergeOptions(CommandOptions, frozen=True, kw_only=True):
    """file: the results of the shards."""

    file: tuple[Path, ...] = argument(
        nargs="+", type=Path, metavar="FILE", help="results of `firstbyte run --shard I/N --json FILE`"
    )
    json: str = option(
        default="-", metavar="FILE|-", help="where to write the whole (default: standard output)"
    )


class DemoOptions(CommandOptions, frozen=True, kw_only=True):
    """model_delay: a duration as text, for the server's own option."""

    open: bool = flag(help="open both pages in the browser")
    edge: str = _EDGE
    handler: str = option(
        default="stream-withheld",
        choices=handler_ids(),
        metavar="NAME",
        help="default: stream-withheld",
    )
    model_delay: str = option(type=duration_text, default="130s", metavar="DURATION", help="default: 130s")
    time_scale: float = option(
        type=positive, default=20.0, metavar="N", help="divide every time by N (default: 20)"
    )
