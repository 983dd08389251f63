"""Runs scenarios: starts origin and edge, plays the client's script, reads the origin's ledger and judges."""
