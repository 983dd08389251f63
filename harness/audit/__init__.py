"""Every operation of an API, sent once to a live server, and what each edge would make of each answer."""
