"""Answering questions: features as known now, every released version's score, one answer, one record in the log."""

import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from ninefold.bundles.decision import NO, REFER, YES
from ninefold.bundles.scorer import Bundle
from ninefold.clock import Clock, iso
from ninefold.clock import now as wall
from ninefold.endpoints.predictions import Prediction
from ninefold.endpoints.questions import Questions
from ninefold.endpoints.retries import Retries, Retry
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
    model: str = ""


@dataclass(frozen=True, eq=False, slots=True)
class Released:
    """What answers at one moment: a champion, a challenger beside it, and the share of callers that gets the challenger's answer."""

    champion: Loaded | None = None
    challenger: Loaded | None = None
    share: float = 0.0


class Service:
    """One endpoint. Swapping versions is one assignment: a question sees the old pair or the new one.

    The share of callers is split by ``split_by`` (columns; default the key), so that the same caller sees the same version.
    ``holdout`` is the share that is answered but marked as not to be acted on.
    """

    def __init__(
        self,
        name: str,
        clock: Clock,
        champion: Loaded | None = None,
        challenger: Loaded | None = None,
        *,
        share: float = 0.0,
        split_by: tuple[str, ...] = (),
        holdout: float = 0.0,
    ) -> None:
        self.name, self.clock, self.split_by, self.holdout = name, clock, split_by, holdout
        self.released = Released(champion, challenger, share)
        self.retries = Retries()

    @property
    def champion(self) -> Loaded | None:
        """The version that answers."""
        return self.released.champion

    @property
    def challenger(self) -> Loaded | None:
        """The version that is being tried."""
        return self.released.challenger

    def answer(
        self,
        body: Any,
        *,
        q: Sequence[int] | int | None = None,
        explain: bool = False,
        caller: str = "",
        started: float | None = None,
        retry: tuple[str, str] | None = None,
    ) -> tuple[list[dict[str, Any]], list[bytes]]:
        """Answers to one question or several, in order, and the records to log before they are given.

        ``q`` is the decision time in µs: the clock's, unless a replay sets it, for all or for each. ``retry`` is the client's key and
        the question's digest. Raises UsageError for a column that is unknown, missing or of another type, with the question's place.
        """
        begun = started if started is not None else time.perf_counter()
        released = self.released
        champion, challenger = released.champion, released.challenger
        assert champion is not None  # an endpoint without a release has no route
        rows = champion.questions.checked(body)
        moments = [q if q is not None else self.clock.now()] * len(rows) if not isinstance(q, Sequence) else list(q)
        values = champion.questions.values(rows, moments, champion.fold)
        scored = _by_version(champion, challenger, values, rows, moments)
        reasons = champion.bundle.explain(values) if explain else None
        answers, records = [], []
        for i, row in enumerate(rows):
            key = champion.questions.key(row)
            given = challenger if challenger is not None and self._drawn(row, key, "canary", released.share) else champion
            score, decision = scored[given.version][0][i], scored[given.version][1][i]
            held = self.holdout > 0 and self._drawn(row, key, "holdout", self.holdout)
            record = Prediction(
                id=new_id(),
                at=wall(),
                q=moments[i],
                key=key,
                row=row,
                values={n: _plain(v[i]) for n, v in values.items()},
                score=score,
                decision=decision,
                version=given.version,
                variant="champion" if given is champion else "challenger",
                scores={str(v): s[0][i] for v, s in scored.items()},
                decisions={str(v): s[1][i] for v, s in scored.items()},
                micros=round((time.perf_counter() - begun) * 1e6),
                lead=champion.questions.lead(row, moments[i]),
                held=held,
                together=len(rows),
                caller=caller,
            )
            answer = _answer(self.name, record, given, reasons[i] if reasons and given is champion else None)
            if retry is not None:
                record.retry = _encode(Retry(*retry, isinstance(body, list), answer)).decode()
            answers.append(answer)
            records.append(_encode(record))
        return answers, records

    def _drawn(self, row: Mapping[str, Any], key: str, salt: str, share: float) -> bool:
        """Whether a caller falls into a share: always the same for the same caller."""
        if share <= 0:
            return False
        who = key if not self.split_by else "|".join(str(row.get(c)) for c in self.split_by)
        drawn = hashlib.blake2b(f"{self.name}/{salt}/{who}".encode(), digest_size=8).digest()
        return int.from_bytes(drawn) < share * 2**64


Scored = tuple[list[Any], list[Any]]


def _by_version(
    champion: Loaded, challenger: Loaded | None, values: Mapping[str, Sequence[Any]], rows: Sequence[Mapping[str, Any]], moments: Sequence[int]
) -> dict[int, Scored]:
    """Every released version's scores and decisions; ``values`` are the champion's inputs, which versions with the same features share."""
    scored = {champion.version: _scored(champion, values, rows)}
    if challenger is not None:
        same = challenger.questions is champion.questions
        others = values if same else challenger.questions.values(rows, moments, challenger.fold)
        scored[challenger.version] = _scored(challenger, others, rows)
    return scored


def _scored(loaded: Loaded, values: Mapping[str, Sequence[Any]], rows: Sequence[Mapping[str, Any]]) -> Scored:
    """Scores and decisions; columns that the costs read need be no inputs of the model: then they come with the question."""
    bundle = loaded.bundle
    names = [column.name for column in bundle.schema]
    costs = {c: values[c] if c in values else [row[c] for row in rows] for c in bundle.scoring.decision.columns}
    if len(rows) == 1:
        score = bundle.score_row({name: values[name][0] for name in names})
        return [score], bundle.decide(np.array([score], np.float64), costs).tolist()
    scores = bundle.score({name: values[name] for name in names})
    return scores.tolist(), bundle.decide(scores, costs).tolist()


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and value != value else value


def _answer(name: str, record: Prediction, given: Loaded, reasons: list[tuple[str, float]] | None) -> dict[str, Any]:
    answer = {
        "id": record.id,
        "endpoint": name,
        "version": record.version,
        "variant": record.variant,
        "asked_at": iso(record.q),
        "score": record.score,
        "decision": _decided(record.decision, given.bundle),
        "hold": record.held,
    }
    if reasons is not None:
        answer["reasons"] = [{"input": n, "adds": v} for n, v in reasons[:8]]
    return answer


def _decided(decision: int, bundle: Bundle) -> Any:
    """A decision in words; a class by its label; None where the score itself is the answer."""
    if bundle.scoring.classes:
        return bundle.scoring.classes[decision]
    if bundle.scoring.decision.kind == "number":
        return None
    return {YES: "yes", NO: "no", REFER: "refer"}[decision]
