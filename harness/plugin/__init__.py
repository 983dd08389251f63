"""What the pytest plugin gives to a test: one fixture's object a module. Loaded when a test asks for it."""
