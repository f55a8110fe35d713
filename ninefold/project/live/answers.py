"""Single answers: found by their id in the log of any endpoint, with what came true and what was done about them."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from ninefold.endpoints import predictions as log
from ninefold.endpoints.predictions import Prediction
from ninefold.errors import NotFoundError
from ninefold.project.home import Home

if TYPE_CHECKING:
    import polars as pl

_RELEASED = "select distinct endpoint from releases where project = ? order by endpoint"
_TEXTS = ("row", "values", "scores", "decisions")


def endpoints(home: Home) -> list[str]:
    """The endpoints to which anything was ever released."""
    return [row["endpoint"] for row in home.ledger.all(_RELEASED, home.project)]


def find(home: Home, id: str) -> tuple[str, Prediction]:
    """The endpoint that gave the answer ``id``, and its record. Raises NotFoundError."""
    for endpoint in endpoints(home):
        rows = _rows(home, "predictions", endpoint, log.frame)
        found = _where(rows, "id", id)
        if found:
            return endpoint, _record(found[0])
    raise NotFoundError(f'there is no prediction "{id}" in {home.project}', hint="list them: ninefold endpoints answers ENDPOINT")


def outcome(home: Home, endpoint: str, key: str) -> dict[str, Any] | None:
    """What came true of a key, as it was told first: ``value`` and ``told`` (µs); None while it is open."""
    from ninefold.project.live.production import outcomes_frame

    found = _where(_rows(home, "outcomes", endpoint, outcomes_frame), "key", key)
    first = min(found, key=lambda row: row["told"], default=None)
    return None if first is None else {"value": msgspec.json.decode(first["value"]), "told": first["told"]}


def acts(home: Home, endpoint: str, id: str) -> list[dict[str, Any]]:
    """What was done about an answer: ``action``, ``by``, ``at`` (µs), in order."""
    return sorted(_where(_rows(home, "decisions", endpoint, decisions_frame), "prediction", id), key=lambda row: row["at"])


def decisions_frame(payloads: list[bytes]) -> "pl.DataFrame":
    """Decisions of journal payloads."""
    import polars as pl

    schema = {"prediction": pl.String(), "action": pl.String(), "by": pl.String(), "at": pl.Int64()}
    return pl.read_ndjson(b"\n".join(payloads), schema=schema) if payloads else pl.DataFrame(schema=schema)


def _rows(home: Home, kind: str, name: str, decode: Callable[[list[bytes]], Any]) -> "pl.LazyFrame":
    from ninefold.lake.roll import scan_both

    return scan_both(home.stored(kind, name), home.journal(f"{kind}/{name}"), decode, name=f"{kind}/{name}")


def _where(rows: "pl.LazyFrame", column: str, value: str) -> list[dict[str, Any]]:
    import polars as pl

    return rows.filter(pl.col(column) == value).collect().to_dicts()


def _record(row: dict[str, Any]) -> Prediction:
    decoded = {name: msgspec.json.decode(row[name]) for name in _TEXTS}
    times = {name: _micros(row[name]) for name in ("at", "q")}
    record = {**row, **decoded, **times}
    if record["score"] is None:  # of several classes: the list lies with the scores
        record["score"] = decoded["scores"].get(str(row["version"]))
    return msgspec.convert(record, Prediction)


def _micros(at: Any) -> int:
    from ninefold.clock import micros

    return micros(at)
