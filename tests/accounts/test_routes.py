"""Every route of the built server, as every role, as nobody, as a member of another project: one table decides, and it is whole."""

import re
from collections.abc import Iterator

import pytest
from asking import Client, bearer, member

from ninefold.accounts import ROLES, Accounts
from ninefold.errors import NinefoldError
from ninefold.web.call import Call
from ninefold.web.route import Route

PUBLIC = {
    *(
        "GET /health",
        "GET /version",
        "GET /sign-in",
        "POST /sign-in",
        "GET /sign-in/provider",
        "GET /sign-in/provider/back",
        "GET /-/static/{name}",
        "GET /api/openapi.json",
        "GET /api/openapi/mlflow.json",
    ),
    *("GET /api/3.0/mlflow/server-info", "GET /ajax-api/3.0/mlflow/server-info"),
    # these show a signature that was given out for one part of one upload
    *(f"PUT /{prefix}/2.0/mlflow-artifacts/mpu/part/{{id}}/{{number}}/{{signature}}" for prefix in ("api", "ajax-api")),
    *(f"PUT /{prefix}/2.0/mlflow-artifacts/mpu/whole/{{id}}/{{signature}}" for prefix in ("api", "ajax-api")),
}
OWN = {"/me", "/me/tokens", "/me/tokens/{id}/revoke", "/me/password", "/api/me", "/api/me/tokens", "/api/me/tokens/{id}", "/sign-out"}
SERVED = {"/events/", "/sources/", "/tables/", "/predict/", "/outcomes/", "/decisions/", "/explain/", "/-/clock"}
# these send a body only because what they look for is long
ASKS = re.compile(r"search|get-latest-versions$|presigned-download-url$|/trace[s]?/.*(get|search)|batch-get|batchGet")


class PassedError(NinefoldError):
    """The call was let in; the handler is not run."""

    status = 299


@pytest.fixture
def walked(client: Client) -> Iterator[Client]:
    """The server's application, which says that a call was let in instead of doing what was asked."""
    permit = client.app.permit
    assert permit is not None

    async def stop(call: Call) -> None:
        waiting = permit(call)
        if waiting is not None:
            await waiting
        raise PassedError("let in")

    client.app.permit = stop
    return client


def asked(client: Client, route: Route, headers: dict[str, str], project: str | None = None) -> int:
    path = re.sub(r"\{\w+(:path)?\}", "x1", route.path)
    return client(route.method, (f"/~{project}" if project else "") + path, **headers).status


def test_every_route_lets_in_whom_its_line_says_and_nobody_else(walked: Client, people: Accounts) -> None:
    roles = {role: member(people, f"a-{role}", role, "alpha") for role in ROLES}
    people.people.add("norole", kind="service")
    none = bearer(people, "norole")
    wrong = []
    for route in walked.app.routes:
        nobody = asked(walked, route, {})
        for role, headers in {**roles, "": none}.items():
            allowed = isinstance(route.who, str) or (role in route.who and route.reach != "server")
            got = asked(walked, route, headers)
            if got != (299 if allowed else 403) or nobody != (299 if route.who == "public" else 401):
                wrong.append((route.method, route.path, role, got, nobody))
    assert wrong == []


def test_a_member_of_another_project_gets_nowhere(walked: Client, people: Accounts) -> None:
    other = [member(people, f"b-{role}", role, "beta") for role in ROLES]
    for route in walked.app.routes:
        if isinstance(route.who, str):
            continue
        assert {asked(walked, route, headers) for headers in other} == {403}, route.path
        if route.reach == "served":  # no role in another project makes this server answer for it
            assert {asked(walked, route, headers, "beta") for headers in other} == {404}, route.path
        if route.reach == "server":  # nor does being an administrator of one project
            assert {asked(walked, route, headers, "beta") for headers in other} == {403}, route.path


def test_what_is_open_is_a_short_list(client: Client) -> None:
    assert {f"{r.method} {r.path}" for r in client.app.routes if r.who == "public"} <= PUBLIC
    assert {r.path for r in client.app.routes if r.who == "signed in"} <= OWN
    assert all(r.reach == "served" for r in client.app.routes if r.path.startswith(tuple(SERVED)) and r.method == "POST")


def test_who_only_reads_changes_nothing(client: Client) -> None:
    for role in ("viewer", "auditor", "approver"):
        changes = [r for r in client.app.routes if r.method not in {"GET", "HEAD"} and isinstance(r.who, frozenset) and role in r.who]
        left = [f"{r.method} {r.path}" for r in changes if not ASKS.search(r.path) and not (role == "approver" and "approv" in r.path)]
        assert left == [], role


def test_an_administrator_does_not_approve(client: Client) -> None:
    approving = [r for r in client.app.routes if "/approve" in r.path]
    assert approving
    assert {r.who for r in approving} == {frozenset({"approver"})}


def test_people_are_for_administrators_of_the_whole_server(client: Client, people: Accounts) -> None:
    eve = member(people, "eve", "administrator", "alpha")
    assert client("GET", "/api/people", **eve).status == 403
    assert client("POST", "/api/people/eve/grant", {"role": "administrator", "project": "*"}, **eve).status == 403
    listed = client("GET", "/api/people", **bearer(people, "ada"))
    assert [one["person"]["name"] for one in listed.json] == ["ada", "eve"]
    assert "argon2" not in listed.text
