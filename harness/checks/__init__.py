"""The complaints that `firstbyte check` has about a data file, and `firstbyte run` before it plays one."""
