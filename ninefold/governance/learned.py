"""The sections of a card that tell what a version is for and what it learned from: problem, data, features, candidates, decision."""

from collections.abc import Iterator
from typing import Any

from ninefold.governance.case import Case
from ninefold.governance.document import Section
from ninefold.governance.origins import Origins
from ninefold.governance.wording import listed, number, percent, when
from ninefold.ledger import Fact
from ninefold.units import duration_text, many


def problem(case: Case) -> Section:
    """The decision that is supported, its owner, and what it is for."""
    section, said, policy = Section("Problem and intended use"), case.thing(case.problem), case.policy
    told = case.declaration
    if said and told is not None:
        section.say(f"The problem “{case.problem}”: {said['doc']}", told.seq)
        says = said["says"]
        for key, text in (("why", "Why: {}"), ("target", "What is predicted: {}.")):
            section.say(text.format(says[key]), told.seq) if says.get(key) else section.lacks(f"{key} of the problem")
    else:
        section.lacks("the problem's question, and what the answers are for")
    if policy is not None:
        rules = policy.body["policy"]
        section.say(f"Its owner is {rules['owner']}.", policy.seq) if rules["owner"] else section.lacks("the owner")
        risk = rules["risk"]
        because = f", because {risk['because']}" if risk["because"] else ""
        section.say(f"The risk was declared as {risk['level']}{because}.", policy.seq)
        section.say(f"{_approvers(risk['approve'])} approve a release.", policy.seq)
    else:
        section.lacks("owner and risk: the version has not been judged under a policy")
    for name, endpoint in case.things("endpoint").items():
        assert told is not None
        if case.made.model in endpoint["needs"]:
            where = endpoint["says"].get("answers", "over HTTP")
            section.say(f"Answers are given at the endpoint “{name}”, {where}.", told.seq)
    section.lacks("uses that are out of scope")
    return section


def _approvers(roles: list[str]) -> str:
    return f"{listed(roles)} must" if roles else "The policy asks nobody to"


def data(case: Case, lines: Origins) -> Section:
    """Training set, tables with their versions, files with their digests."""
    section, born = Section("Training data"), case.born
    body = born.body
    training = f"training/{case.made.model}"
    rows = body["rows"]
    section.say(
        f"Learned from {many(rows['everything'], 'question')} asked from {when(body['from'])} to {when(body['to'])}, "
        f"seen as of {when(body['as_of'])}; the training set has content {body['training']}.",
        born.seq,
    )
    spans = ", ".join(f"{name} {number(rows[name])}" for name in ("train", "validate", "refit", "test") if rows.get(name) is not None)
    section.say(f"Rows by span: {spans}; the evidence is measured on test, and what is deployed was refit on everything.", born.seq)
    if (states := lines.refs.get(training, {}).get("states")) and (step := lines.steps.get(training)):
        told = ", ".join(f"{number(n)} {state}" for state, n in sorted(states.items()))
        section.say(f"Of its questions {told}.", step.seq)
    section.table(["table", "version", "rows", "quarantined", "content"], _tables(lines), right=[2, 3])
    section.table(["source", "file", "rows", "bytes", "sha256"], _files(lines), right=[2, 3])
    if lines.packages and lines.steps:
        packages = ", ".join(f"{name} {version}" for name, version in sorted(lines.packages.items()))
        section.say(f"Packages that its code reaches: {packages}.", *(f.seq for f in lines.steps.values()))
    if not lines.tables:
        section.lacks("the tables behind the training set")
    if not lines.sources:
        section.lacks("the files behind the tables")
    return section


def _tables(lines: Origins) -> Iterator[tuple[list[object], list[int]]]:
    for name, fact in sorted(lines.tables.items()):
        body = fact.body
        yield [name, body["version"], number(body["rows"]), number(body["quarantined"]), body["content"]], [fact.seq]


def _files(lines: Origins) -> Iterator[tuple[list[object], list[int]]]:
    for name, fact in sorted(lines.sources.items()):
        files = fact.body.get("files") or []
        for file in files:
            # the name of the file, not where it lay on somebody's machine
            yield [name, file["path"].rsplit("/", 1)[-1], number(file.get("rows")), number(file.get("bytes")), file["sha256"]], [fact.seq]
        if not files:
            yield [name, "no file", number(fact.body.get("rows")), "", fact.body["content"]], [fact.seq]


