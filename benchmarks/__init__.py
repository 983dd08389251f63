"""Side-by-side measurements of firstbyte: what `make bench` runs."""
