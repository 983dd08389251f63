"""The program `firstbyte edge`: a chain of edges, its control port, and what it writes down."""
