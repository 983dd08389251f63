"""Results as one HTML file that needs nothing else: summary, matrix, and each case with timeline and story.

Every command with results makes a `Site` (`model.py`) of them; the page draws all kinds alike. It must never
hold markup that came from outside, nor load anything.
"""
