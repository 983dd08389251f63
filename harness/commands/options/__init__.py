"""The options of each command: `add(parser)` declares them and returns the struct they are read into.

They are apart from the commands, so that `firstbyte NAME --help` and a mistake in the options do not wait for
what the command needs to run.
"""
