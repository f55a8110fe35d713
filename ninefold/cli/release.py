"""``deploy``, ``rollback`` and ``approve``."""

from pathlib import Path
from typing import Any

import click

from ninefold.cli.person import approver as approver_of
from ninefold.cli.person import person_in
from ninefold.cli.report import Say, command
from ninefold.cli.target import target_of
from ninefold.errors import UsageError
from ninefold.governance.approvals import approve as approve_version
from ninefold.governance.approvals import approve_policy
from ninefold.loop import deploying, releasing
from ninefold.project.home import Home, open_home

_project = click.option(
    "--project", "-p", type=click.Path(path_type=Path), help="The project's file (default: that of pyproject, else the one that ran here last)."
)
_in = click.option("--in", "environment", metavar="NAME", help="The environment (default: dev).")


@command("ninefold deploy desk --version 2")
@click.argument("endpoint")
@click.option("--version", "number", type=int, help="Which version (default: the newest).")
@_project
@_in
def deploy(say: Say, endpoint: str, number: int | None, project: Path | None, environment: str | None) -> None:
    """Freeze code, lock and policy, and release a version to ENDPOINT, if the gate lets it."""
    settings, name, main, graph_of = target_of(project, environment)
    graph = graph_of()
    with Home(settings, name, actor=person_in(settings)) as home:
        done = deploying.deploy(home, graph, main, endpoint, number=number)
    made = f"{done.version.model}@{done.version.version}"

    def text() -> None:
        for line in done.gate.why:
            say.line(f"  {line}")
        how = "answers every question" if done.state == "champion" else f"is tried on {done.share:.0%} of the callers beside the champion"
        say.line(f"\n{made} {how} at {endpoint} · code frozen as {done.frozen[:12]}\nnext: ninefold up")

    value = {"endpoint": endpoint, "model": done.version.model, "version": done.version.version, "state": done.state, "frozen": done.frozen}
    say.result({**value, "gate": done.gate.why}, text)


@command("ninefold rollback desk")
@click.argument("endpoint")
@click.option("--because", default="asked", help="Why; it goes into the fact.")
@_project
@_in
def rollback(say: Say, endpoint: str, because: str, project: Path | None, environment: str | None) -> None:
    """Return ENDPOINT to the version before, at once."""
    with open_home(project.absolute() if project else None, environment) as home:
        home.actor = person_in(home.settings)
        back = releasing.rollback(home, endpoint, why=because)
    say.result(
        {"endpoint": endpoint, "version": back.version}, f"{back.model}@{back.version} answers {endpoint}; a running server follows within a second"
    )


@command("ninefold approve forecast@3 --as model-risk")
@click.argument("what", metavar="MODEL@VERSION|policy:PROBLEM")
@click.option("--as", "role", required=True, help="The role that the policy asks.")
@click.option("--by", "approver", help="Who approves (default: you). Where there are accounts: only you, by NINEFOLD_TOKEN.")
@click.option("--because", default="", help="Why.")
@_project
@_in
def approve(say: Say, what: str, role: str, approver: str | None, because: str, project: Path | None, environment: str | None) -> None:
    """Approve a version, or a proposed change of a policy, by name. Whoever made it may not."""
    with open_home(project.absolute() if project else None, environment) as home:
        who = approver_of(home, approver)
        if what.startswith("policy:"):
            fact: Any = approve_policy(home, what.removeprefix("policy:"), approver=who, role=role)
        else:
            model, _, number = what.partition("@")
            if not number.isdigit():
                raise UsageError(f"{what!r} names no version", hint="write MODEL@VERSION: forecast@3")
            fact = approve_version(home, model, int(number), approver=who, role=role, because=because)
    say.result({"fact": fact.seq, "subject": fact.subject}, f"{who} approved {what} as {role} (fact {fact.seq})")
