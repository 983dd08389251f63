"""A user's mitmproxy addon script, run by mitmproxy's own addon manager.

Imported only with --addon: mitmproxy's addons take as long to import as everything else and warn while they
do.
"""

import asyncio
import warnings
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from mitmproxy import master, options
from mitmproxy.proxy import commands

from firstbyte.harness.problems import BadInput

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from mitmproxy.addons.script import load_script


class ScriptHooks:
    """The hooks of one script. A hook that raises is reported and changes nothing, as in mitmproxy."""

    def __init__(self, manager: master.Master) -> None:
        self._manager = manager
        self._known: dict[str, bool] = {}

    def __repr__(self) -> str:
        return f"<ScriptHooks {', '.join(name for name, is_wanted in self._known.items() if is_wanted)}>"

    def wants(self, name: str) -> bool:
        """Whether the script has this hook; '' = there is a script."""
        if name == "":
            return True
        if name not in self._known:
            chain = list(self._manager.addons.chain)
            while chain and not self._known.get(name):
                addon = chain.pop()
                self._known[name] = callable(getattr(addon, name, None))
                chain += getattr(addon, "addons", [])
        return self._known[name]

    async def run(self, hook: commands.StartHook) -> None:
        """Call the script."""
        await self._manager.addons.trigger_event(hook)


@asynccontextmanager
async def script_hooks(path: Path, say: Callable[[str], None]) -> AsyncIterator[ScriptHooks]:
    """Load the script; its `done` hook runs at the end. Raises BadInput when it can't be loaded."""
    manager = master.Master(options.Options(), event_loop=asyncio.get_running_loop())
    module = load_script(str(path))
    if module is None:
        raise BadInput(f"--addon: {path} can't be loaded; `python {path}` shows the reason")
    manager.addons.add(module)  # type: ignore[no-untyped-call]  # mitmproxy's
    await manager.running()
    say(f"addon {path}")
    try:
        yield ScriptHooks(manager)
    finally:
        await manager.done()
