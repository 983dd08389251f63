"""Records one exchange with a live server byte by byte, and predicts what each edge would make of it."""
