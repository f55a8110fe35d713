"""Questions and what follows them: answers, reasons, what was done, what came true."""

import asyncio
from collections.abc import Mapping
from typing import Any

import msgspec

from ninefold.endpoints.retries import Given, question_of
from ninefold.endpoints.service import Service
from ninefold.errors import UsageError
from ninefold.ids import is_id
from ninefold.models.records import version as version_of
from ninefold.project.explaining.why import release_of
from ninefold.project.live.answers import find
from ninefold.project.live.sealed import bundle_of
from ninefold.server.doors import SENDS, in_replay
from ninefold.server.runtime import Runtime
from ninefold.tables.incoming import time_of
from ninefold.web.call import Call
from ninefold.web.route import Route, route

READS = (*SENDS, "viewer", "approver", "auditor")
_encode = msgspec.json.encode


def routes(runtime: Runtime) -> list[Route]:
    """What an endpoint offers over HTTP."""
    asking = Asking(runtime)
    return [
        route("POST", "/predict/{name}", asking.predict, who=SENDS, summary="Answer one question or a list.", body=Any, reach="served"),
        route(
            "GET", "/explain/{id}", asking.explain, who=READS, summary="What each input added to an answer's score.", blocking=True, reach="served"
        ),
        route("POST", "/outcomes/{name}", asking.outcomes, who=SENDS, summary="Tell what came true.", body=Any, reach="served"),
        route("POST", "/decisions/{name}", asking.decisions, who=SENDS, summary="Tell what was done about answers.", body=Any, reach="served"),
    ]


