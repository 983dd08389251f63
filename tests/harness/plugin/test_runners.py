"""The fixtures in every way tests are run: sync, async in both modes, xdist, unittest classes."""

from pathlib import Path

import pytest

from tests.users_pytest import run_pytest

pytestmark = [pytest.mark.real, pytest.mark.slow]

TESTS = """
import unittest

import httpx
import pytest


@pytest.fixture
def front(edge, origin):
    return edge(origin(shape="silent").url)


def test_sync(front):
    front.expire()
    assert httpx.post(front.url, content="a").status_code == 524


@pytest.mark.asyncio
async def test_async(front):
    front.expire()
    async with httpx.AsyncClient() as client:
        assert (await client.post(front.url, content="b")).status_code == 524


class TestCase(unittest.TestCase):
    @pytest.fixture(autouse=True)
    def _front(self, front):
        self.front = front

    def test_in_a_unittest_class(self):
        self.front.expire()
        self.assertEqual(httpx.post(self.front.url, content="c").status_code, 524)
        self.assertEqual(len(self.front.fired), 1)
"""
WAYS = {
    "pytest-asyncio strict": ("-o", "asyncio_mode=strict"),
    "pytest-asyncio auto": ("-o", "asyncio_mode=auto"),
    "pytest-xdist": ("-n", "2"),
}


@pytest.mark.parametrize("words", WAYS.values(), ids=list(WAYS))
def test_the_fixtures_work_in_each_way_of_running(words: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(TESTS)
    done = run_pytest(tmp_path, "-q", *words)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 passed" in done.stdout
