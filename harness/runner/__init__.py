"""Runs scenarios: sets up origin and edge, plays the client's script, asks for the truth, judges,
compares.
"""
