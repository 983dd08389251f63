"""OpenCode itself as a target: the published program, a scripted model, and the acts of its report."""
