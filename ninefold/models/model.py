"""The model: the competition of candidates for a problem."""

from dataclasses import dataclass
from typing import Any, ClassVar

from ninefold.errors import DeclarationError
from ninefold.models.candidate import checked
from ninefold.models.split import Split, by_time
from ninefold.things import Thing, as_tuple, declare, frozen_mapping


@dataclass(frozen=True, eq=False, slots=True, init=False)
class Model(Thing):
    """A competition: features, candidates, a split. A version is one winner with its evidence.

    In ``features`` a string is a column of the table that the problem asks about. ``monotone`` and estimator parameters
    belong to the candidates. The constant baseline always competes.

    >>> import ninefold as nf
    >>> from sklearn.linear_model import LogisticRegression
    >>> nf.Model("delays", features=["carrier"], candidates={"linear": LogisticRegression()}).candidates[0][0]
    'linear'
    """

    noun: ClassVar[str] = "model"

    problem: "Thing | str"
    features: tuple["Thing | str", ...]
    candidates: tuple[tuple[str, Any], ...]
    split: Split
    seed: int
    was: str | None

    def __init__(
        self,
        problem: "Thing | str",
        *,
        features: "list[Thing | str] | list[Any]",
        candidates: dict[str, Any],
        split: Split | None = None,
        seed: int = 0,
        was: str | None = None,
    ) -> None:
        if not candidates:
            raise DeclarationError("a model without candidates", hint='candidates={"trees": lightgbm.LGBMClassifier()}')
        if "baseline" in candidates:
            raise DeclarationError('a candidate is called "baseline"', hint="that name belongs to the constant policy, which always competes")
        if split is not None and not isinstance(split, Split):
            raise DeclarationError(
                f"split={split!r} is no split", hint='write nf.by_time(validate="30d", test="90d"), nf.by_group(...) or nf.at_random()'
            )
        named = tuple((name, checked(candidate)) for name, candidate in frozen_mapping(candidates))
        declare(self, problem, as_tuple(features), named, split or by_time(validate="30d", test="30d"), seed, was)
