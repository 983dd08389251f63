"""A full disk: one line with place, reason and cure, and what was there stays as it was."""

import http.client
import json
import resource
import shutil
import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.chaos.disk import PLACE, Disk
from tests.hygiene.lab import Session

pytestmark = [pytest.mark.real, pytest.mark.slow]

SERVE = ("serve", "--listen", "127.0.0.1:0", "--data", f"{PLACE}/data")
MOST_SENT, FILLED_AFTER = 1_000, 10
OLD = b'{"old": true}'


@pytest.fixture
def disk() -> Iterator[Disk]:
    with Disk("4m") as disk:
        yield disk


def post(port: int, path: str, document: object) -> tuple[int, bytes]:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        connection.request("POST", path, json.dumps(document), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        return answer.status, answer.read()


def sent_until_refused(port: int, session: str, disk: Disk) -> Iterator[str]:
    """The texts of the prompts that were accepted; after some of them the disk has little room left."""
    for number in range(MOST_SENT):
        text = f"{number} " + "x" * 2_000
        prompt = {"noReply": True, "parts": [{"type": "text", "text": text}]}
        try:
            status, _ = post(port, f"/session/{session}/prompt_async", prompt)
        except (http.client.HTTPException, OSError):
            return
        assert status == 204
        yield text
        if number == FILLED_AFTER:
            disk.fill(spare=40_000)


def stored(disk: Disk, tmp: Path) -> tuple[str, list[str]]:
    """SQLite's word on the file, and the intents in it. Of a copy: SQLite would resolve /proc's link."""
    shutil.copytree(disk.path / "data", tmp / "copy")
    with closing(sqlite3.connect(tmp / "copy" / "firstbyte.db")) as copy:
        rows = copy.execute("SELECT intent FROM message WHERE role = 'user'").fetchall()
        return copy.execute("PRAGMA integrity_check").fetchone()[0], [row[0] for row in rows]


def test_a_server_whose_disk_is_full_ends_and_has_all_it_accepted(disk: Disk, tmp_path: Path) -> None:
    with Session(tmp_path / "t", *SERVE, inside=disk.inside()) as session:
        port = int(json.loads(session.line())["ready"].rpartition(":")[2])
        created = json.loads(post(port, "/session", {})[1])["id"]
        accepted = list(sent_until_refused(port, created, disk))
        code = session.end()
    assert code == 3
    assert session.err.startswith(f"firstbyte serve: {PLACE}/data: can't be written any more: ")
    assert "Traceback" not in session.err
    integrity, durable = stored(disk, tmp_path)
    assert integrity == "ok"
    assert len(accepted) > FILLED_AFTER
    assert set(accepted) <= set(durable)


@pytest.mark.parametrize("option", ["--json", "--junit"])
def test_a_result_that_finds_no_room_leaves_the_old_one(option: str, disk: Disk, tmp_path: Path) -> None:
    (disk.path / "old").write_bytes(OLD)
    disk.fill()
    with Session(tmp_path / "t", "run", "act-1", option, f"{PLACE}/old", inside=disk.inside()) as session:
        assert session.end() == 2
    assert f"{option} {PLACE}/old: can't be written: No space left on device; " in session.err
    assert "Traceback" not in session.err
    assert sorted(path.name for path in disk.path.iterdir()) == ["filler", "old"]
    assert (disk.path / "old").read_bytes() == OLD


def test_a_page_that_finds_no_room_leaves_the_old_one(disk: Disk, tmp_path: Path) -> None:
    (disk.path / "site").mkdir()
    (disk.path / "site" / "index.html").write_bytes(OLD)
    disk.fill()
    words = ("run", "act-1", "--html", f"{PLACE}/site")
    with Session(tmp_path / "t", *words, inside=disk.inside()) as session:
        assert session.end() == 2
    last = f"firstbyte: --html {PLACE}/site/index.html: can't be written: No space left on device; "
    assert session.err.splitlines()[-1].startswith(last)
    assert "Traceback" not in session.err
    assert [path.name for path in (disk.path / "site").iterdir()] == ["index.html"]
    assert (disk.path / "site" / "index.html").read_bytes() == OLD


@pytest.mark.parametrize("option", ["--save-har", "--save-flows"])
def test_an_edge_that_finds_no_room_for_its_record_leaves_the_old_one(
    option: str, disk: Disk, tmp_path: Path
) -> None:
    (disk.path / "old").write_bytes(OLD)
    disk.fill()
    words = ("edge", "--profile", "nginx", "--upstream", "http://127.0.0.1:9", "--listen", "127.0.0.1:0")
    with Session(tmp_path / "t", *words, option, f"{PLACE}/old", inside=disk.inside()) as session:
        (port,) = session.listening(1)
        assert post(port, "/", {})[0] == 502
        session.signal(signal.SIGTERM)
        assert session.end() == 2
    assert f"{option} {PLACE}/old: can't be written: No space left on device; " in session.err
    assert "Traceback" not in session.err
    assert sorted(path.name for path in disk.path.iterdir()) == ["filler", "old"]
    assert (disk.path / "old").read_bytes() == OLD


def remove(session: Session, disk: Disk) -> None:
    shutil.rmtree(disk.path / "data")


def refuse_writes(session: Session, disk: Disk) -> None:
    """As a disk does that the kernel has made read-only: a mount with open files can't be made so by hand."""
    resource.prlimit(session.process.pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))


def test_a_server_whose_folder_is_removed_before_the_first_message_accepts_none(
    disk: Disk, tmp_path: Path
) -> None:
    with Session(tmp_path / "t", *SERVE, inside=disk.inside()) as session:
        port = int(json.loads(session.line())["ready"].rpartition(":")[2])
        remove(session, disk)
        with pytest.raises((http.client.HTTPException, OSError)):
            post(port, "/session", {})
        assert session.end() == 3


@pytest.mark.parametrize("take_away", [remove, refuse_writes])
def test_a_server_whose_folder_is_taken_away_ends_and_accepts_nothing_more(
    take_away: Callable[[Session, Disk], None], disk: Disk, tmp_path: Path
) -> None:
    with Session(tmp_path / "t", *SERVE, inside=disk.inside()) as session:
        port = int(json.loads(session.line())["ready"].rpartition(":")[2])
        created = json.loads(post(port, "/session", {})[1])["id"]
        prompt = {"noReply": True, "parts": [{"type": "text", "text": "hello"}]}
        assert post(port, f"/session/{created}/prompt_async", prompt)[0] == 204
        take_away(session, disk)
        with pytest.raises((http.client.HTTPException, OSError)):
            post(port, f"/session/{created}/prompt_async", prompt)
        assert session.end() == 3
    assert session.err.startswith(f"firstbyte serve: {PLACE}/data: can't be written any more: ")
    assert session.err.count("\n") == 1
