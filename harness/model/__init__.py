"""Pure data, and pure operations on it: what a profile, a scenario, a recording and a verdict are."""
