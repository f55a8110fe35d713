"""A row of the table of figures."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """What was measured, ours, the peer's, how many times better we are, and what was aimed at."""

    what: str
    ours: str
    peer: str
    ratio: float
    aim: str

    def shown(self) -> str:
        return f"{self.what:<46} {self.ours:>24} {self.peer:>24} {self.ratio:>8.1f}x  {self.aim}"
