"""The operations of a document, each with one input made by schemathesis, and which of them are to be sent.

The only module that knows schemathesis: it comes with firstbyte[audit], and is loaded when it is used.
"""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

import msgspec

from firstbyte.harness.audit.source import Source
from firstbyte.harness.probe.address import read_address
from firstbyte.harness.probe.record import Question
from firstbyte.harness.problems import BadInput, MissingTool, did_you_mean

SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
"""RFC 9110 9.2.1: what asks for no change."""
NO_SCHEMATHESIS = (
    "audit: its inputs are made by schemathesis, which is not installed; pip install 'firstbyte[audit]'"
)
#: What the library puts on its own requests, and what the recorder frames itself.
_ITS_OWN = frozenset(
    {"user-agent", "accept-encoding", "connection", "x-schemathesis-testcaseid", "content-length"}
)


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """One method of one path. question None: it can't be or must not be sent, and `problem` says why."""

    method: str
    path: str
    question: Question | None = None
    problem: str = ""

    @property
    def label(self) -> str:
        """`GET /session/{id}`."""
        return f"{self.method} {self.path}"


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """Which operations, and what goes with them. include and exclude: patterns for `GET /path` or `/path`.

    params: fixed values for path and query parameters by name.
    """

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    unsafe: bool = False
    headers: tuple[tuple[str, str], ...] = ()
    params: Mapping[str, str] = {}


def operations_of(source: Source, choice: Choice) -> tuple[Operation, ...]:
    """All that were chosen, in the document's order. MissingTool without schemathesis."""
    try:
        import hypothesis.configuration  # noqa: PLC0415 - a second of loading, for this command alone
        import schemathesis  # noqa: F401, PLC0415 - whether it is there
    except ImportError as error:
        raise MissingTool(NO_SCHEMATHESIS) from error

    with tempfile.TemporaryDirectory(prefix="firstbyte-audit-") as folder:
        # It would leave its tables in the user's folder otherwise.
        hypothesis.configuration.set_hypothesis_home_dir(folder)
        try:
            found = _all_operations(source)
            return tuple(_chosen(found, source, choice))
        finally:
            hypothesis.configuration.set_hypothesis_home_dir(None)


def _all_operations(source: Source) -> list[Any]:
    import schemathesis  # noqa: PLC0415
    from schemathesis.config import SchemathesisConfig  # noqa: PLC0415

    try:
        # A configuration of its own: one that lies in the folder is for the user's other tests.
        schema = schemathesis.openapi.from_dict(source.document, config=SchemathesisConfig())
        return list(schema.get_all_operations())
    except _unusable() as error:
        raise BadInput(f"{source.name}: can't be used: {_first_line(error)}; correct it") from error


def _chosen(found: Sequence[Any], source: Source, choice: Choice) -> Iterator[Operation]:
    labels = [_label(one) for one in found]
    _check_patterns(choice, labels)
    seen: set[str] = set()
    for result, label in zip(found, labels, strict=True):
        if not _is_chosen(label, choice) or label in seen:
            continue
        seen.add(label)
        yield _operation(result, label, source, choice)


def _label(result: Any) -> str:
    """Of an operation, or of the error that stands for one."""
    one = result.ok() if hasattr(result, "ok") else result.err()
    method, path = getattr(one, "method", None), getattr(one, "path", None)
    return f"{str(method or '?').upper()} {path or '?'}"


def _check_patterns(choice: Choice, labels: Sequence[str]) -> None:
    for option, patterns in (("--include", choice.include), ("--exclude", choice.exclude)):
        for pattern in patterns:
            if not any(_fits(label, pattern) for label in labels):
                raise BadInput(f"{option} '{pattern}': no operation fits it{did_you_mean(pattern, labels)}")


def _is_chosen(label: str, choice: Choice) -> bool:
    is_in = not choice.include or any(_fits(label, pattern) for pattern in choice.include)
    return is_in and not any(_fits(label, pattern) for pattern in choice.exclude)


def _fits(label: str, pattern: str) -> bool:
    return fnmatchcase(label, pattern) or fnmatchcase(label.partition(" ")[2], pattern)


def _operation(result: Any, label: str, source: Source, choice: Choice) -> Operation:
    method, _, path = label.partition(" ")
    if method not in SAFE and not choice.unsafe:
        return Operation(
            method=method, path=path, problem="not sent: it may change something; --unsafe sends it"
        )
    try:
        if not hasattr(result, "ok"):
            raise result.err()
        case = _one_case(result.ok())
        return Operation(method=method, path=path, question=_question(case, source, choice))
    except _unusable() as error:
        return Operation(method=method, path=path, problem=f"not sent: no input for it: {_first_line(error)}")


def _one_case(operation: Any) -> Any:
    """The document's own example if it has one, else the simplest valid input; the same in each run."""
    from hypothesis import HealthCheck, Phase, given, settings  # noqa: PLC0415
    from schemathesis import GenerationMode  # noqa: PLC0415

    examples = operation.get_strategies_from_examples()
    strategy = examples[0] if examples else operation.as_strategy(generation_mode=GenerationMode.POSITIVE)
    made: list[Any] = []

    @settings(
        max_examples=1,
        database=None,
        derandomize=True,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def take(case: Any) -> None:
        made.append(case)

    take()
    return made[0]


def _question(case: Any, source: Source, choice: Choice) -> Question:
    import requests  # noqa: PLC0415 - what schemathesis sends with

    for name, value in choice.params.items():
        for container in (case.path_parameters, case.query):
            if name in container:
                container[name] = value
    wanted = case.as_transport_kwargs(base_url=source.server)
    known = ("method", "url", "headers", "params", "data", "json", "cookies", "files")
    ready = requests.Request(**{key: wanted[key] for key in known if key in wanted}).prepare()
    body = ready.body or b""
    if not isinstance(body, bytes | str):
        raise ValueError("its body is a stream")
    given = {name.lower() for name, _ in choice.headers}
    dropped = _ITS_OWN | given
    kept = [(str(name), str(value)) for name, value in ready.headers.items() if name.lower() not in dropped]
    return Question(
        method=str(ready.method),
        path=read_address(str(ready.url), verify=False).path,
        headers=(*kept, *choice.headers),
        body=body.encode() if isinstance(body, str) else body,
    )


def _unusable() -> tuple[type[Exception], ...]:
    """What a document that is wrong somewhere inside makes the library raise."""
    return (BadInput, UnicodeError, ValueError, TypeError, AttributeError, *_schema_errors())


def _schema_errors() -> tuple[type[Exception], ...]:
    from hypothesis.errors import HypothesisException  # noqa: PLC0415
    from requests.exceptions import RequestException  # noqa: PLC0415
    from schemathesis.core.errors import SchemathesisError  # noqa: PLC0415

    return (SchemathesisError, HypothesisException, RequestException, RecursionError, LookupError)


def _first_line(error: BaseException) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
