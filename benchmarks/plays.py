"""The plays that are measured in virtual time: acts of the report, and a bare exchange for comparison."""

import asyncio
from collections.abc import Callable
from functools import partial

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from firstbyte.harness.client.ask import ask
from firstbyte.harness.runner.conclude import conclude
from firstbyte.harness.runner.plan import Options, Plan
from firstbyte.harness.runner.play import observe_in_sim
from firstbyte.harness.runner.selection import plans, select
from firstbyte.harness.sim import Sim, run_sim

type Play = Callable[[], object]

BARE = "bare exchange"
HERO = "act-1[cloudflare-100]"


def plays() -> dict[str, Play]:
    """Return the plays: nothing, a bare exchange, the report's act without and with an edge, the fix."""
    return {
        "empty simulation": lambda: run_sim(_nothing),
        BARE: partial(bare_exchange, _bare_config()),
        "act-1[direct]": partial(play_once, plan_of("act-1", "direct")),
        HERO: partial(play_once, plan_of("act-1", "cloudflare-100")),
        "act-3[cloudflare-100]": partial(play_once, plan_of("act-3", "cloudflare-100")),
    }


def plan_of(scenario: str, edge: str) -> Plan:
    """Return the only plan of a scenario behind an edge."""
    (plan,) = plans(select([scenario]), [edge], Options())
    return plan


def play_once(plan: Plan) -> None:
    """One play and its verdict; no further plays for unknown keys."""
    conclude(plan, observe_in_sim(plan))


async def _nothing(_sim: Sim) -> None:
    pass


def bare_exchange(config: Config) -> None:
    """One POST answered 204 by stock uvicorn and a Starlette of one route: no edge, no database."""

    async def main(sim: Sim) -> None:
        state = ServerState()
        host = sim.network.host("origin")
        server = await host.start(_listen(config, state))
        await ask(("origin", 80), "POST", "/", b"{}")
        server.close()
        for connection in list(state.connections):
            connection.shutdown()

    run_sim(main)


async def _listen(config: Config, state: ServerState) -> asyncio.AbstractServer:
    loop = asyncio.get_running_loop()
    return await loop.create_server(lambda: H11Protocol(config, state, {}, loop), "origin", 80)


async def _no_content(_request: Request) -> Response:
    return Response(status_code=204)


def _bare_config() -> Config:
    app = Starlette(routes=[Route("/", _no_content, methods=["POST"])])
    config = Config(app, ws="none", lifespan="off", interface="asgi3", log_config=None, access_log=False)
    config.load()
    return config
