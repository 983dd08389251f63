"""The three runtimes: where their programs are, and what to install if one is missing."""

import platform
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import msgspec

from firstbyte.harness.problems import MissingTool
from firstbyte.harness.targets.npm import NO_NPM, Packages

HERE = Path(__file__).resolve().parent
OLDEST_NODE = 20
_ARCHITECTURES = {"x86_64": "x64", "amd64": "x64", "aarch64": "aarch64", "arm64": "aarch64"}
_VERSION_SECONDS = 20.0


class Runtime(msgspec.Struct, frozen=True, kw_only=True):
    """A runtime and its packages. name: the name of the target. packages: a folder below packages/."""

    name: str
    summary: str
    packages: str

    @property
    def installed(self) -> Packages:
        """The npm packages of the runtime."""
        return Packages(HERE / "packages" / self.packages)

    @property
    def is_bun(self) -> bool:
        """Whether it is Bun and not Node."""
        return self.packages.startswith("bun")

    def program(self) -> Path:
        """Return the runtime's program. Raises MissingTool, which says how to install it."""
        if not self.installed.is_there:
            raise MissingTool(
                f"{self.name}: its npm packages are not installed; run "
                f"`{Path(sys.executable).name} -m firstbyte.harness.targets.install {self.name}` "
                "(`make setup` in a clone does it)"
            )
        return self._bun() if self.is_bun else _node()

    def versions(self) -> dict[str, str]:
        """Return the versions of the runtime and its packages, from the lock file and from Node itself."""
        locked = _locked(self.installed.source / "package-lock.json")
        if self.is_bun:
            return {"bun": locked[f"@oven/{_bun_package()}"], "hono": locked["hono"]}
        node = {} if shutil.which("node") is None else {"node": _node_version(_node())}
        return node | {name: locked[name] for name in ("hono", "@hono/node-server")}

    def _bun(self) -> Path:
        path = self.installed.modules / "@oven" / _bun_package() / "bin" / "bun"
        if not path.exists():
            raise MissingTool(f"{self.name}: there is no Bun for {platform.system()} {platform.machine()}")
        return path


def _bun_package() -> str:
    machine = platform.machine().lower()
    return f"bun-{platform.system().lower()}-{_ARCHITECTURES.get(machine, machine)}"


def _node() -> Path:
    found = shutil.which("node")
    if found is None:
        raise MissingTool(NO_NPM)
    path = Path(found)
    version = _node_version(path)
    if int(version.partition(".")[0] or 0) < OLDEST_NODE:
        raise MissingTool(f"hono-node: Node {version} is too old; install Node {OLDEST_NODE} or newer")
    return path


@cache
def _node_version(program: Path) -> str:
    done = subprocess.run(
        [program, "--version"], capture_output=True, text=True, timeout=_VERSION_SECONDS, check=False
    )
    return done.stdout.strip().removeprefix("v") or "0"


@cache
def _locked(path: Path) -> dict[str, str]:
    """Return the locked version of each package."""
    packages = msgspec.json.decode(path.read_bytes())["packages"]
    return {name.rpartition("node_modules/")[2]: one["version"] for name, one in packages.items() if name}


RUNTIMES = (
    Runtime(
        name="hono-bun",
        summary="Hono 4.10.7 on Bun 1.3.10: what the report's server was built with",
        packages="bun-1.3",
    ),
    Runtime(name="hono-bun-1.4", summary="Hono 4.13.19 on Bun 1.4.5", packages="bun-1.4"),
    Runtime(name="hono-node", summary="Hono 4.13.19 on this machine's Node", packages="node"),
)
