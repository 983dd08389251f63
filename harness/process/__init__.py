"""The child processes of a run: started, watched, ended."""
