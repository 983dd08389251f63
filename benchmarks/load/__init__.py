"""What `benchmarks/locustfile.py` is made of: sends in numbers, each joined with what the server has.

Only `sending`, `gathering` and `run` know Locust, and are imported by the locustfile alone: it puts gevent
under the standard library of its process, which must never happen in one of ours.
"""
