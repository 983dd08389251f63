"""Every wire shape behind every real product and its emulated edge, in one run, cell by cell."""
