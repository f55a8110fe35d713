"""``why``: one answer, step, version or incident back to its causes."""

from pathlib import Path
from typing import Any

import click
import msgspec

from ninefold.cli.report import Say, command, table
from ninefold.cli.times import ago, when
from ninefold.project.explaining.reasons import WhyIncident, WhyStep
from ninefold.project.explaining.reasons import why as reasons
from ninefold.project.explaining.why import Origin, Why
from ninefold.project.home import open_home
from ninefold.units import many


@command("ninefold why 0199c1f2-…   (or: why departures, why forecast@2)")
@click.argument("what", metavar="PREDICTION|STEP|MODEL@VERSION|INCIDENT")
@click.option("--project", "-p", type=click.Path(path_type=Path), help="The project's file (default: the one that pyproject names).")
@click.option("--in", "environment", metavar="NAME", help="The environment (default: dev).")
def why(say: Say, what: str, project: Path | None, environment: str | None) -> None:
    """Trace an answer back to rows, version, release, files, code and problem; or say which part of a step's key changed."""
    with open_home(project.absolute() if project else None, environment) as home:
        found = reasons(home, what)
    tell = {Why: _prediction, WhyStep: _step, Origin: version_page, WhyIncident: _incident}[type(found)]
    say.result(msgspec.to_builtins(found), lambda: tell(Page(say), found))  # type: ignore[operator]


class Page:
    """Lines under headings."""

    def __init__(self, say: Say) -> None:
        self.say = say

    def head(self, text: str) -> None:
        """A heading."""
        self.say.line(f"\n{text}", bold=True)

    def line(self, text: str, **style: Any) -> None:
        """A line under it."""
        self.say.line(f"  {text}", **style)

    def block(self, text: str) -> None:
        """Several lines."""
        for one in text.splitlines():
            self.line(one)


def _prediction(page: Page, why: Why) -> None:
    origin = why.origin
    asked = ", ".join(f"{c} {v}" for c, v in why.key.items())
    page.say.line(f"{why.project} · {why.endpoint} · {asked}", bold=True)
    limit = "" if why.threshold is None else f" (threshold {why.threshold:.4g})"
    decided = {1: "yes", 0: "no", -1: "refer"}.get(why.decision, why.decision)
    page.line(f"score {_number(why.score)}, decision {decided}{limit}, asked for {when(why.asked_at, why.tz)}, answered {when(why.answered_at)}")
    page.line(f"answered by {origin.model}@{origin.version} as {why.variant}" + _others(why))
    came = "open: nothing has come true yet" if why.outcome is None else f"{why.outcome['value']}, told {when(why.outcome['told'], why.tz)}"
    page.line(f"outcome {came}")
    for act in why.acts:
        page.line(f"done about it: {act['action']} by {act['by'] or 'somebody'}, {when(act['at'], why.tz)}")
    page.head("What the model read")
    for value in why.values:
        mark = "" if value.same is None else " = lake" if value.same else "  ≠ the lake today"
        page.line(f"{value.name} = {_number(value.value)}{mark}", fg="red" if value.same is False else None)
        if value.table is not None:
            page.line(f"    {value.says}: {value.counted} {'row' if value.counted == 1 else 'rows'}")
            for row in value.rows:
                page.line("      " + ", ".join(f"{c} {v}" for c, v in row.items()), dim=True)
            if (value.counted or 0) > len(value.rows):
                page.line(f"      and {(value.counted or 0) - len(value.rows)} more", dim=True)
    version_page(page, origin, heading=False)
    _released(page, why)


def _others(why: Why) -> str:
    others = {v: s for v, s in why.scores.items() if v != str(why.origin.version)}
    return "".join(f"; version {v} would have said {_number(s)}" for v, s in others.items())


