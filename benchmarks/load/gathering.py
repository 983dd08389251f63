"""Brings what the users of all processes were told to the one that joins it: the master, or the only one.

No report is lost silently, because each worker says at its end how many there were.
"""

import logging
from collections.abc import Callable, Iterable
from typing import Any

import gevent  # type: ignore[import-untyped] # it has no types
from locust.env import Environment
from locust.rpc.protocol import Message
from locust.runners import STATE_MISSING, MasterRunner, WorkerRunner

from benchmarks.load.intent import Intent, packed, unpacked
from firstbyte.harness.problems import SetupFailed

FINISH = "firstbyte-finish"
"""To workers: let your users end what they are at, then say what is left to say."""
DONE = "firstbyte-done"
REPORTS = "firstbyte"
"""The key in Locust's own reports, every three seconds."""
GRACE = 60
"""Seconds beyond the time that users may take, as Locust gives its workers."""
STEP = 0.05
log = logging.getLogger("firstbyte")


class Reporter:
    """In a process with users: what they were told and nobody has been told yet."""

    def __init__(self) -> None:
        self._waiting: list[Intent] = []
        self._made = 0

    def __repr__(self) -> str:
        return f"<Reporter {len(self._waiting)} of {self._made} waiting>"

    def begin(self) -> None:
        """A new test: nothing has happened."""
        self._waiting, self._made = [], 0

    def add(self, intent: Intent) -> None:
        """One more."""
        self._waiting.append(intent)
        self._made += 1

    def take(self) -> list[Intent]:
        """What has not been taken yet."""
        taken, self._waiting = self._waiting, []
        return taken

    def serve(self, runner: WorkerRunner) -> None:
        """Report to the master, with Locust's reports and when told to finish."""

        def report(client_id: str, data: dict[str, Any]) -> None:
            data[REPORTS] = packed(self.take())

        def finish(environment: Environment, msg: Message) -> None:
            runner.stop()
            runner.send_message(DONE, {REPORTS: packed(self.take()), "made": self._made})

        runner.environment.events.report_to_master.add_listener(report)
        runner.register_message(FINISH, finish, concurrent=True)


class Gathering:
    """At the master: what all workers have reported."""

    def __init__(self) -> None:
        self._told: dict[str, list[Intent]] = {}
        self._made: dict[str, int] = {}

    def __repr__(self) -> str:
        return f"<Gathering {len(self.intents)} intents of {len(self._told)} workers>"

    @property
    def intents(self) -> list[Intent]:
        """Of all of them."""
        return [intent for told in self._told.values() for intent in told]

    def begin(self, workers: Iterable[str] = ()) -> None:
        """A new test: nothing has happened. workers: ids of those that are there; each has a last word."""
        self._told, self._made = {id_: [] for id_ in workers}, {}

    def serve(self, runner: MasterRunner) -> None:
        """Take every report, of workers that come later too."""

        def connected(client_id: str, **_: object) -> None:
            self._told.setdefault(client_id, [])

        def reported(client_id: str, data: dict[str, Any]) -> None:
            self._take(client_id, data)

        def done(environment: Environment, msg: Message) -> None:
            self._take(msg.node_id, msg.data)
            self._made[msg.node_id] = msg.data["made"]

        runner.environment.events.worker_connect.add_listener(connected)
        runner.environment.events.worker_report.add_listener(reported)
        runner.register_message(DONE, done)

    def _take(self, client_id: str, data: dict[str, Any]) -> None:
        self._told.setdefault(client_id, []).extend(unpacked(data.get(REPORTS, [])))

    def finish(self, runner: MasterRunner, now: Callable[[], float]) -> None:
        """Let every worker's users end, and wait for the last report of each."""
        runner.send_message(FINISH)
        until = now() + runner.environment.stop_timeout + GRACE
        while not self._made.keys() >= set(workers_of(runner)) and now() < until:
            gevent.sleep(STEP)

    def check(self) -> None:
        """Every worker has said its last word, and nothing got lost. Raises SetupFailed."""
        for id_, told in self._told.items():
            if id_ not in self._made:
                raise SetupFailed(
                    f"worker {id_} is gone, and with it what its users were told: the counts lack it"
                )
            if self._made[id_] != len(told):
                raise SetupFailed(
                    f"worker {id_} had {self._made[id_]} intents, {len(told)} of them came: run again"
                )


def workers_of(runner: MasterRunner) -> list[str]:
    """The ids of the workers that are there."""
    return [one.id for one in runner.clients.all if one.state != STATE_MISSING]
