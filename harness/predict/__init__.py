"""What an edge would have made of a recorded exchange: a pure function over (recording, profile).

It shares an edge's tables (timers, re-sends, breaks) and nothing else; tests hold it to the live emulated
edge on every wire shape and profile. It must never wait, and never ask anybody.
"""

from firstbyte.harness.predict.exchange import predict
from firstbyte.harness.predict.variants import Unsure, Variant, is_same, predict_all_values
from firstbyte.harness.predict.wire import read_wire

__all__ = ["Unsure", "Variant", "is_same", "predict", "predict_all_values", "read_wire"]
