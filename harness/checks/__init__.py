"""What `firstbyte check` says of a data file, and `firstbyte run` before it plays one."""
