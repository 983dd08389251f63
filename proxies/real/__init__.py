"""Real proxy products beside the emulated ones: a profile becomes a configuration, one product a file."""
