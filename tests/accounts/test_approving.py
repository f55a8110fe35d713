"""An approval over HTTP has the name of whoever is signed in, and nobody else's."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from asking import Client, bearer, member

from ninefold import config
from ninefold.accounts import Accounts
from ninefold.project.home import Home
from ninefold.server.app import build
from ninefold.server.runtime import Runtime

PATH = "/api/models/forecast/1/approve"


@pytest.fixture
def parcels(tiny_copy: Path) -> Iterator[Home]:
    with Home(config.load(tiny_copy), "parcels") as home:
        yield home


def test_the_approver_is_whoever_is_signed_in(parcels: Home) -> None:
    client, accounts = Client(build(Runtime(parcels))), Accounts(parcels.ledger)
    nobody = client("POST", PATH, {"role": "dispatch"})
    assert (nobody.status, "nobody is signed in" in nobody.text) == (403, True)
    accounts.people.add("ada", kind="service")
    accounts.grants.give("ada", "administrator")
    ben = member(accounts, "ben", "approver", "parcels")
    assert client("POST", PATH, {"role": "dispatch"}, **bearer(accounts, "ada")).status == 403  # administrators do not approve
    assert client("POST", PATH, {"role": "finance"}, **ben).status == 403  # the policy does not ask finance
    given = client("POST", PATH, {"role": "dispatch", "because": "looks right", "approver": "ada"}, **ben)
    assert (given.status, given.json["approver"]) == (200, "ben")
    fact = parcels.ledger.last("approval.given", "parcels/model/forecast@1")
    assert fact is not None
    assert (fact.seq, fact.actor, fact.body["approver"], fact.body["because"]) == (given.json["fact"], "ben", "ben", "looks right")
    assert client("POST", PATH.replace("1", "x"), {"role": "dispatch"}, **ben).status == 400
    assert client("POST", PATH.replace("1", "77"), {"role": "dispatch"}, **ben).status == 404
    assert client("POST", "/api/problems/lateness/approve", {"role": "dispatch"}, **ben).status == 404  # no change waits
    client.close()
