"""The reference session server: what a client of OpenCode needs to send a message and follow it.

It exists so that every bug and every fix can be shown on one server that keeps an honest ledger. It must
never import anything else of this project, use a thread, or read a clock that its `Env` did not supply.
"""
