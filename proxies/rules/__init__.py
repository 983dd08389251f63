"""What an edge decides by: profiles turned into timers, re-sends, cuts, answers and orders. Pure."""
