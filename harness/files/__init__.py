"""TOML and JSON in and out: the only place where data is untyped."""
