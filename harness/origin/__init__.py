"""Origins the harness can start: the scripted wire shape and the reference server, in sim and as
processes.
"""
