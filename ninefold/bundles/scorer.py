"""The scorer: columns in, calibrated scores, decisions and reasons out. What an endpoint calls for every request."""

from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from ninefold.bundles.calibration import Calibration
from ninefold.bundles.decision import Decision
from ninefold.bundles.encoding import Column, Encoder, Encoding, Values, unknown_column
from ninefold.bundles.manifest import Manifest
from ninefold.bundles.predictors import Predictor, Shape, spread

Floats = NDArray[np.float64]


class Scoring(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What happens to a raw score. ``classes`` are the labels of the positions, for more than two."""

    calibration: Calibration
    decision: Decision
    classes: tuple[str | int | float | bool, ...] = ()


class Scorer:
    """A loaded model with its encoding, calibration and decision. Thread-safe; equal inputs give equal answers."""

    def __init__(self, encoder: Encoder, predictor: Predictor, shape: Shape, scoring: Scoring) -> None:
        self.encoder, self.predictor, self.shape, self.scoring = encoder, predictor, shape, scoring
        self._known = [c.name for c in encoder.encoding.columns]

    @property
    def schema(self) -> tuple[Column, ...]:
        """The inputs: names, kinds, and the levels that the model has seen."""
        return self.encoder.encoding.columns

    @property
    def threshold(self) -> float | None:
        """The score from which the decision is yes; None where there is no single one."""
        return self.scoring.decision.threshold if self.scoring.decision.kind in {"threshold", "top", "refer"} else None

    def score(self, columns: Mapping[str, Values]) -> Floats:
        """One score per row: the probability of yes ``(rows,)``, of each class ``(rows, classes)``, or the number ``(rows,)``.

        A column that is not given counts as null. Raises DataError for an unknown column, a text where a number is expected, or
        columns of different lengths.
        """
        for name in columns:
            if name not in self._known:
                raise unknown_column(name, self._known)
        return self.finish(self.predictor.predict(self.encoder.matrix(columns)))

    def finish(self, raw: Floats) -> Floats:
        """A model's raw scores, calibrated and with a place for every class."""
        return self.scoring.calibration(spread(raw, self.shape))

    def score_row(self, row: Mapping[str, Any]) -> float | list[float]:
        """The same for one row, quickly. Keys that are no inputs are not looked at."""
        raw = self.predictor.predict_row(self.encoder.row(row))
        if self.shape.outputs == 1:
            return self.scoring.calibration.one(float(raw[0]))
        scores: list[float] = spread(raw[None] if len(raw) > 1 else raw, self.shape)[0].tolist()
        return scores

    def decide(self, scores: Floats, columns: Mapping[str, Values] | None = None) -> NDArray[np.int64]:
        """Decisions for scores: 1 yes, 0 no, -1 for people; the class's position where there are several. ``columns`` hold costs."""
        return self.scoring.decision(scores, columns)

    def explain(self, columns: Mapping[str, Values]) -> list[list[tuple[str, float]]]:
        """For each row what each input added to its score before the link (log-odds for probabilities), the largest first.

        For several classes: of the likeliest one. Values are exact (TreeSHAP, or coefficient times value); together with the
        part of no input they sum to the raw score.
        """
        matrix = self.encoder.matrix(columns)
        parts = self.predictor.contributions(matrix)
        if parts.ndim == 3:
            parts = parts[np.arange(len(parts)), np.argmax(self.predictor.predict(matrix), axis=1)]
        summed = np.zeros((len(parts), len(self._known)))
        np.add.at(summed.T, self.encoder.source, parts[:, :-1].T)
        return [self._ranked(row) for row in summed]

    def _ranked(self, row: Floats) -> list[tuple[str, float]]:
        return [(self._known[i], float(row[i])) for i in np.argsort(-np.abs(row), kind="stable")]


class Bundle(Scorer):
    """A scorer read from a verified bundle: also what it is, and what travelled with it."""

    def __init__(self, scorer: Scorer, manifest: Manifest, files: Mapping[str, bytes], digest: str) -> None:
        super().__init__(scorer.encoder, scorer.predictor, scorer.shape, scorer.scoring)
        self.manifest, self.version, self.files = manifest, digest, files

    @property
    def features(self) -> list[Any]:
        """The feature groups, in the JSON form of ``features.spec``."""
        return list(msgspec.json.decode(self.files["features.json"]))

    @property
    def request(self) -> dict[str, Any]:
        """The request's columns and types."""
        return dict(msgspec.json.decode(self.files["request.json"]))


def scorer_of(encoding: bytes, scoring: bytes, predictor: Predictor, shape: Shape) -> Scorer:
    """A scorer from the JSON forms."""
    return Scorer(Encoder(msgspec.json.decode(encoding, type=Encoding)), predictor, shape, msgspec.json.decode(scoring, type=Scoring))
