"""A user's own server as a target, which an adapter file describes (see server_file.py).

What the server says that it has stored is the truth. What it does not report, such as the arrival of a
request or the calls of a model, must never be inferred. The server and its answers are never changed.
"""

import asyncio
import shutil
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from firstbyte.harness.client.ask import AskReply
from firstbyte.harness.clock import monotonic_ns, monotonic_of_unix
from firstbyte.harness.model.scenario import (
    KillOrigin,
    Operation,
    RestartOrigin,
    Scenario,
    Send,
    ServerOrigin,
    Step,
)
from firstbyte.harness.origin.account import Account, Entry, StoredMessage
from firstbyte.harness.problems import BadInput, MissingTool, SetupFailed
from firstbyte.harness.targets.child_origin import ChildOrigin
from firstbyte.harness.targets.program import start_program
from firstbyte.harness.targets.server_file import ServerFile, Start, fill, load_server, scales, takes_ids
from firstbyte.harness.targets.server_talk import (
    GOOD,
    FileTalk,
    ServerMessage,
    ask_server,
    document_of,
    read_messages,
)
from firstbyte.harness.targets.target import LOOPBACK, Job, Origin, Talk

MILLISECONDS = 10**11
"""Unix seconds are less than this until the year 5138, milliseconds have been more since 1973."""


class OwnServer:
    """A server with its adapter file. url: '' = the server is started for each run."""

    is_ours = False

    def __init__(self, name: str, path: Path, url: str) -> None:
        self.name = name
        self.file = load_server(path)
        self.summary = self.file.name
        self.keeps_scale = not scales(self.file)
        self._folder = path.resolve().parent
        self._url = url or self.file.url
        if not (self._url or self.file.start):
            raise BadInput(f"{path}: no url and no [start]: say where the server is, or give --target URL")
        self._address = address_of(self._url) if self._url else None

    def __repr__(self) -> str:
        return f"<OwnServer {self.name}>"

    def require(self) -> None:
        """Raise MissingTool if the program that starts it is missing."""
        if self._address is None:
            self._program()

    def versions(self) -> dict[str, str]:
        """Return its name in the adapter file."""
        return {"server": self.file.name}

    def refusal(self, scenario: Scenario) -> str:
        """Refuse scripted answers, and kills of a server that is not started here."""
        is_bare = any(
            isinstance(step, Send) and step.operation is Operation.REQUEST for step in scenario.step
        )
        if is_bare or not isinstance(scenario.origin, ServerOrigin):
            return "it answers in its own way, not with a scripted wire shape"
        kills = any(isinstance(step, KillOrigin | RestartOrigin) for step in scenario.step)
        if kills and self._address is not None:
            return "the scenario kills the server; for that firstbyte has to start it: [start] and no URL"
        return ""

    def expects(self, _scenario: Scenario) -> bool:
        """Always false: the expectations are those of the reference server's handlers."""
        return False

    def play(self, scenario: Scenario) -> Scenario:
        """Return the script without the handlers, operations and settings of the reference server."""
        steps = tuple(self._plain(step) for step in scenario.step)
        return msgspec.structs.replace(scenario, origin=ServerOrigin(), step=steps)

    def _plain(self, step: Step) -> Step:
        if not isinstance(step, Send):
            return step
        ids = step.ids if takes_ids(self.file) else "none"
        return msgspec.structs.replace(
            step, ids=ids, handler="", operation=Operation.PROMPT_ASYNC, headers=()
        )

    def _program(self) -> str:
        assert self.file.start is not None
        word = self.file.start.command[0]
        found = (
            shutil.which(word, path=self._folder) if "/" not in word else shutil.which(self._folder / word)
        )
        found = found or shutil.which(word)
        if found is None:
            raise MissingTool(
                f"{self.name}: start.command: there is no '{word}'; install it, or name its path"
            )
        return found

    async def start(self, job: Job) -> Origin:
        """Start the server, or use the one that is running."""
        start = self.file.start
        if self._address is not None or start is None:
            assert self._address is not None
            return RunningOrigin(self.file, self._address)
        command = (self._program(), *start.command[1:])
        started = StartedOrigin(self.file, job, msgspec.structs.replace(start, command=command))
        if start.copy:
            await asyncio.to_thread(shutil.copytree, self._folder / start.copy, started.place)
        else:
            await asyncio.to_thread(started.place.mkdir)
        await started.restart()
        return started