def features(case: Case) -> Section:
    """What goes in: feature groups with their windows, bare columns, how each column is read."""
    section, born = Section("Features and inputs"), case.born
    if not case.bundle:
        section.lacks("features and inputs: the bundle is not in this home")
        return section
    section.table(["group", "feature", "over", "window", "at", "table"], _aggregates(case, born), right=[])
    request = case.bundle.get("request.json", {})
    if request.get("bare"):
        section.say(f"Columns of the question itself: {listed(request['bare'])}.", born.seq)
    columns = case.bundle.get("encoding.json", {}).get("columns", [])
    if columns:
        section.say(f"The model reads {many(len(columns), 'column')}: {listed(c['name'] for c in columns)}.", born.seq)
    return section


def _aggregates(case: Case, born: Fact) -> Iterator[tuple[list[object], list[int]]]:
    for group in case.bundle.get("features.json", []):
        table = group.get("table") or {}
        for one in group.get("aggregates", []):
            over = f"{one['op']}({one.get('column', '')})"
            window = f"{duration_text(one['window'])}{' ahead' if one.get('ahead') else ''}" if one.get("window") else f"{one.get('rows', '')} rows"
            yield [group["name"], one["name"], over, window, group.get("at") or table.get("time", ""), table.get("name", "")], [born.seq]
        for name, _ in group.get("expressions", []):
            yield [group["name"], name, "expression", "", "", "the question"], [born.seq]


def candidates(case: Case) -> Section:
    """Who competed, and why the winner won."""
    section, born = Section("Candidates, and why the winner won"), case.born
    section.say(f"The winner is “{born.body['winner']}”: {born.body['reason']}.", born.seq)
    table = case.report.get("chosen", {}).get("table", [])
    if not table:
        section.lacks("the table of candidates: the report is not in this home")
        return section
    section.table(
        ["candidate", "loss on validate", "worse by", "standard error", "trials", "format", "bytes"],
        _candidates(case, table, born),
        right=[1, 2, 3, 4, 6],
    )
    for one in table:
        if one["params"]:
            found = ", ".join(f"{k} = {number(v)}" for k, v in sorted(one["params"].items()))
            section.say(f"“{one['name']}” was tuned to {found}.", born.seq)
        if one["failed"]:
            section.say(f"“{one['name']}” could not be fitted: {one['failed']}", born.seq)
    return section


def _candidates(case: Case, table: list[dict[str, Any]], born: Fact) -> Iterator[tuple[list[object], list[int]]]:
    trials = case.report.get("trials", {})
    for one in table:
        name = one["name"]
        yield (
            [
                name,
                number(one["loss"]),
                number(one["worse"]),
                number(one["error"]),
                len(trials.get(name, [])) or "",
                one["format"],
                number(one["size"]),
            ],
            [born.seq],
        )


def decision(case: Case) -> Section:
    """From score to decision: calibration, threshold, costs."""
    section, born = Section("Calibration, threshold and costs"), case.born
    decided = case.report.get("decision")
    if not decided:
        section.lacks("how a score becomes a decision")
        return section
    goal = case.report.get("objective", {})
    if goal.get("miss") is not None:
        section.say(
            f"A false alarm costs {number(goal['false_alarm'])}, a miss {number(goal['miss'])}; candidates were compared by that cost.", born.seq
        )
    if decided["kind"] == "threshold":
        section.say(f"The decision is yes from a calibrated score of {number(decided['threshold'])} on.", born.seq)
    else:
        told = ", ".join(f"{k} = {number(v)}" for k, v in sorted(decided.items()) if k != "kind" and v)
        section.say(f"The decision is by {decided['kind']}: {told}.", born.seq)
    table = case.bundle.get("scoring.json", {}).get("calibration") or {}
    if table.get("x"):
        section.say(
            f"Scores are calibrated by a table of {many(len(table['x']), 'point')}, from {number(table['y'][0])} to {number(table['y'][-1])}.",
            born.seq,
        )
    else:
        section.lacks("a calibration of the scores")
    dropped = case.report.get("dropped")
    if dropped:
        section.say(
            f"{percent(dropped, dropped + case.born.body['rows']['everything'])} of the questions had no outcome in time, and taught nothing.",
            born.seq,
        )
    return section
