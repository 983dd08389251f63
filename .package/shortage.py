"""A process that may open no more files: how that is recognised and told.

It must never take a shortage of this machine for something that a client or an origin did. Every command
loads this, so it loads next to nothing.
"""

import errno
import resource
from typing import Final

_SHORT: Final = frozenset({errno.EMFILE, errno.ENFILE})


def is_short(error: object) -> bool:
    """Whether this is an error for want of file descriptors."""
    return isinstance(error, OSError) and error.errno in _SHORT


def shortage() -> str:
    """What is short, how many there are, what to do."""
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return f"no file descriptors are left: this process may have {most}; raise the limit with `ulimit -n`"
