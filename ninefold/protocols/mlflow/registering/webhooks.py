"""Webhooks: who hears of changes of the registry."""

from typing import Any

from ninefold.clock import now
from ninefold.errors import NinefoldError, NotFoundError
from ninefold.ids import new_id
from ninefold.notify.telling import Ours, Tongue, send, tongue_of
from ninefold.notify.webhooks import Webhook, Webhooks
from ninefold.protocols.mlflow.endpoint import WRITES, Endpoint
from ninefold.protocols.mlflow.errors import GONE, INVALID, WireError, missing, said
from ninefold.protocols.mlflow.registering.registered import who
from ninefold.protocols.mlflow.registering.told import EVENTS, PREFIX, Told, body_of, example
from ninefold.protocols.mlflow.tracking import Place
from ninefold.protocols.mlflow.wire import Int64, Message, filled, millis, need
from ninefold.web.call import Call

STATUS = {"active": "ACTIVE", "disabled": "DISABLED"}
MOST = 1000
_TONGUES: list[Tongue] = [Ours(), Told()]


class Event(Message):
    """What a webhook is told of: an action on a kind of thing, such as created on a registered model."""

    entity: str | None = None
    action: str | None = None


class Create(Message):
    """A webhook to set up, or the fields of one to change. The secret signs what is sent, and is never answered."""

    name: str | None = None
    url: str | None = None
    events: list[Event] | None = None
    description: str | None = None
    secret: str | None = None
    status: str | None = None


class Listing(Message):
    """How many webhooks at most, after which page."""

    max_results: Int64 | None = None
    page_token: str | None = None


class Test(Message):
    """The event of which an example is sent; none: the first of the webhook's own."""

    event: Event | None = None


def create(place: Place, body: Create, call: Call) -> dict[str, Any]:
    """Set up a webhook: an address that is told of events."""
    name, url, events = need(body.name, "name"), need(body.url, "url"), _events(body.events)
    status = _status(body.status) or "active"
    told, secret = body.description or "", body.secret or None
    made = of(place).create(name, url, events, description=told, secret=secret, status=status, actor=who(call))
    return {"webhook": shown(made)}


def page(place: Place, query: Listing, call: Call) -> dict[str, Any]:
    """The webhooks, the newest first."""
    limit = query.max_results or 100
    if not 1 <= limit <= MOST:
        raise WireError(INVALID, f"max_results must be between 1 and {MOST}.")
    found = of(place).list(limit=limit + 1, after=query.page_token or None)
    more = found[limit - 1].id if len(found) > limit else None
    return filled(webhooks=[shown(hook) for hook in found[:limit]], next_page_token=more)


def get(place: Place, query: Message, call: Call) -> dict[str, Any]:
    """A webhook, without its secret."""
    return {"webhook": shown(_found(place, call))}


def update(place: Place, body: Create, call: Call) -> dict[str, Any]:
    """Change a webhook; what is not given stays."""
    found = _found(place, call)
    events = _events(body.events) if body.events else None
    given = {"name": body.name, "url": body.url, "events": events, "description": body.description, "status": _status(body.status)}
    changes = {name: value for name, value in given.items() if value is not None and (value != "" or name == "description")}
    return {"webhook": shown(of(place).update(found.id, actor=who(call), secret=body.secret, **changes))}


def delete(place: Place, body: Message, call: Call) -> dict[str, Any]:
    """Delete a webhook."""
    of(place).remove(_found(place, call).id, actor=who(call))
    return {}


def test(place: Place, body: Test, call: Call) -> dict[str, Any]:
    """Send an example of an event to a webhook; what became of it. What the other side says is not shown."""
    found = _found(place, call)
    event = _events([body.event])[0] if body.event is not None else next((e for e in found.events if e.startswith(PREFIX)), found.events[0])
    payload = body_of(event.removeprefix(PREFIX), example(event.removeprefix(PREFIX)), at=now())
    try:
        status = send(of(place), found.id, found.url, tongue_of(event, _TONGUES), payload, new_id())
    except NinefoldError as error:
        return {"result": {"success": False, "error_message": said(error)}}
    except OSError as error:
        return {"result": {"success": False, "error_message": f"Failed to test webhook: {error}"}}
    return {"result": {"success": status < 400, "response_status": status}}


def of(place: Place) -> Webhooks:
    """The webhooks of a project."""
    settings = place.home.settings
    return Webhooks(place.ledger, place.project, settings.home, private=settings.webhook_addresses == "any")


def shown(hook: Webhook) -> dict[str, Any]:
    """A webhook as clients read it. Events of our own that the protocol has no word for are left out."""
    events = [event.removeprefix(PREFIX).upper().partition(".") for event in hook.events if event.startswith(PREFIX)]
    return filled(
        webhook_id=hook.id,
        name=hook.name,
        description=hook.description or None,
        url=hook.url,
        events=[{"entity": entity, "action": action} for entity, _, action in events],
        status=STATUS[hook.status],
        creation_timestamp=millis(hook.created),
        last_updated_timestamp=millis(hook.updated),
    )


def _found(place: Place, call: Call) -> Webhook:
    id = call.params["webhook_id"]
    try:
        return of(place).get(id)
    except NotFoundError:
        raise WireError(GONE, f"Webhook with ID {id[:80]} not found.") from None


def _status(given: str | None) -> str | None:
    if not given:
        return None
    if given.lower() not in STATUS:
        raise WireError(INVALID, f"Invalid webhook status: {given[:80]}. It is one of {', '.join(STATUS.values())}.")
    return given.lower()


def _events(given: list[Event] | None) -> list[str]:
    if not given:
        raise missing("events")
    found = []
    for event in given:
        entity, action = (event.entity or "").lower(), (event.action or "").lower()
        if entity not in EVENTS:
            raise WireError(INVALID, f"Invalid entity '{entity[:80]}' of a webhook event. Valid entities are: {sorted(EVENTS)}")
        if action not in EVENTS[entity]:
            raise WireError(INVALID, f"Invalid action '{action[:80]}' for entity '{entity}'. Valid actions are: {sorted(EVENTS[entity])}")
        found.append(f"{PREFIX}{entity}.{action}")
    return found


ENDPOINTS = [
    Endpoint("POST", "webhooks", create, Create, WRITES, "nice"),
    Endpoint("GET", "webhooks", page, Listing, WRITES, "nice"),
    Endpoint("GET", "webhooks/{webhook_id}", get, Message, WRITES, "nice"),
    Endpoint("PATCH", "webhooks/{webhook_id}", update, Create, WRITES, "nice"),
    Endpoint("DELETE", "webhooks/{webhook_id}", delete, Message, WRITES, "nice"),
    Endpoint("POST", "webhooks/{webhook_id}/test", test, Test, WRITES, "nice"),
]
