"""One emulated edge: its server, its connections and its exchanges."""
