"""What can stand behind the edge besides the reference server: real products, and anybody's own server."""
