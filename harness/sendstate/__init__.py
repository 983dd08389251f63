"""The send-state contract: what a page that sends messages owes its user when an edge answers for the server.

Rules are data (`contract`), each has a check that drives a real page in a browser, with a held edge between
page and server, and compares what the user saw with what the server has.
"""
