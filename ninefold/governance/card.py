"""The model card: one version, from facts only. What no fact says is listed as not recorded, never filled in."""

from ninefold.errors import NotFoundError
from ninefold.governance import learned, lived, proved
from ninefold.governance.case import case
from ninefold.governance.document import Document, Section, document
from ninefold.governance.origins import origins
from ninefold.governance.wording import when
from ninefold.project.home import Home


def card(home: Home, model: str, number: int | None = None) -> Document:
    """The card of ``model@number`` (default: the newest version). The same ledger gives the same card.

    Raises NotFoundError where there is no such version, or a client registered it.
    """
    told = case(home, model, number)
    if "registered" in told.made.body:
        hint = f"what is known of it: ninefold models show {model}@{told.made.version}"
        raise NotFoundError(f"{told.made.subject} was registered by a client, and no fact tells how it was trained", hint=hint)
    lines = origins(home, f"training/{model}", str(told.born.body["training"]))
    version = Section("Version")
    version.say(f"{told.made.subject} was made at {when(told.born.at)} by {told.born.actor}; its bundle is {told.made.digest}.", told.born.seq)
    declared = told.declaration
    if declared is not None:
        version.table(["code", "sha256"], (([name, digest], [declared.seq]) for name, digest in sorted(declared.body["files"].items())))
    else:
        version.lacks("the code that declared it")
    sections = [
        version,
        learned.problem(told),
        learned.data(told, lines),
        learned.features(told),
        learned.candidates(told),
        learned.decision(told),
        proved.criteria(told),
        proved.slices(told),
        proved.hypotheses(told),
        proved.limits(told, lines),
        lived.releases(told),
        lived.monitors(told),
        lived.approvals(told),
        lived.policy(told),
    ]
    return document(home.ledger, f"Model card: {model}@{told.made.version}", f"Project {home.project}", sections)