class Asking:
    """Handlers over one runtime."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime

    async def predict(self, call: Call, body: Any, name: str) -> Any:
        """Answer. With an Idempotency-Key the same question again gets the same answer, and is logged once.

        ``asked_at`` in a question is for a replay only: who sets the clock chooses the features.
        """
        service = self.runtime.service(name)
        key = call.headers.get("idempotency-key")
        if key is None:
            answers, written = self._answered(service, call, body, None)
            await written
            return answers
        question = question_of(body)
        given = service.retries.find(key, question)
        if given is None:
            answers, written = self._answered(service, call, body, (key, question))
            given = Given(question, answers, written)
            service.retries.keep(key, given)
        if given.written is not None:
            try:
                await asyncio.shield(given.written)  # a client that goes away takes nobody else's answer along
            except BaseException:  # not on disk, so never given; also where the request was cancelled first
                if given.written.done():
                    service.retries.forget(key)
                raise
            given.written = None
        return given.answer

    def _answered(self, service: Service, call: Call, body: Any, retry: tuple[str, str] | None) -> tuple[Any, "asyncio.Future[None]"]:
        asked, moments = _moments(body) if in_replay(self.runtime, call) else (body, None)
        explain = call.query().get("explain") in {"1", "true"}
        caller = getattr(call.who, "name", "") or ""
        answers, records = service.answer(asked, q=moments, explain=explain, caller=caller, started=call.read_at, retry=retry)
        log = self.runtime.journal(f"predictions/{service.name}", strict=self.runtime.strict(service.name))
        return answers if isinstance(body, list) else answers[0], log.append_async(records)

    def explain(self, call: Call, id: str) -> dict[str, Any]:
        """What each input of an answer added to its score before the link, the largest first, by the version that gave it."""
        endpoint, record = find(self.runtime.home, id)
        service = self.runtime.service(endpoint)
        open_ = [v for v in (service.champion, service.challenger) if v is not None and v.version == record.version]
        bundle = open_[0].bundle if open_ else self._bundle(endpoint, record.version, record.at)
        added = bundle.explain({c.name: [record.values.get(c.name)] for c in bundle.schema})[0]
        inputs = [{"input": n, "value": record.values.get(n), "adds": a} for n, a in added]
        return {"id": id, "endpoint": endpoint, "version": record.version, "score": record.score, "inputs": inputs}

    def _bundle(self, endpoint: str, number: int, at: int) -> Any:
        home = self.runtime.home
        made = version_of(home.ledger, home.project, release_of(home, endpoint, number, at).body["model"], number)
        return bundle_of(home, made)

    async def outcomes(self, call: Call, body: Any, name: str) -> dict[str, Any]:
        """Outcomes by key: ``{"key": {...}, "value": …, "at": …}``; a null value calls the question void. The first that is told counts."""
        service = self.runtime.service(name)
        assert service.champion is not None
        if not service.champion.questions.request.key:
            why = f'"{name}" answers with a registered version: its questions have no key, and no problem says what is true'
            raise UsageError(why, hint="declare a problem, and let the version compete: nf.existing(...)")
        questions, payloads = service.champion.questions, []
        for place, item in _items(body, '{"key": {"order_id": 7}, "value": true}', "key", "value"):
            told = time_of("at", item["at"], place=place) if item.get("at") is not None else self.runtime.clock.now()
            value = self._value(name, item["value"], place)
            payloads.append(_encode({"key": questions.key_of(item["key"], f"{place}.key"), "value": _encode(value).decode(), "told": told}))
        await self.runtime.journal(f"outcomes/{name}").append_async(payloads)
        return {"accepted": len(payloads)}

    def _value(self, endpoint: str, value: Any, place: str) -> Any:
        """An outcome of the target's kind, or null."""
        graph = self.runtime.graph
        assert graph is not None
        model = graph.resolve(graph.things[endpoint].model, ("model",))[1]  # type: ignore[attr-defined]
        kind = graph.resolve(model.problem, ("problem",))[1].predict.kind
        fits = {"binary": isinstance(value, bool), "regression": isinstance(value, (int, float)) and not isinstance(value, bool)}
        if value is not None and not fits.get(kind, isinstance(value, (str, int, bool))):
            wanted = {"binary": "true or false", "regression": "a number"}.get(kind, "a class")
            raise UsageError(f"the outcome is {type(value).__name__}, expected {wanted}", where=f"{place}.value", hint="null calls the question void")
        return value

    async def decisions(self, call: Call, body: Any, name: str) -> dict[str, Any]:
        """What was done about answers: ``{"prediction": id, "action": "…", "by": "…"}``."""
        self.runtime.service(name)
        now, rows = self.runtime.clock.now(), []
        for place, item in _items(body, '{"prediction": "<id>", "action": "called", "by": "ada"}', "prediction", "action"):
            for field in ("prediction", "action", "by"):
                if not isinstance(item.get(field, ""), (str, type(None))) or (field != "by" and not item[field]):
                    raise UsageError(f'"{field}" is no text', where=f"{place}.{field}", hint="write a text in quotes")
            if not is_id(item["prediction"]):
                hint = 'POST /predict answers with it: {"id": …}'
                raise UsageError(f'"{item["prediction"][:60]}" is no id of an answer', where=f"{place}.prediction", hint=hint)
            rows.append(_encode({"prediction": item["prediction"], "action": item["action"], "by": item.get("by"), "at": now}))
        await self.runtime.journal(f"decisions/{name}").append_async(rows)
        return {"accepted": len(rows)}


def _items(body: Any, example: str, *needs: str) -> list[tuple[str, Mapping[str, Any]]]:
    """The objects of a body (one, or a list) with their places, each with the fields that it needs."""
    found = []
    for i, item in enumerate(body if isinstance(body, list) else [body]):
        place = f"[{i}]" if isinstance(body, list) else ""
        missing = [n for n in needs if not isinstance(item, dict) or n not in item]
        if missing:
            raise UsageError(f'there is no "{missing[0]}"', where=place, hint=f"send {example}")
        found.append((place, item))
    if not found:
        raise UsageError("the list is empty", hint=f"send {example}")
    return found


def _moments(body: Any) -> tuple[Any, list[int]]:
    """The questions of a replay without their decision times, and these."""
    many = body if isinstance(body, list) else [body]
    rows, moments = [], []
    for i, item in enumerate(many):
        if not isinstance(item, dict) or "asked_at" not in item:
            raise UsageError("a replayed question has no asked_at", where=f"[{i}]", hint='{"asked_at": "2013-10-01T00:00:00Z", …}')
        rows.append({k: v for k, v in item.items() if k != "asked_at"})
        moments.append(time_of("asked_at", item["asked_at"], place=f"[{i}]"))
    return rows if isinstance(body, list) else rows[0], moments
