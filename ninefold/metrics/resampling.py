"""Which days the rows belong to, and how often each resample draws each day."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ninefold.errors import DataError
from ninefold.stats.bootstrap import FEWEST, Floats, clusters, weights


class Resampling:
    """The days of the rows and how often each resample draws them; the same draws for every metric and slice of a call."""

    def __init__(self, codes: NDArray[np.int64], groups: int, days: int, seed: int) -> None:
        self.codes, self.groups, self.days, self.seed = codes, groups, days, seed
        self.draws: Floats | None = weights(groups, seed=seed) if days >= FEWEST else None

    @classmethod
    def of(cls, day: NDArray[Any] | None, keep: NDArray[np.bool_], seed: int) -> "Resampling":
        if day is None:
            return cls(np.zeros(int(keep.sum()), dtype=np.int64), 1, 0, seed)
        if len(day) != len(keep):
            raise DataError(f"day has {len(day)} rows, truth has {len(keep)}", where="day")
        day = day[keep]
        if day.dtype.kind == "M":
            day = day.astype("datetime64[D]").astype(np.int64)
        if len(day) == 0:
            return cls(np.zeros(0, dtype=np.int64), 1, 0, seed)
        codes, groups, days = clusters(day if day.dtype != object else np.array([str(v) for v in day.tolist()]))
        return cls(codes, groups, days, seed)
