"""What a check did to a page, for the timeline."""

from firstbyte.harness.clock import monotonic_ns


class Notes:
    """Texts with the microseconds of this machine's monotonic clock."""

    def __init__(self) -> None:
        self.entries: list[tuple[int, str]] = []

    def __repr__(self) -> str:
        return f"<Notes {len(self.entries)}>"

    def add(self, text: str) -> None:
        """Note what is done now."""
        self.entries.append((monotonic_ns() // 1000, text))
