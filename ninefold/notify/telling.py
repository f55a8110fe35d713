"""From facts to webhooks: each fact that somebody wants to hear of becomes a message in the outbox, once; and its delivery."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import msgspec

from ninefold.clock import iso
from ninefold.errors import CorruptError, NotFoundError
from ninefold.ledger import Fact, Ledger, Tx
from ninefold.notify import outbox
from ninefold.notify.channels import KEY, SIGNATURE, signed
from ninefold.notify.outbox import Message
from ninefold.notify.reach import reachable
from ninefold.notify.webhooks import SCHEME, SQL, Webhooks

AT_ONCE = 200
SECONDS = 10.0


class Tongue(Protocol):
    """How facts are told. ``kinds`` are the facts that it knows (empty: every kind); its events begin with ``prefix``."""

    prefix: str
    kinds: Sequence[str]

    def told(self, ledger: Ledger, fact: Fact) -> tuple[str, dict[str, Any]] | None:
        """The event (with its prefix) and the body that is sent; None where there is nothing to tell."""
        ...

    def headers(self, body: bytes, id: str, at: int, secret: str | None) -> dict[str, str]:
        """What is sent beside the body: the delivery's id, the time (seconds), the signature where there is a secret."""
        ...


class Ours:
    """Facts as they are, under their own kinds: ``version.registered``, ``release.started``, ``incident.opened``, …"""

    prefix: str = ""
    kinds: Sequence[str] = ()

    def told(self, ledger: Ledger, fact: Fact) -> tuple[str, dict[str, Any]] | None:
        """The fact."""
        said = {"event": fact.kind, "subject": fact.subject, "at": iso(fact.at), "by": fact.actor, "fact": fact.seq, "body": fact.body}
        return fact.kind, said

    def headers(self, body: bytes, id: str, at: int, secret: str | None) -> dict[str, str]:
        """The headers that all our messages have."""
        return {KEY: id, **({SIGNATURE: signed(body, secret, at)} if secret else {})}


def spread(ledger: Ledger, tongues: Sequence[Tongue]) -> int:
    """Put what happened since the last look into the outbox, for each active webhook that wants it; how many messages."""
    hooks = [{**dict(row), "events": msgspec.json.decode(row["events"])} for row in ledger.all(SQL["active"])]
    if not hooks:
        return 0
    row = ledger.one(SQL["seen"])
    seen, head = int(row["value"]) if row is not None else 0, ledger.head()
    after = max(seen, min(int(hook["since"]) for hook in hooks))
    if after >= head:
        return 0
    wanted = {event for hook in hooks for event in hook["events"]}
    kinds = sorted({k for t in tongues for k in t.kinds if any(e.startswith(t.prefix) for e in wanted)} | {e for e in wanted if ":" not in e})
    facts = ledger.facts(after=after, kind=kinds, limit=AT_ONCE)
    upto = facts[-1].seq if len(facts) == AT_ONCE else head
    messages = [m for fact in facts for m in _messages(ledger, tongues, hooks, fact)]

    def post(tx: Tx) -> None:
        for project, url, subject, body, at in messages:
            outbox.post(tx, project, [url], subject, body, at=at)
        tx.execute(SQL["see"], str(upto))

    ledger.write(post)
    return len(messages)


def _messages(
    ledger: Ledger, tongues: Sequence[Tongue], hooks: Sequence[Mapping[str, Any]], fact: Fact
) -> list[tuple[str, str, str, dict[str, Any], int]]:
    project, found = fact.subject.partition("/")[0], []
    for tongue in tongues:
        hearing = [h for h in hooks if h["project"] == project and fact.seq > h["since"] and any(e.startswith(tongue.prefix) for e in h["events"])]
        told = tongue.told(ledger, fact) if hearing and (not tongue.kinds or fact.kind in tongue.kinds) else None
        if told is None:
            continue
        event, payload = told
        found += [(project, f"{SCHEME}{h['id']}", event, {"payload": payload}, fact.at) for h in hearing if event in h["events"]]
    return found


def deliver(message: Message, webhooks: Callable[[str], Webhooks], tongues: Sequence[Tongue]) -> None:
    """Send a message to its webhook: returns when the other side has taken it, and raises where it has not. A webhook that is gone, or
    disabled, is NotFoundError.
    """
    known = webhooks(message.project)
    hook = known.get(message.url.removeprefix(SCHEME))
    if hook.status != "active":
        raise NotFoundError("the webhook is disabled")
    status = send(known, hook.id, hook.url, tongue_of(message.subject, tongues), message.body["payload"], message.id)
    if not 200 <= status < 300:
        raise OSError(f"the webhook answered {status}")


def send(known: Webhooks, hook: str, url: str, tongue: Tongue, payload: dict[str, Any], id: str) -> int:
    """Send a body to a webhook's URL; the status of the answer, of which nothing else is read.

    The address is resolved once, judged, and the connection goes there: a name that means another address the next moment changes
    nothing. No redirect is followed, and no proxy of the environment asked.
    """
    import httpx2

    pinned, body = reachable(url, private=known.private), json.dumps(payload, ensure_ascii=False).encode()
    secret = known.secret(hook)
    headers = {"Content-Type": "application/json", "Host": pinned.host, "User-Agent": "ninefold"}
    headers |= tongue.headers(body, id, int(time.time()), secret)
    client = httpx2.Client(timeout=SECONDS, follow_redirects=False, trust_env=False)
    extensions = {"sni_hostname": pinned.name}
    try:
        with client, client.stream("POST", pinned.url, content=body, headers=headers, extensions=extensions) as answer:
            return int(answer.status_code)
    except httpx2.HTTPError as error:
        # its text may name the URL, whose path may be secret
        raise OSError(f"{pinned.name} was not reached: {type(error).__name__}") from None


def tongue_of(event: str, tongues: Sequence[Tongue]) -> Tongue:
    """The tongue in which an event is told."""
    fitting = [t for t in tongues if event.startswith(t.prefix)]
    if not fitting:
        raise CorruptError(f'nobody knows the event "{event}"')
    return max(fitting, key=lambda t: len(t.prefix))
