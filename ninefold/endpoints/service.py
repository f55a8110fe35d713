"""Answering questions: features as known now, every released version's score, one answer, one record in the log."""

import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from ninefold.bundles.scorer import Bundle
from ninefold.clock import Clock, iso
from ninefold.clock import now as wall
from ninefold.endpoints.predictions import Prediction
from ninefold.endpoints.questions import Questions
from ninefold.features.online import Fold
from ninefold.ids import new_id

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, eq=False, slots=True)
class Loaded:
    """A version that is ready to answer: its bundle, and how its features are computed from the fold that it shares."""

    version: int
    bundle: Bundle
    questions: Questions
    fold: Fold


@dataclass(slots=True)
class Service:
    """One endpoint. Swapping versions replaces ``champion`` and ``challenger`` between two requests.

    ``share`` of the callers gets the challenger's answer: the split is by ``split_by`` (columns; default the key), so that
    the same caller sees the same version. ``holdout`` is answered but marked as not to be acted on.
    """

    name: str
    clock: Clock
    champion: Loaded | None = None
    challenger: Loaded | None = None
    share: float = 0.0
    split_by: tuple[str, ...] = ()
    holdout: float = 0.0

    def answer(
        self, body: Any, *, q: Sequence[int] | int | None = None, explain: bool = False, caller: str = "", started: float | None = None
    ) -> tuple[list[dict[str, Any]], list[bytes]]:
        """Answers to one question or several, in order, and the records to log before they are given.

        ``q`` is the decision time in µs: the clock's, unless a replay sets it, for all or for each. Raises UsageError for a
        column that is unknown, missing or of another type, with the question's place.
        """
        begun = started if started is not None else time.perf_counter()
        champion, challenger = self.champion, self.challenger
        assert champion is not None  # an endpoint without a release has no route
        rows = champion.questions.checked(body)
        moments = [q if q is not None else self.clock.now()] * len(rows) if not isinstance(q, Sequence) else list(q)
        values = champion.questions.values(rows, moments, champion.fold)
        scored = {champion.version: _scored(champion, values)}
        if challenger is not None:
            same = challenger.questions is champion.questions
            scored[challenger.version] = _scored(challenger, values if same else challenger.questions.values(rows, moments, challenger.fold))
        reasons = champion.bundle.explain(values) if explain else None
        answers, records = [], []
        for i, row in enumerate(rows):
            key = champion.questions.key(row)
            given = challenger if challenger is not None and self._drawn(row, key, "canary", self.share) else champion
            score, decision = scored[given.version][0][i], scored[given.version][1][i]
            held = self.holdout > 0 and self._drawn(row, key, "holdout", self.holdout)
            record = Prediction(
                id=new_id(), at=wall(), q=moments[i], key=key, row=row, values={n: _plain(v[i]) for n, v in values.items()}, score=score,
                decision=decision, version=given.version, variant="champion" if given is champion else "challenger",
                scores={str(v): s[0][i] for v, s in scored.items()}, decisions={str(v): s[1][i] for v, s in scored.items()},
                micros=round((time.perf_counter() - begun) * 1e6), lead=champion.questions.lead(row, moments[i]), held=held,
                together=len(rows), caller=caller,
            )
            records.append(_encode(record))
            answers.append(_answer(self.name, record, given, reasons[i] if reasons and given is champion else None))
        return answers, records

    def _drawn(self, row: Mapping[str, Any], key: str, salt: str, share: float) -> bool:
        """Whether a caller falls into a share: always the same for the same caller."""
        if share <= 0:
            return False
        who = key if not self.split_by else "|".join(str(row.get(c)) for c in self.split_by)
        drawn = hashlib.blake2b(f"{self.name}/{salt}/{who}".encode(), digest_size=8).digest()
        return int.from_bytes(drawn) < share * 2**64


def _scored(loaded: Loaded, values: dict[str, list[Any]]) -> tuple[list[Any], list[Any]]:
    scores = loaded.bundle.score({c.name: values[c.name] for c in loaded.bundle.schema})
    costs = {c: values[c] for c in loaded.bundle.scoring.decision.columns}
    return scores.tolist(), loaded.bundle.decide(scores, costs).tolist()


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and value != value else value


def _answer(name: str, record: Prediction, given: Loaded, reasons: list[tuple[str, float]] | None) -> dict[str, Any]:
    classes = given.bundle.scoring.classes
    decided: Any = record.decision
    if classes:
        decided = classes[record.decision]
    elif given.bundle.scoring.decision.kind == "number":
        decided = None
    answer = {
        "id": record.id, "endpoint": name, "version": record.version, "variant": record.variant, "asked_at": iso(record.q), "score": record.score,
        "decision": {1: "yes", 0: "no", -1: "refer"}.get(decided, decided) if not classes and decided is not None else decided,
        "hold": record.held,
    }
    if reasons is not None:
        answer["reasons"] = [{"input": n, "adds": v} for n, v in reasons[:8]]
    return answer