class RunningOrigin:
    """A server that was running before. It is never killed or stopped."""

    def __init__(self, file: ServerFile, address: tuple[str, int]) -> None:
        self._file = file
        self._address = address
        self._talk = FileTalk(file)
        self._last: tuple[bytes, ...] = ()
        self._changed_ns = monotonic_ns()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._file.name} at {self.address[0]}:{self.address[1]}>"

    @property
    def talk(self) -> Talk:
        """The client that the adapter file describes."""
        return self._talk

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens."""
        return self._address

    @property
    def is_running(self) -> bool:
        """Always true, as far as we know."""
        return True

    @property
    def pids(self) -> tuple[int, ...]:
        """Empty: we started none of its processes."""
        return ()

    @property
    def is_lost(self) -> bool:
        """Never true: if the server ends, that is its own failure."""
        return False

    async def account(self) -> Account:
        """Return what it has stored. It counts as busy until that has not changed for the time `quiet`."""
        truth = self._file.truth
        replies = [await self._truth(session) for session in self._talk.sessions]
        bodies = tuple(reply.body for reply in replies)
        now = monotonic_ns()
        if bodies != self._last:
            self._last, self._changed_ns = bodies, now
        entries: list[Entry] = []
        messages: list[StoredMessage] = []
        for reply in replies:
            for one in read_messages(document_of(reply), truth):
                role, intent = ("user", one.text) if one.is_mine else ("assistant", None)
                messages.append(StoredMessage(id=one.id, role=role, intent=intent))
                if one.is_mine:
                    entries += self._entries(one, messages)
        busy = int((now - self._changed_ns) / 1_000 < truth.quiet)
        return Account(events=tuple(entries), messages=tuple(messages), busy=busy, tells_arrivals=False)

    def _entries(self, found: ServerMessage, before: list[StoredMessage]) -> list[Entry]:
        """Return the entries of a message. The first message with a text belongs to the first send of it."""
        same = sum(1 for one in before if one.intent == found.text)
        numbers = [number for number, sent in self._talk.sent if sent == found.text]
        if found.at is None or not numbers:
            return []
        number = numbers[min(same, len(numbers)) - 1]
        unit = 1_000 if found.at > MILLISECONDS else 1_000_000
        at_us = round(found.at * unit) + monotonic_of_unix()
        return [
            Entry(at_us=at_us, event=event, request=number, intent=found.text, message=found.id)
            for event in ("arrived", "persisted")
        ]

    async def _truth(self, session: str) -> AskReply:
        headers = {name: fill(text, {}) for name, text in self._file.truth.headers.items()}
        path = self._talk.reading(session)
        reply = await ask_server(self.address, "GET", path, b"", headers)
        if reply.status not in GOOD:
            raise SetupFailed(f"truth.path: GET {path} gave {reply.status}")
        return reply

    async def kill(self) -> None:
        """Raise an error. `refusal` prevents scenarios that would need it."""
        raise SetupFailed("a server that was not started here is not killed")

    async def restart(self) -> None:
        """Do nothing: the server was never stopped."""

    async def stop(self) -> None:
        """Do nothing: the server keeps running."""


class StartedOrigin(ChildOrigin, RunningOrigin):
    """A server that is started for one run, in a folder of its own."""

    def __init__(self, file: ServerFile, job: Job, start: Start) -> None:
        RunningOrigin.__init__(self, file, (LOOPBACK, 0))
        self.place = job.folder / "server"
        self._job = job
        self._start = start

    async def restart(self) -> None:
        """Start it in the same folder and on the same port."""
        scale = self._job.time_scale
        environment = {name: fill(text, {}, scale=scale) for name, text in self._start.environment.items()}
        self._child = await start_program(
            "origin",
            lambda port: [fill(word, {"port": str(port)}, scale=scale) for word in self._start.command],
            folder=self._job.folder,
            ready=self._start.ready,
            environment=environment,
            port=self.address[1],
            cwd=self.place,
        )


def address_of(url: str) -> tuple[str, int]:
    """Return host and port of an http URL. Raises BadInput for anything else."""
    parts = urlsplit(url)
    try:
        port = parts.port or 80
    except ValueError as error:
        raise BadInput(f"--target: '{url}': {error}") from error
    if parts.scheme != "http" or not parts.hostname:
        raise BadInput(f"--target: '{url}' is no http:// URL; firstbyte speaks to the server behind its TLS")
    if parts.path.strip("/") or parts.query:
        raise BadInput(f"--target: '{url}': leave the path out; paths are in the adapter")
    return parts.hostname, port