def version_page(page: Page, origin: Origin, heading: bool = True) -> None:
    """Where a version comes from."""
    name = f"{origin.model}@{origin.version}"
    if origin.registered:
        _registered(page, name, origin)
        return
    page.head(f"Why {name} won" if not heading else f"{name}: why it won")
    page.line(origin.reason)
    rows = [[c["name"], _number(c["loss"]), _number(c["worse"]), _number(c["error"]), c["format"], c["failed"]] for c in origin.candidates]
    page.block(table(["candidate", "loss", "more than best", "± by day", "format", ""], rows, right=[1, 2, 3]))
    page.line(f"made {when(origin.made_at)} by {origin.made_by}, bundle {origin.bundle[:12]}")
    page.head("Criteria on its test span")
    for one in origin.criteria:
        page.line(one["text"], fg={"met": "green", "not met": "red"}.get(one["verdict"]))
    page.head("What it learned from")
    span = origin.training
    counts = ", ".join(f"{name} {n:,}" for name, n in (span.get("rows") or {}).items() if isinstance(n, int))
    page.line(f"questions from {when(span['from'])} to {when(span['to'])}, tables as of {when(span['as_of'])}: {counts}")
    for made in origin.tables:
        kept = f", {made.quarantined:,} quarantined ({'; '.join(f'{r}: {n:,}' for r, n in made.reasons.items())})" if made.quarantined else ""
        page.line(f"table {made.name}@{made.version}: {many(made.rows, 'row')}{kept}")
    for file in origin.files:
        page.line(f"file {file.path}: {many(file.rows, 'row')}, {many(file.bytes, 'byte')}, sha256 {file.sha256[:16]}")
    if origin.packages:
        page.line("packages that its code reaches: " + ", ".join(f"{n} {v}" for n, v in origin.packages.items()))
    page.head("For which problem")
    page.line(f"{origin.problem['question']}")
    page.line("; ".join(filter(None, [f"owner {origin.problem.get('owner')}", origin.problem.get("why", "")])))
    policy = origin.policy
    if policy:
        force = f"in force since {when(policy['since'])} by {policy['author']} (fact {policy['fact']})"
        page.line(f"policy {policy['digest'][:12]}, risk {policy['risk']}, {force}")
    for said in origin.approvals:
        page.line(f"approved by {said['approver']} as {said['role']} {when(said['at'])} (fact {said['fact']})")
    if not origin.approvals:
        page.line("no approval was asked" if not policy.get("approvers") else f"approvals asked: {', '.join(policy['approvers'])}; none given")


def _registered(page: Page, name: str, origin: Origin) -> None:
    """A version that a client registered: who, from where, by which run."""
    said = origin.registered
    page.head(f"Where {name} comes from")
    page.line(f"registered {when(said['at'])} by {said['by'] or 'somebody'} from {said['source']}")
    for line in said.get("description", "").splitlines():
        page.line(line)
    if said.get("aliases"):
        page.line(f"aliases: {', '.join(said['aliases'])}")
    if said.get("stage", "None") != "None":
        page.line(f"stage: {said['stage']}")
    if said["logged"]:
        page.line(f"logged model {said['logged']}")
    page.line(f"made by run {said['run']}: ninefold runs show {said['run']}" if said["run"] else "it names no run")
    if origin.bundle:
        page.line(f"{said['library']}, file {said['file']}, read as bundle {origin.bundle[:12]} {when(origin.made_at)} by {origin.made_by}")
    else:
        page.line("no endpoint has asked for it yet, so nothing of it was read")
    page.line("no problem says what is good, so nothing was judged")


def _released(page: Page, why: Why) -> None:
    release, code = why.release, why.code
    page.head("Release and code")
    how = "to everybody" if release["kind"] == "full" else f"as {release['kind']} with {release['share']:.0%}"
    page.line(f"released {how} {when(release['when'], why.tz)} by {release['by']}, because: {release['reason']} (fact {release['fact']})")
    commit = f"commit {code['commit'][:12]}" if code.get("commit") else "no repository"
    dirty = code.get("uncommitted") or []
    page.line(f"code frozen as {code['frozen'][:12]}: {', '.join(code.get('files', []))}; {commit}")
    if dirty:
        page.line(f"not committed then: {', '.join(dirty[:8])}" + (f" and {len(dirty) - 8} more" if len(dirty) > 8 else ""), fg="yellow")
    packages = code.get("packages") or {}
    if packages:
        reached = ", ".join(f"{n} {packages[n]}" for n in why.origin.packages if n in packages)
        page.line(f"python {code.get('python')}, {len(packages)} packages" + (f", among them {reached}" if reached else ""))
    page.line(f"facts {', '.join(str(f) for f in why.facts)}; prove them: ninefold audit verify")


def _step(page: Page, why: WhyStep) -> None:
    page.say.line(f"{why.step} ran {when(why.at)} ({ago(why.at)}) in {why.seconds:.2f} s", bold=True)
    page.line(why.because)
    rows = [[c["text"], (c["before"] or "")[:16], (c["after"] or "")[:16]] for c in why.changed]
    if rows:
        page.block("\n" + table(["what changed", "before", "after"], rows))
    if why.before is not None:
        page.line(f"the time before: {when(why.before)}; " + ("the content is the same" if why.same_content else "the content is another one"))
    page.line(f"content {why.content[:16]}, key {why.key[:16]}")


def _incident(page: Page, why: WhyIncident) -> None:
    page.say.line(f"{why.title}", bold=True)
    page.line(f"{why.state}, {why.severity}, raised by {why.monitor} {when(why.opened)}" + (f", closed {when(why.closed)}" if why.closed else ""))
    for name, value in why.body.items():
        if isinstance(value, (str, int, float)) and name not in {"id", "state"}:
            page.line(f"{name}: {value}")
    for alert in why.alerts:
        page.line(f"{when(alert['at'])}  {alert['check_name']}  {alert['subject']}: {alert.get('text', '')}")
    for fact in why.facts:
        page.line(f"fact {fact['fact']}  {when(fact['at'])}  {fact['kind']}  {fact['subject']}", dim=True)


def _number(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, float):
        return str(value)
    return f"{value:.4g}"
