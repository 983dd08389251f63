"""The popular fixes for a slow answer, behind every edge: which cure it, which don't, which make it worse."""
