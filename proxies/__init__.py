"""The emulated edge and the real products beside it."""
