"""The scenarios, as data: one claim, one origin, one edge, one client, one expectation per entry."""
