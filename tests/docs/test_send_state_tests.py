"""The tests of docs/send-state.md pass, with the server and the adapter of firstbyte's own page."""

from pathlib import Path

import pytest

from tests.docs.pages import blocks_of
from tests.hygiene.lab import Session
from tests.users_pytest import run_pytest

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.programs]

ROOT = Path(__file__).resolve().parents[2]


def test_the_tests_of_the_page_pass_on_the_page_that_keeps_the_rules(tmp_path: Path, chromium: Path) -> None:
    (text,) = [one.text for one in blocks_of(ROOT / "docs" / "send-state.md") if one.language == "python"]
    adapter = (ROOT / "reference_server" / "ui" / "robust.toml").read_text(encoding="utf-8")
    (tmp_path / "chat.toml").write_text(adapter, encoding="utf-8")
    arguments = {"executable_path": str(chromium), "args": ["--no-sandbox"]}
    (tmp_path / "conftest.py").write_text(
        "import pytest\n\n\n@pytest.fixture(scope='session')\n"
        f"def browser_type_launch_args():\n    return {arguments!r}\n",
        encoding="utf-8",
    )
    with Session(tmp_path / "serve", "serve", "--listen", "127.0.0.1:0") as server:
        port = server.listening(1).pop()
        (tmp_path / "test_page.py").write_text(text.replace(":4096", f":{port}"), encoding="utf-8")
        done = run_pytest(tmp_path, "-q", "test_page.py")
        assert done.returncode == 0, done.stdout + done.stderr
        assert "2 passed" in done.stdout
        server.ctrl_c()
        assert server.end() == 0
