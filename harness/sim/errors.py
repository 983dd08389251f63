"""What can go wrong with a simulated run itself: always an error, never a verdict on the subject.

Every message says who, what, where and what to do next. Nothing here must ever hide a failure of the subject.
"""


class SimError(Exception):
    """The simulation can't vouch for its result."""


class Stalled(SimError):
    """Nothing is ready and no timer is armed, but main has not ended: it would wait for ever."""


class OutOfTime(SimError):
    """The next timer lies beyond the virtual time the run was given."""


class Livelock(SimError):
    """Callbacks keep each other busy and virtual time stands still."""


class Unfinished(SimError):
    """Main has ended and left tasks running on living hosts."""


class Unhandled(SimError):
    """A callback or a task of a living host raised, and nobody took the exception."""


class ForeignIO(SimError):
    """Something asked for a thread, a socket, a process or a blocking sleep, which virtual time can't see."""


class ThreadStuck(SimError):
    """A thread that has control neither works nor waits in a way that virtual time can see."""


class ThreadEnded(BaseException):
    """Raised in a thread that still waits when its simulation is over. No error: nobody is to catch it."""
