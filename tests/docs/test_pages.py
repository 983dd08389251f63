"""Every command of the documentation is typed, its files are written and read, the site has no warning."""

import io
import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import chdir, redirect_stderr, redirect_stdout
from pathlib import Path

import pytest
from mkdocs.commands.build import build
from mkdocs.config import load_config

from firstbyte.harness.cli import main
from tests import users_pytest
from tests.docs.pages import Block, blocks_of

ROOT = Path(__file__).resolve().parent.parent.parent
PAGES = [ROOT / "docs" / "index.md", *sorted((ROOT / "docs" / "how-to").glob("*.md"))]
TYPED_ELSEWHERE = "machines"
"""A block with this word: tests/benchmarks/load/test_two_workers.py types it."""
MADE_ELSEWHERE = ("make ", "pip ")
"""What a test does not type: it would set this repository up again."""
PATIENCE = 20.0


class Reader:
    """Somebody who types what a page says, in a folder of their own, with ports of their own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._servers: list[subprocess.Popen[bytes]] = []
        self._ports: dict[str, str] = {}
        self._heard = ""
        scripts = str(Path(sys.executable).parent)
        self._environment = {
            **os.environ,
            "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}",
            "COLUMNS": "80",
            **users_pytest.ENVIRONMENT,
        }

    def __repr__(self) -> str:
        return f"<Reader {len(self._servers)} servers>"

    def do(self, block: Block) -> None:
        """Write the file, type the lines, or find what was typed last say what the page shows of it."""
        if block.title:
            (self._folder / block.title).write_text(block.text, encoding="utf-8")
        elif block.language == "sh" and TYPED_ELSEWHERE not in block.words:
            for line in block.lines:
                self._type(re.sub(r"127\.0\.0\.1:(\d+)", self._own_port, line))
        elif not block.language:
            for shown in block.lines:
                assert re.search(r"\s+".join(map(re.escape, shown.split()[:2])), self._heard), shown

    def _own_port(self, match: re.Match[str]) -> str:
        if match[1] not in self._ports:
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                self._ports[match[1]] = str(free.getsockname()[1])
        return f"127.0.0.1:{self._ports[match[1]]}"

    def _type(self, line: str) -> None:
        if line.startswith(MADE_ELSEWHERE):
            return
        if line.endswith(" &"):
            self._start(line.removesuffix(" &"))
            return
        code, said = self._in_here(line) if self._is_plain(line) else self._in_a_shell(line)
        self._heard = said
        # 1: the verdict the page speaks of. Everything else would be a mistake of the page.
        assert code in (0, 1), f"{line}\n{said}"
        assert said or ">" in line or line.startswith("cp "), line

    @staticmethod
    def _is_plain(line: str) -> bool:
        """One of our commands and nothing of the shell's; a browser wants a process of its own."""
        return line.startswith("firstbyte ") and not {">", "|", "sendstate"} & set(shlex.split(line))

    def _in_here(self, line: str) -> tuple[int, str]:
        heard = io.StringIO()
        with chdir(self._folder), redirect_stdout(heard), redirect_stderr(heard):
            return main(shlex.split(line)[1:]), heard.getvalue()

    def _in_a_shell(self, line: str) -> tuple[int, str]:
        done = subprocess.run(
            ["sh", "-c", line],
            cwd=self._folder,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    def _start(self, line: str) -> None:
        words = shlex.split(line)
        port = int(words[words.index("--listen") + 1].rpartition(":")[2])
        self._servers.append(
            subprocess.Popen(words, cwd=self._folder, env=self._environment, stderr=subprocess.PIPE)
        )
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return
            assert self._servers[-1].poll() is None, f"{line}: ended at once"
        pytest.fail(f"{line}: does not listen after {PATIENCE:g} s")

    def stop(self) -> None:
        """End what was started, the last one first."""
        for server in reversed(self._servers):
            server.send_signal(signal.SIGINT)
            server.communicate(timeout=PATIENCE)


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    """Somebody in an empty folder."""
    (tmp_path / "benchmarks").symlink_to(ROOT / "benchmarks")
    one = Reader(tmp_path)
    yield one
    one.stop()


@pytest.mark.real
@pytest.mark.programs
@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_every_command_of_a_page_works_in_the_order_of_the_page(
    path: Path, reader: Reader, request: pytest.FixtureRequest
) -> None:
    blocks = blocks_of(path)
    assert any(block.language == "sh" for block in blocks)
    for block in blocks:
        if "browser" in block.words:
            request.getfixturevalue("chromium")
        reader.do(block)


def test_what_is_made_elsewhere_is_there(root: Path) -> None:
    targets = re.findall(r"^([a-z-]+):", (root / "Makefile").read_text(), re.M)
    extras = re.findall(r"^(\w+) = \[", (root / "pyproject.toml").read_text(), re.M)
    texts = "\n".join(path.read_text() for path in [*PAGES, root / "README.md", root / "CONTRIBUTING.md"])
    typed = re.findall(r"^make ([a-z-]+)", texts, re.M)
    assert typed
    assert set(typed) <= set(targets)
    assert set(re.findall(r"firstbyte\[(\w+)\]", texts)) <= set(extras)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built documentation; strict, so a warning fails it."""
    folder = tmp_path_factory.mktemp("site")
    os.environ["NO_MKDOCS_2_WARNING"] = "1"
    build(load_config(str(ROOT / "mkdocs.yml"), site_dir=str(folder), strict=True))
    return folder


def test_the_site_is_built_without_a_warning_and_asks_nothing_of_the_network(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert len(pages) > 15
    for page in pages:
        loaded = re.findall(
            r'<(?:script|link|img)[^>]+(?:src|href)="(https?:)?//', page.read_text(encoding="utf-8")
        )
        assert loaded == [], page.name


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("commands", "firstbyte sendstate"),
        ("commands", "--save-flows"),
        ("findings", "resent-with-new-id"),
        ("edges", "cloudflare-enterprise"),
        ("profile", "first-byte-read"),
        ("scenario", "kill-origin"),
    ],
)
def test_the_reference_has_what_code_and_data_have(site: Path, name: str, words: str) -> None:
    assert words in (site / "reference" / f"{name}.html").read_text(encoding="utf-8")


def test_the_terminal_pictures_show_what_the_terminal_shows(
    root: Path, tmp_path: Path, load_make: Callable[[str], object]
) -> None:
    pictures = load_make("pictures")
    made = pictures.terminal_pictures(pictures.acts())  # type: ignore[attr-defined] # a program, not a package
    for name, text in made.items():
        assert (root / "docs" / "images" / f"{name}.svg").read_text(encoding="utf-8") == text, (
            "run `make pictures`"
        )


def test_the_browser_pictures_show_the_page_as_it_is_now(
    root: Path, load_make: Callable[[str], object]
) -> None:
    pictures = load_make("pictures")
    kept = json.loads((root / "docs" / "images" / "made-of.json").read_text(encoding="utf-8"))
    assert kept == pictures.digests(pictures.screen_site()), "run `make pictures`"  # type: ignore[attr-defined] # a program
    assert all((root / "docs" / "images" / f"{name}.png").exists() for name in kept)


def test_every_picture_is_made_by_a_program_or_said_not_to_be(
    root: Path, load_make: Callable[[str], object]
) -> None:
    pictures = load_make("pictures")
    terminal = pictures.terminal_pictures(pictures.acts())  # type: ignore[attr-defined] # a program, not a package
    screens = json.loads((root / "docs" / "images" / "made-of.json").read_text(encoding="utf-8"))
    made = {f"{name}.svg" for name in terminal} | {f"{name}.png" for name in screens}
    found = {path.name for path in (root / "docs" / "images").iterdir()}
    opencode = {name for name in found if name.startswith("opencode-")}  # tests/ui/test_opencode_page.py
    # benchmarks.svg is of `make bench`; idea.svg is drawn by hand and has no figure of a run in it.
    assert found == made | opencode | {"made-of.json", "benchmarks.svg", "idea.svg"}


@pytest.fixture
def load_make(root: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], object]:
    """Imports a program of .make."""
    monkeypatch.syspath_prepend(str(root / ".make"))

    def load(name: str) -> object:
        __import__(name)
        return sys.modules[name]

    return load
