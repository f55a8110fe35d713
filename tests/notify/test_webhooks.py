"""Webhooks that clients set up: told once of what they asked for, signed; no address but public ones; no secret in the open."""

import json
import socket
import sqlite3
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ninefold import config
from ninefold.errors import NotFoundError, UsageError
from ninefold.ledger import Ledger
from ninefold.models.registry import Registry
from ninefold.notify import outbox
from ninefold.notify.courier import Courier
from ninefold.notify.reach import reachable
from ninefold.notify.webhooks import Webhooks

sys.path.append(str(Path(__file__).parent))

from listening import hook_server

SECRET = "s3cret-of-the-hook"


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(f"sqlite:///{tmp_path / 'ledger.db'}", home=tmp_path) as opened:
        yield opened


@pytest.fixture
def courier(ledger: Ledger, tmp_path: Path) -> Courier:
    return Courier(ledger, replace(config.load(tmp_path), home=tmp_path, webhook_addresses="any"), clock=lambda: outbox.now() + 1)


@pytest.fixture
def hooks(courier: Courier) -> Webhooks:
    return courier.webhooks("shop")


def tell(courier: Courier) -> int:
    courier.spread()
    return courier.deliver()


def test_what_happens_from_then_on_is_told_once(courier: Courier, hooks: Webhooks, ledger: Ledger) -> None:
    registry, other = Registry(ledger, "shop"), Registry(ledger, "other")
    registry.create("before")
    with hook_server() as server:
        hook = hooks.create("chat", f"http://127.0.0.1:{server.server_port}/x", ["model.registered"], secret=SECRET)
        registry.create("churn", actor="ada")
        registry.set_tag("churn", "k", "v")
        other.create("churn")
        assert (tell(courier), tell(courier)) == (1, 0)
        hooks.update(hook.id, status="disabled")
        registry.create("later")
        assert tell(courier) == 0
    headers, body = server.taken[0]
    told = json.loads(body)
    assert (told["event"], told["subject"], told["by"]) == ("model.registered", "shop/model/churn", "ada")
    assert headers["Ninefold-Signature"].startswith("t=")
    assert headers["Idempotency-Key"]
    assert len(server.taken) == 1


def test_a_courier_that_starts_again_tells_nothing_twice(courier: Courier, hooks: Webhooks, ledger: Ledger) -> None:
    with hook_server(503) as server:
        hooks.create("chat", f"http://127.0.0.1:{server.server_port}/x", ["model.registered"])
        Registry(ledger, "shop").create("churn")
        assert tell(courier) == 0
        again = Courier(ledger, courier.settings, clock=lambda: outbox.now() + 60_000_000)
        assert (tell(again), tell(again)) == (1, 0)
    assert len({headers["Idempotency-Key"] for headers, _ in server.taken}) == 1
    assert len(server.taken) == 2


def test_a_webhook_that_is_gone_is_told_no_more(courier: Courier, hooks: Webhooks, ledger: Ledger) -> None:
    with hook_server() as server:
        hook = hooks.create("chat", f"http://127.0.0.1:{server.server_port}/x", ["model.registered"])
        Registry(ledger, "shop").create("churn")
        courier.spread()
        hooks.remove(hook.id)
        assert courier.deliver() == 0
    assert server.taken == []
    with pytest.raises(NotFoundError):
        hooks.get(hook.id)


def test_a_redirect_is_not_followed(courier: Courier, hooks: Webhooks, ledger: Ledger) -> None:
    with hook_server() as inside, hook_server(307) as server:
        hooks.create("chat", f"http://127.0.0.1:{server.server_port}/x", ["model.registered"])
        Registry(ledger, "shop").create("churn")
        assert tell(courier) == 0
    assert inside.taken == []
    assert "answered 307" in outbox.undelivered(ledger, "shop")[0].error


def test_the_secret_is_nowhere_in_the_open(courier: Courier, hooks: Webhooks, ledger: Ledger, tmp_path: Path) -> None:
    hook = hooks.create("chat", "http://127.0.0.1:1/path-token", ["model.registered"], secret=SECRET)
    assert hooks.secret(hook.id) == SECRET
    assert SECRET not in repr(hooks.get(hook.id))
    with sqlite3.connect(tmp_path / "ledger.db") as connection:
        everything = "\n".join(connection.iterdump())
    assert SECRET not in everything
    facts = str([f.body for f in ledger.facts(prefix="shop/webhook/")])
    assert "path-token" not in facts
    key = tmp_path / "keys" / "webhooks"
    assert key.stat().st_mode & 0o77 == 0


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/x", "https://localhost/x", "https://10.0.0.1/", "https://192.168.1.1/", "https://172.16.0.1/", "https://100.64.0.1/",
        "https://169.254.169.254/latest/meta-data", "https://0.0.0.0/", "https://[::1]/", "https://[::ffff:127.0.0.1]/", "https://[fd00::1]/",
        "https://[64:ff9b::7f00:1]/", "https://[2002:7f00:1::]/", "https://[fe80::1]/", "https://224.0.0.1/", "https://2130706433/",
        "https://0x7f000001/", "http://93.184.216.34/x", "ftp://93.184.216.34/", "file:///etc/passwd", "https:///x", "https://user:pw@93.184.216.34/",
        "https://93.184.216.34:99999/", "https://93.184.216.34/\r\nX: y", "gopher://93.184.216.34/", "", "https://[::1", "//93.184.216.34/",
    ],
)  # fmt: skip
def test_addresses_that_no_client_may_reach(url: str) -> None:
    with pytest.raises(UsageError) as caught:
        reachable(url)
    assert caught.value.where == "url"


def test_a_name_that_means_another_address_the_next_moment_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter(["93.184.216.34", "127.0.0.1"])

    def resolve(host: str, port: int, **more: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    pinned = reachable("https://rebinding.example.org:8443/x?y=1")
    assert pinned == ("https://93.184.216.34:8443/x?y=1", "rebinding.example.org:8443", "rebinding.example.org")
    with pytest.raises(UsageError, match="public network"):
        reachable("https://rebinding.example.org/x")


def test_one_private_address_among_public_ones_is_enough_to_refuse(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443)) for address in ("93.184.216.34", "10.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    with pytest.raises(UsageError):
        reachable("https://both.example.org/")


@pytest.mark.parametrize("given", [{"name": " "}, {"events": []}, {"events": ["x"] * 101}, {"secret": "s" * 1001}, {"url": "https://10.0.0.1/"}])
def test_webhooks_that_cannot_be(ledger: Ledger, tmp_path: Path, given: dict[str, Any]) -> None:
    usual: dict[str, Any] = {"name": "n", "url": "https://93.184.216.34/x", "events": ["model.registered"]}
    with pytest.raises(UsageError):
        Webhooks(ledger, "shop", tmp_path).create(**{**usual, **given})


def test_pages_are_by_key(hooks: Webhooks) -> None:
    made = [hooks.create(f"h{n}", "http://127.0.0.1:1/", ["model.registered"]).id for n in range(5)]
    first = hooks.list(limit=2)
    assert [h.id for h in [*first, *hooks.list(after=first[-1].id)]] == made[::-1]
