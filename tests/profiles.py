"""The shortest profile that is whole, for tests that say of what it is made."""

QUICK = """
id = "quick"
title = "Quick"
answers.timeout.status = 504
answers.connect-refused.status = 502
answers.connect-timeout.status = 504
answers.closed.status = 502
answers.reset.status = 502
answers.protocol-error.status = 502

[[timers]]
name = "read"
starts_on = "request-sent"
stops_on = ["header-completed"]
limit = "60s"
"""
