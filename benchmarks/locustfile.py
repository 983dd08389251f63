"""A load test with Locust: how many users are told that a send failed although it happened.

`locust -f benchmarks/locustfile.py --headless -u 20 -t 60s`; docs/how-to/load.md says the rest. A launcher
and the users: what is counted is in benchmarks/load. Only Locust's processes import it.
"""

import os
import sys
from pathlib import Path

sys.path.append(os.fspath(Path(__file__).resolve().parent.parent))

import secrets
import time
from typing import Any

from locust import HttpUser, events, task
from locust.env import Environment

from benchmarks.load.intent import Attempt, Intent
from benchmarks.load.run import LoadRun
from benchmarks.load.sending import attempt
from benchmarks.load.settings import EDGE, Settings, add_settings
from firstbyte.harness.client.operations import IdMint
from firstbyte.harness.model.verdict import End

RUN = LoadRun()
MINT = IdMint(lambda: time.time_ns() // 1_000_000, lambda length: secrets.token_hex(length)[:length])


def _add_arguments(parser: Any) -> None:
    add_settings(parser.add_argument_group("firstbyte"))


def _begin(environment: Environment, **_others: object) -> None:
    RUN.attach(environment)


class Sender(HttpUser):
    """Sends each thing once, and believes what they are told."""

    host = EDGE
    session = ""

    @property
    def settings(self) -> Settings:
        """The run's."""
        return RUN.settings

    def on_start(self) -> None:
        """A session of their own, made past the edge."""
        self.client.trust_env = False  # a proxy of the machine is no part of the exchange
        self.session = RUN.origin.create_session() or f"firstbyte-{secrets.token_hex(8)}"

    def wait_time(self) -> float:
        """Seconds between two intents."""
        return self.settings.pause / 1e6

    @property
    def most(self) -> int:
        """How many attempts an intent is worth to them."""
        return 1

    @task
    def send(self) -> None:
        """One intent, from its first attempt to the last word that the user hears of it."""
        text = f"load {secrets.token_hex(16)}"
        attempts: list[Attempt] = []
        is_cut = True
        try:
            message = MINT.new().message
            while len(attempts) < self.most:
                attempts.append(self._attempt(text, message))
                if attempts[-1].is_ok:
                    break
                message = message if self.settings.same_ids else MINT.new().message
            is_cut = False
        finally:  # also when Locust takes the user away in the middle of it
            told = tuple(attempts) or (Attempt(status=None, end=End.OPEN, took=0),)
            RUN.reporter.add(Intent(text=text, session=self.session, attempts=told, cut=is_cut))

    def _attempt(self, text: str, message: str) -> Attempt:
        values = {"session": self.session, "text": text, "message": message}
        return attempt(self.client, RUN.origin.file, values, self.settings.patience)


class RetryingSender(Sender):
    """Sends again what they are told has failed: --resends times."""

    @property
    def most(self) -> int:
        return 1 + self.settings.resends


events.init_command_line_parser.add_listener(_add_arguments)
events.init.add_listener(_begin)
