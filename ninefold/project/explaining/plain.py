"""Values of somebody's rows as JSON has them."""

from typing import Any


def plain(value: Any) -> Any:
    """A JSON value: times and dates as ISO 8601 (with their offset), NaN as null, what JSON has not as its text.

    >>> from datetime import date
    >>> plain(date(2024, 1, 31)), plain(float("nan")), plain(3), plain([1])
    ('2024-01-31', None, 3, '[1]')
    """
    if isinstance(value, float) and value != value:
        return None
    if isinstance(value, (str, int, float, bool, type(None))):
        return value
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def plain_row(row: dict[str, Any]) -> dict[str, Any]:
    """A row of such values."""
    return {column: plain(value) for column, value in row.items()}
