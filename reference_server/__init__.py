"""The reference session server: the part of OpenCode's API that a client needs to send and follow a message.

It shows every bug and every fix on one server that keeps a complete ledger. It must never import the harness
or the proxies, use a thread, or read a clock other than that of its `Env`.
"""
