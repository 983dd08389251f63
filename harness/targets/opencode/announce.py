"""Serves an application on a free port of loopback and announces the address. Our helper processes use it.

It must never listen anywhere else.
"""

import json
import os
import sys

import uvicorn
from starlette.applications import Starlette

LOOPBACK = "127.0.0.1"
GRACE_SECONDS = 1


async def serve_announced(application: Starlette) -> None:
    """Serve until SIGTERM. The address is printed in the form that the harness expects."""
    config = uvicorn.Config(
        application,
        host=LOOPBACK,
        port=0,
        log_level="error",
        ws="none",
        timeout_graceful_shutdown=GRACE_SECONDS,  # event streams never end by themselves
    )
    await _Announced(config).serve()


class _Announced(uvicorn.Server):
    async def startup(self, sockets: object = None) -> None:
        await super().startup()
        host, port = self.servers[0].sockets[0].getsockname()[:2]
        sys.stdout.write(json.dumps({"ready": f"http://{host}:{port}", "pid": os.getpid()}) + "\n")
        sys.stdout.flush()
