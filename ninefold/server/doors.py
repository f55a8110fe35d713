"""The doors through which rows come in: events, updates of tables, questions, outcomes. Journal first, then everything else."""

from typing import Any

import msgspec

from ninefold.clock import micros
from ninefold.errors import DeniedError, NotFoundError, UsageError, closest
from ninefold.features.rows import NEVER
from ninefold.server.runtime import Runtime
from ninefold.web.call import Call
from ninefold.web.route import Route, route

SENDS = ("service", "operator", "scientist", "administrator")
_encode = msgspec.json.encode


def routes(runtime: Runtime) -> list[Route]:
    """The doors of one project."""
    doors = Doors(runtime)
    return [
        route("POST", "/events/{name}", doors.events, who=SENDS, summary="Collect events: one object or a list.", body=Any, accepts=("application/json", "text/plain")),
        route("POST", "/tables/{name}", doors.updates, who=SENDS, summary="Update rows of a table: key, and the columns that are known now.", body=Any),
        route("POST", "/predict/{name}", doors.predict, who=SENDS, summary="Answer one question or a list.", body=Any),
        route("POST", "/outcomes/{name}", doors.outcomes, who=SENDS, summary="Tell what came true.", body=Any),
        route("POST", "/decisions/{name}", doors.decisions, who=SENDS, summary="Tell what was done about answers.", body=Any),
    ]


class Doors:
    """Handlers over one runtime."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime

    async def events(self, call: Call, body: Any, name: str) -> dict[str, Any]:
        """Collect events. They are on disk when the answer comes; an event id that came before is counted once."""
        shape = self.runtime.events.get(name)
        if shape is None:
            raise NotFoundError(f'no events are collected as "{name}"', hint=closest(name, self.runtime.events))
        taken = shape.validate(body, received_at=self.runtime.clock.now())
        personal = [t.personal for t in taken if t.personal is not None]
        if personal:
            await self.runtime.journal(f"personal/{name}").append_async(personal)
        await self.runtime.journal(f"events/{name}").append_async([t.row for t in taken])
        return {"accepted": len(taken), "ids": [t.id for t in taken]}

    async def updates(self, call: Call, body: Any, name: str) -> dict[str, Any]:
        """Take in updates: the journal, then the online features, then outcomes. In a replay the declared known time stands."""
        runtime = self.runtime
        door = runtime.doors.get(name)
        if door is None:
            raise NotFoundError(f'there is no table "{name}" that takes updates', hint=closest(name, runtime.doors))
        replayed = self._replayed(call)
        rows = door.rows(body)
        now = None if replayed else runtime.clock.now()
        payloads, told = [], []
        for row, given in rows:
            runtime.order += 1
            payloads.append(door.payload(row, given, received=now, order=runtime.order))
            for endpoint, label in runtime.labels.get(name, ()):
                if label in given:
                    told.append((endpoint, _outcome(door, row, label, now)))
        await runtime.journal(f"updates/{name}").append_async(payloads)
        plain = [row for row, _ in rows]
        for fold in runtime.folds.values():
            fold.apply(name, plain, now)
        for endpoint in {e for e, _ in told}:
            await runtime.journal(f"outcomes/{endpoint}").append_async([p for e, p in told if e == endpoint])
        return {"accepted": len(rows)}

    async def predict(self, call: Call, body: Any, name: str) -> Any:
        """Answer. ``{"asked_at": …}`` in a question is for a replay only: who sets the clock chooses the features."""
        started = call.read_at
        service = self.runtime.service(name)
        replayed = self._replayed(call)
        body, moments = _moments(body) if replayed else (body, None)
        explain = call.query().get("explain") in {"1", "true"}
        answers, records = service.answer(
            body, q=moments, explain=explain, caller=getattr(call.who, "name", "") or "", started=started,
        )
        await self.runtime.journal(f"predictions/{name}", strict=self.runtime.strict(name)).append_async(records)
        return answers if isinstance(body, list) else answers[0]

    async def outcomes(self, call: Call, body: Any, name: str) -> dict[str, Any]:
        """Outcomes by key: ``{"key": {...}, "value": …, "at": …}``; a null value calls the question void."""
        service = self.runtime.service(name)
        assert service.champion is not None
        many = body if isinstance(body, list) else [body]
        payloads = []
        for i, item in enumerate(many):
            if not isinstance(item, dict) or not isinstance(item.get("key"), dict) or "value" not in item:
                raise UsageError("an outcome has a key and a value", where=f"[{i}]", hint='{"key": {"flight_id": "..."}, "value": true}')
            missing = [c for c in service.champion.questions.request.key if c not in item["key"]]
            if missing:
                raise UsageError(f'the key has no "{missing[0]}"', where=f"[{i}].key", hint=f"give {', '.join(service.champion.questions.request.key)}")
            told = micros(item["at"]) if item.get("at") else self.runtime.clock.now()
            payloads.append(_encode({"key": service.champion.questions.key(item["key"]), "value": _encode(item["value"]).decode(), "told": told}))
        await self.runtime.journal(f"outcomes/{name}").append_async(payloads)
        return {"accepted": len(payloads)}

    async def decisions(self, call: Call, body: Any, name: str) -> dict[str, Any]:
        """What was done about answers: ``{"prediction": id, "action": "…", "by": "…"}``."""
        self.runtime.service(name)
        many = body if isinstance(body, list) else [body]
        for i, item in enumerate(many):
            if not isinstance(item, dict) or not isinstance(item.get("prediction"), str) or not isinstance(item.get("action"), str):
                raise UsageError("a decision has a prediction and an action", where=f"[{i}]", hint='{"prediction": "<id>", "action": "called", "by": "ada"}')
        now = self.runtime.clock.now()
        rows = [_encode({"prediction": m["prediction"], "action": m["action"], "by": m.get("by"), "at": now}) for m in many]
        await self.runtime.journal(f"decisions/{name}").append_async(rows)
        return {"accepted": len(rows)}

    def _replayed(self, call: Call) -> bool:
        token = call.headers.get("x-ninefold-replay")
        if token is None:
            return False
        if self.runtime.replay is None or token != self.runtime.replay:
            raise DeniedError("the server is not in a replay, or the token is another one")
        return True


def _moments(body: Any) -> tuple[Any, list[int]]:
    many = body if isinstance(body, list) else [body]
    moments = []
    for item in many:
        at = item.pop("asked_at", None) if isinstance(item, dict) else None
        if at is None:
            raise UsageError("a replayed question has no asked_at")
        moments.append(micros(at))
    return body, moments


def _outcome(door: Any, row: dict[str, Any], label: str, now: int | None) -> bytes:
    """The outcome in an update: the label's value, told when it was received, or (a backfill) when it was known."""
    known = dict(door.table.later).get(label) or door.table.known
    stated = row.get(known.column) if known is not None else None
    declared = stated + known.offset if isinstance(stated, int) else None
    told = max((t for t in (declared, now) if t is not None), default=NEVER)
    return _encode({"key": _encode([row[c] for c in door.table.key]).decode(), "value": _encode(row[label]).decode(), "told": told})


