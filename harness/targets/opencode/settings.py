"""The product's private surroundings: its folders, configuration and environment.

Everything is inside the run's folder, and nothing comes from the user's environment. There must never be a
secret or the name of a host other than loopback in it.
"""

import json
from pathlib import Path

SET_UP = "(firstbyte sets up)"
"""The prompt of the warm-up, before anything is measured."""
PROVIDER, MODEL = "fake", "m"
PATH = "/usr/local/bin:/usr/bin:/bin"
_OFF = (
    "DISABLE_AUTOUPDATE",
    "DISABLE_MODELS_FETCH",
    "DISABLE_DEFAULT_PLUGINS",
    "DISABLE_LSP_DOWNLOAD",
    "DISABLE_SHARE",
    "DISABLE_EXTERNAL_SKILLS",
    "EXPERIMENTAL_DISABLE_FILEWATCHER",
)
_XDG = {"DATA": ".local/share", "STATE": ".local/state", "CONFIG": ".config", "CACHE": ".cache"}


class Surroundings:
    """The folders and the configuration of one run, below `folder`."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home"
        self.project = folder / "project"
        self.temporary = folder / "tmp"
        self._config = folder / "opencode.json"

    def __repr__(self) -> str:
        return f"<Surroundings {self.home}>"

    @property
    def database(self) -> Path:
        """The database in which all four versions keep their messages."""
        return self.home / ".local" / "share" / "opencode" / "opencode.db"

    def make(self, model: tuple[str, int]) -> None:
        """Make the folders and the configuration. model: where the scripted model listens."""
        for folder in (self.home, self.project, self.temporary):
            folder.mkdir()
        base = f"http://{model[0]}:{model[1]}/v1"
        models = {name: {"name": name} for name in (MODEL, "small")}
        provider = {
            "npm": "@ai-sdk/openai-compatible",
            "name": "Scripted",
            "options": {"baseURL": base, "apiKey": "none"},
            "models": models,
        }
        config = {
            "model": f"{PROVIDER}/{MODEL}",
            "small_model": f"{PROVIDER}/small",  # it makes titles, so that all calls of `m` are for the user
            "share": "disabled",
            "autoupdate": False,
            "snapshot": False,
            "lsp": False,
            "formatter": False,
            "provider": {PROVIDER: provider},
        }
        self._config.write_text(json.dumps(config), encoding="utf-8")

    def environment(self, proxy: str) -> dict[str, str]:
        """Return the whole environment of the product. proxy: the address that refuses everything."""
        xdg = {f"XDG_{name}_HOME": str(self.home / path) for name, path in _XDG.items()}
        names = ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy")
        local = dict.fromkeys(("NO_PROXY", "no_proxy"), "127.0.0.1,localhost")
        return {
            **xdg,
            **local,
            **dict.fromkeys(names, proxy),
            **{f"OPENCODE_{name}": "1" for name in _OFF},
            "OPENCODE_CONFIG": str(self._config),
            "HOME": str(self.home),
            "TMPDIR": str(self.temporary),
            "PATH": PATH,
            "SHELL": "/bin/sh",
            "LANG": "C.UTF-8",
            "TZ": "UTC",
            "TERM": "dumb",
        }

    def command(self, program: Path, port: int, proxy: str) -> list[str]:
        """Return the command that starts the product in the project, with that environment only."""
        environment = [f"{key}={value}" for key, value in self.environment(proxy).items()]
        serve = [str(program), "serve", "--hostname", "127.0.0.1", "--port", str(port), "--print-logs"]
        return ["/usr/bin/env", "-i", f"--chdir={self.project}", *environment, *serve]
