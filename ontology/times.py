"""Dates and times as the graph has them."""

from datetime import UTC, datetime


def iso_milliseconds(text: str) -> int:
    """An ISO 8601 date or time as epoch milliseconds, UTC where it names no zone. Raises ValueError."""
    time = datetime.fromisoformat(text)
    return round((time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp() * 1000)
