"""Each real product starts, keeps its limit, and is gone afterwards; one that is missing is named."""

import asyncio
import os
from pathlib import Path

import pytest

from firstbyte.harness.files.loader import load_shape
from firstbyte.harness.grid.cell import Cell
from firstbyte.harness.grid.measured import running
from firstbyte.harness.grid.plan import Contender, contender
from firstbyte.harness.model.units import as_seconds
from firstbyte.harness.problems import BadInput, MissingTool, SetupFailed
from firstbyte.proxies.real.catalogue import PRODUCTS, product, program_of
from firstbyte.proxies.real.nginx import Nginx
from tests.conftest import lacking

FACTOR = 15.0
STATUS = {
    "nginx": 504,
    "haproxy": 504,
    "varnish": 503,
    "apache": 502,
    "envoy": 504,
    "caddy": 504,
    "traefik": 504,
}


def found(name: str) -> Contender:
    try:
        return contender(PRODUCTS[name], FACTOR)
    except MissingTool as missing:
        lacking(str(missing))


async def silent(one: Contender) -> tuple[Cell, int]:
    shape = load_shape("silent")
    async with running(one, (shape,), FACTOR) as product_running:
        child = product_running.child
        assert child is not None
        return await product_running.play("silent"), child.pid


@pytest.mark.real
@pytest.mark.slow
@pytest.mark.parametrize("name", PRODUCTS)
def test_a_silent_origin_gets_the_products_own_answer_at_the_limit_and_nothing_is_left(name: str) -> None:
    cell, pid = asyncio.run(silent(found(name)))
    assert (cell.status, cell.end, cell.origin_requests) == (STATUS[name], "complete", 1)
    assert as_seconds(cell.at) == pytest.approx(60, abs=30)
    assert not Path(f"/proc/{pid}").exists() or is_zombie(pid)


def is_zombie(pid: int) -> bool:
    return ") Z" in Path(f"/proc/{pid}/stat").read_text()


@pytest.mark.parametrize("name", PRODUCTS)
def test_a_product_says_its_version(name: str) -> None:
    assert found(name).version[:1].isdigit()


class Nowhere(Nginx):
    """nginx on a machine that has none."""

    def find(self) -> Path | None:
        return None


def test_a_missing_product_is_named_with_the_command_that_installs_it() -> None:
    with pytest.raises(MissingTool, match="nginx is not on this machine; apt-get install nginx"):
        program_of(Nowhere())


def test_an_unknown_product_is_bad_input_with_the_names_there_are() -> None:
    with pytest.raises(BadInput, match="did you mean 'nginx'"):
        product("nginxx")


@pytest.mark.real
def test_a_product_that_does_not_start_is_a_setup_error_with_its_own_words() -> None:
    class Broken(Nginx):
        """nginx with an option it does not have."""

        def version(self, program: Path) -> str:
            return "1"

        def find(self) -> Path | None:
            return Path("/bin/ls") if os.path.exists("/bin/ls") else None

    async def start() -> None:
        async with running(contender(Broken(), FACTOR), (load_shape("silent"),), FACTOR):
            pytest.fail("it started")

    with pytest.raises(SetupFailed, match="ls: "):
        asyncio.run(start())
