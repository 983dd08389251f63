"""The scripted origin, and the account that every origin gives of what it did."""
