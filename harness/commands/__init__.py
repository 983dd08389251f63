"""One module a command of the command line. Each has `add(parser)` and `run(options) -> exit code`."""
