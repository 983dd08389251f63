"""One module for each command, with `run(options) -> exit code`. options/ has what the command line takes."""
