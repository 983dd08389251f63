"""One load run in one of its processes: what Locust's events mean for it, and the join at the end.

A failed request does not decide the exit code, only what the user was told and what the server has.
"""

import json
import logging
import time
from pathlib import Path

import gevent  # type: ignore[import-untyped] # it has no types
from locust import stats
from locust.env import Environment
from locust.runners import MasterRunner, WorkerRunner

from benchmarks.load.gathering import Gathering, Reporter, workers_of
from benchmarks.load.intent import Intent
from benchmarks.load.sending import Origin
from benchmarks.load.settings import Settings, settings_of
from benchmarks.load.tally import Tally, tally
from benchmarks.load.truth import Watch, held_texts
from firstbyte.harness.model.verdict import MEANING, Verdict
from firstbyte.harness.problems import Problem, SetupFailed
from firstbyte.harness.targets.server_file import load_server

KIND = "verdict"
"""In the column `Type` of Locust's table."""
PATIENCE_AT_THE_END = 150.0
"""Seconds in which users may end what they are at, if --stop-timeout says nothing."""
log = logging.getLogger("firstbyte")


class LoadRun:
    """A process of the run: settings and origin are there from the test's start on."""

    def __init__(self) -> None:
        self.reporter = Reporter()
        self._gathering = Gathering()
        self._is_joined = True
        self._settings: Settings | None = None
        self._origin: Origin | None = None

    def __repr__(self) -> str:
        return f"<LoadRun {self.reporter}>"

    @property
    def settings(self) -> Settings:
        """What the run was told."""
        assert self._settings is not None, "the test has not started"
        return self._settings

    @property
    def origin(self) -> Origin:
        """The server past the edge."""
        assert self._origin is not None, "the test has not started"
        return self._origin

    def attach(self, environment: Environment) -> None:
        """Listen to Locust. A mistake in the input ends the process with code 2."""
        runner, events = environment.runner, environment.events
        # Loading took seconds that gevent's loop has not noticed: --run-time would have begun before them.
        gevent.get_hub().loop.update_now()
        if isinstance(runner, WorkerRunner):
            self.reporter.serve(runner)
            events.test_start.add_listener(self._read)
            events.quitting.add_listener(lambda environment, **_: runner.stop())
            return
        if not environment.stop_timeout:
            environment.stop_timeout = PATIENCE_AT_THE_END
        try:
            self._read(environment)
        except Problem as problem:
            log.error("%s", problem)
            raise SystemExit(problem.exit_code) from None
        if isinstance(runner, MasterRunner):
            self._gathering.serve(runner)
            events.test_stopping.add_listener(
                lambda environment: self._gathering.finish(runner, time.monotonic)
            )
        events.test_start.add_listener(self._start)
        events.test_stop.add_listener(self._stop)
        events.quitting.add_listener(self._quit)

    def _read(self, environment: Environment) -> None:
        assert environment.parsed_options is not None
        self._settings = settings_of(environment.parsed_options)
        self._origin = Origin(self._settings.origin, load_server(self._settings.adapter))
        self.reporter.begin()

    def _start(self, environment: Environment) -> None:
        self._read(environment)
        runner = environment.runner
        self._gathering.begin(workers_of(runner) if isinstance(runner, MasterRunner) else ())
        self._is_joined = False

    def _stop(self, environment: Environment) -> None:
        """The users have ended: join, and show."""
        self._is_joined = True
        try:
            found = self._join(environment)
        except Problem as problem:
            log.error("%s", problem)
            environment.process_exit_code = problem.exit_code
            return
        log.info("%s", found.summary())
        _show(environment, found)
        self._write(found)
        environment.process_exit_code = 1 if found.refused(self.settings.allowed) else 0

    def _quit(self, environment: Environment, **_others: object) -> None:
        """Ctrl-C comes here before the users have ended, and the exit code is read right after."""
        if not self._is_joined and environment.runner is not None:
            environment.runner.stop()

    def _join(self, environment: Environment) -> Tally:
        self._gathering.check()
        intents = self._gathering.intents or self.reporter.take()
        _check(environment, intents)
        sessions = {intent.session for intent in intents}
        watch = Watch(time.monotonic, gevent.sleep)
        return tally(intents, held_texts(self.origin.file, sessions, self.origin.read, watch))

    def _write(self, found: Tally) -> None:
        if self.settings.verdicts:
            text = json.dumps(found.document(), indent=1, ensure_ascii=False)
            Path(self.settings.verdicts).write_text(text + "\n", encoding="utf-8")


def _check(environment: Environment, intents: list[Intent]) -> None:
    assert environment.runner is not None
    if environment.runner.exceptions:
        raise SetupFailed(
            "users ended with an exception, shown below: their sends are missing, so nothing is counted"
        )
    if not any(not intent.cut for intent in intents):
        raise SetupFailed("no send came to its end: give --run-time more than one answer takes")


def _show(environment: Environment, found: Tally) -> None:
    """Rows of Locust's table, CSV, JSON and page. They stay out of its total: a verdict is no request."""
    table = environment.stats
    for one in found.judged:
        if one.verdict is None:
            continue
        row = table.entries[(str(one.verdict), KIND)]
        row.log(round(one.intent.took), 0)
        if not one.verdict.is_good:
            _log_failure(table, row, one.verdict)
    if environment.parsed_options is not None and environment.parsed_options.csv_prefix:
        gevent.sleep(
            2 * stats.CSV_STATS_INTERVAL_SEC
        )  # its writer looks at the table so often, and not at the end


def _log_failure(table: stats.RequestStats, row: stats.StatsEntry, verdict: Verdict) -> None:
    text = MEANING[verdict]
    row.log_error(text)
    key = stats.StatsError.create_key(KIND, str(verdict), text)
    failure = table.errors.setdefault(key, stats.StatsError(KIND, str(verdict), text))
    failure.occurred()
