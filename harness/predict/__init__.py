"""Predicts what an edge would have made of a recorded exchange: a function of a recording and a profile.

`Predictor` is the entry. It is a second implementation of the emulated edge without a clock or a socket;
both use `proxies.rules`. Tests compare the two for every wire shape and profile.

The parts: `plain` answers the simple case at once; otherwise `exchange` is the state machine, with the
`attempts` to reach the origin, the `reading` of its bytes, the `reply` to the client, the `watched` timers
and the `agenda` of what is still to happen. `wire` says what the recording itself shows.
"""

from firstbyte.harness.predict.predictor import Predictor, Unsure, Variant, is_same, needed_part
from firstbyte.harness.predict.prepared import PreparedProfile
from firstbyte.harness.predict.wire import read_wire

__all__ = ["Predictor", "PreparedProfile", "Unsure", "Variant", "is_same", "needed_part", "read_wire"]
