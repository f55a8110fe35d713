"""The doors through which rows come in: events, rows of sources, updates of tables. Journal first, then everything else."""

import secrets
from typing import Any

import msgspec

from ninefold.errors import DeniedError, NotFoundError, closest
from ninefold.features.rows import NEVER
from ninefold.server.runtime import Runtime
from ninefold.sources import posted
from ninefold.tables.incoming import Incoming
from ninefold.web.call import Call
from ninefold.web.route import Route, route

SENDS = ("service", "operator", "scientist", "administrator")
_TEXT = ("application/json", "text/plain")  # pages send events as they are left, without asking first
_encode = msgspec.json.encode


def routes(runtime: Runtime) -> list[Route]:
    """The doors of one project."""
    doors = Doors(runtime)
    events, updates = "Collect events: one object or a list.", "Update rows of a table: key, and the columns known now."
    return [
        route("POST", "/events/{name}", doors.events, who=SENDS, summary=events, body=Any, accepts=_TEXT, reach="served"),
        route("POST", "/sources/{name}", doors.rows, who=SENDS, summary="Post rows to a source without a location.", body=Any, reach="served"),
        route("POST", "/tables/{name}", doors.updates, who=SENDS, summary=updates, body=Any, reach="served"),
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

    async def rows(self, call: Call, body: Any, name: str) -> dict[str, Any]:
        """Take in rows of a source. They are on disk when the answer comes; with an Idempotency-Key a retry counts once."""
        known = [stream.partition("/")[2] for stream in list(self.runtime.decoders) if stream.startswith("rows/")]
        if name not in known:
            raise NotFoundError(f'no rows are posted to "{name}"', hint=closest(name, known) if known else "declare it: name = nf.Source()")
        taken = posted.payloads(body, at=self.runtime.clock.now(), batch=call.headers.get("idempotency-key"))
        await self.runtime.journal(f"rows/{name}").append_async(taken)
        return {"accepted": len(taken)}

    async def updates(self, call: Call, body: Any, name: str) -> dict[str, Any]:
        """Take in updates: the journal, then the online features, then outcomes. In a replay the declared known time stands."""
        runtime = self.runtime
        door = runtime.doors.get(name)
        if door is None:
            raise NotFoundError(f'there is no table "{name}" that takes updates', hint=closest(name, runtime.doors))
        now = None if in_replay(runtime, call) else runtime.clock.now()
        taken = [(runtime.numbered(), row, given) for row, given in door.rows(body)]
        payloads = [door.payload(row, given, received=now, order=order) for order, row, given in taken]
        await runtime.journal(f"updates/{name}").append_async(payloads)
        runtime.apply(name, [(order, row) for order, row, _ in taken], now)
        for endpoint, label in runtime.labels.get(name, ()):
            told = [outcome(door, row, label, now) for _, row, given in taken if label in given]
            if told:
                await runtime.journal(f"outcomes/{endpoint}").append_async(told)
        return {"accepted": len(taken)}


def in_replay(runtime: Runtime, call: Call) -> bool:
    """Whether the request comes from the replay that this server is in; DeniedError for a token that is not its."""
    token = call.headers.get("x-ninefold-replay")
    if token is None:
        return False
    if runtime.replay is None or not secrets.compare_digest(token.encode(), runtime.replay.encode()):
        raise DeniedError("the server is not in a replay, or the token is another one", hint="leave out the header x-ninefold-replay")
    return True


def outcome(door: Incoming, row: dict[str, Any], label: str, now: int | None) -> bytes:
    """The outcome in an update: the label's value, told when it was received, or (a backfill) when it was known."""
    known = dict(door.table.later).get(label) or door.table.known
    stated = row.get(known.column) if known is not None else None
    declared = stated + known.offset if known is not None and isinstance(stated, int) else None
    told = max((t for t in (declared, now) if t is not None), default=NEVER)
    return _encode({"key": _encode([row[c] for c in door.table.key]).decode(), "value": _encode(row[label]).decode(), "told": told})
