"""pytest as a user's project has it: with the plugins of that project, not all those of this repository.

The others cost each pytest that is started five seconds of a processor. That the plugin is found without
being named is tested where there is an environment of a user's own, in test_packaging.py.
"""

import os
import subprocess
import sys
from pathlib import Path

PLUGINS = ("firstbyte", "asyncio", "playwright", "xdist")
"""By the names under which they are installed."""
ENVIRONMENT = {
    "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    "PYTEST_ADDOPTS": " ".join(f"-p {name}" for name in (*PLUGINS, "no:cacheprovider")),
}


def run_pytest(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """`pytest` with these words, typed in `folder`."""
    command = [sys.executable, "-m", "pytest", *words]
    environment = {**os.environ, **ENVIRONMENT}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=300
    )
