"""Our Hono application on three runtimes: the Bun of the report, the current Bun, and Node."""
