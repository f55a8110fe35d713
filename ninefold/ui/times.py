"""Instants in the project's zone, with UTC at hand."""

from datetime import datetime

from markupsafe import Markup

from ninefold.clock import FIRST, LAST, iso, micros, moment_of

_DAY = 86_400_000_000
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class Times:
    """How instants (µs UTC) are written in one zone.

    >>> times = Times("America/New_York")
    >>> times.text(1380600000000000), times.day(1380600000000000)
    ('1 Oct 2013, 00:00', '1 Oct 2013')
    >>> Times("Asia/Tokyo").text(2**63 - 1)  # no calendar has it
    '31 Dec 9999, 08:59'
    """

    def __init__(self, tz: str | None) -> None:
        self.tz = tz or "UTC"

    def _local(self, at: float) -> datetime:
        # a zone may lie beyond what a calendar holds: a time at its edge is shown a day within
        return moment_of(min(max(int(at), FIRST + _DAY), LAST - _DAY), self.tz)

    def day(self, at: float) -> str:
        """The date."""
        local = self._local(at)
        return f"{local.day} {_MONTHS[local.month - 1]} {local.year}"

    def date(self, at: float) -> str:
        """The date of a day that is counted from midnight UTC (µs): no zone applies."""
        day = moment_of(int(at))
        return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"

    def text(self, at: float) -> str:
        """Date and time to the minute."""
        local = self._local(at)
        return f"{self.day(at)}, {local:%H:%M}"

    def markup(self, at: int | None) -> Markup:
        """The same as markup, UTC and seconds on hover; a dash for nothing."""
        if at is None:
            return Markup("–")
        exact = iso(min(max(at, FIRST), LAST)).split(".")[0].rstrip("Z") + "Z"
        return Markup('<time datetime="{}" title="{} UTC">{}</time>').format(exact, exact.rstrip("Z").replace("T", " "), self.text(at))

    def of_iso(self, text: str) -> Markup:
        """An instant that stands as ISO text, as markup."""
        return self.markup(micros(text))
