"""The raw client: sends one request and sees every byte of the answer, with times."""
