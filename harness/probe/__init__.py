"""One exchange with a live server, recorded byte by byte, and what each edge would have made of it."""
