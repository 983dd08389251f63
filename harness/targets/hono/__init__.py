"""Our Hono application on the runtimes it is run on: the report's, the current Bun, and Node."""
