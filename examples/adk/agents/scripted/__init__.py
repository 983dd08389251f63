"""What `adk web` looks for in a folder of agents."""

from . import agent as agent  # noqa: TID252 - the folder is copied and loaded under its own name
