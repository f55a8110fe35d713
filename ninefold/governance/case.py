"""What the ledger says about one version of a model: the facts that a card is written from, each read once."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import msgspec

from ninefold.bundles.manifest import verified
from ninefold.errors import NinefoldError, NotFoundError, closest
from ninefold.ledger import Fact
from ninefold.models.records import Version, newest, version
from ninefold.project import declared
from ninefold.project.home import Home


@dataclass(frozen=True, eq=False)
class Case:
    """One version with its facts. ``problem`` is the name of the problem that it was made for."""

    home: Home
    made: Version

    @cached_property
    def born(self) -> Fact:
        """The fact that the version was made."""
        fact = self.home.ledger.last("model.version", self.made.subject)
        if fact is None:
            raise NotFoundError(f"no fact tells of {self.made.subject}", hint="ninefold audit verify")
        return fact

    @cached_property
    def judged(self) -> list[Fact]:
        """Its judgements on the test span, oldest first: one for each policy."""
        return self.home.ledger.facts(kind="model.judged", subject=self.made.subject)

    @cached_property
    def problem(self) -> str | None:
        """The problem's name; None where the version was never judged."""
        return str(self.judged[-1].body["problem"]) if self.judged else None

    @cached_property
    def policies(self) -> list[Fact]:
        """Every policy of the problem, in force or proposed, oldest first."""
        if self.problem is None:
            return []
        return self.home.ledger.facts(kind=("policy.changed", "policy.proposed"), subject=self.home.subject("problem", self.problem))

    @cached_property
    def policy(self) -> Fact | None:
        """The policy that the newest judgement was made by."""
        asked = self.judged[-1].body["policy"] if self.judged else None
        return next((f for f in reversed(self.policies) if f.kind == "policy.changed" and f.body["digest"] == asked), None)

    @cached_property
    def declaration(self) -> Fact | None:
        """What the project's file said when the version was made."""
        facts = self.home.ledger.facts(kind=declared.KIND, subject=declared.subject(self.home.project))
        before = [f for f in facts if f.seq <= self.born.seq]
        return before[-1] if before else facts[0] if facts else None

    def thing(self, name: str | None) -> dict[str, Any]:
        """What the file said about one thing; empty where no fact tells."""
        if name is None or self.declaration is None:
            return {}
        found: dict[str, Any] = self.declaration.body["things"].get(name, {})
        return found

    def things(self, noun: str) -> dict[str, dict[str, Any]]:
        """What the file said about the things of one noun."""
        said = self.declaration.body["things"] if self.declaration is not None else {}
        return {name: thing for name, thing in said.items() if thing["noun"] == noun}

    @cached_property
    def report(self) -> dict[str, Any]:
        """The report of the competition, which the version's fact names by digest; empty where it is gone."""
        blob = self.born.body.get("report")
        try:
            return dict(msgspec.json.decode(self.home.blobs.get(blob))) if blob else {}
        except NinefoldError:  # lost or damaged: the card says that it is not recorded, doctor says why
            return {}

    @cached_property
    def bundle(self) -> dict[str, Any]:
        """The bundle's JSON files, compared with the digest in the version's fact; empty where it is not there any more."""
        digest = str(self.born.body["bundle"])
        try:
            _, files, _ = verified(self.home.path("bundles", digest), digest)
        except NinefoldError:  # as above
            return {}
        return {name: msgspec.json.decode(data) for name, data in files.items() if name.endswith(".json") and name != "golden.json"}

    @cached_property
    def endpoints(self) -> list[str]:
        """The endpoints to which a version of this model was released."""
        facts = self.home.ledger.facts(kind="release.started", prefix=f"{self.home.project}/endpoint/")
        names = [f.subject.split("/", 2)[2] for f in facts if f.body.get("model", self.made.model) == self.made.model]
        return list(dict.fromkeys(names))

    def of(self, *kinds: str, endpoint: str) -> list[Fact]:
        """Facts about an endpoint, oldest first."""
        return self.home.ledger.facts(kind=kinds, subject=self.home.subject("endpoint", endpoint))


def case(home: Home, model: str, number: int | None = None) -> Case:
    """The facts of ``model@number`` (default: the newest). Raises NotFoundError."""
    if number is not None:
        return Case(home, version(home.ledger, home.project, model, number))
    made = newest(home.ledger, home.project, model)
    if made is None:
        known = [row["model"] for row in home.ledger.all("select distinct model from versions where project = ?", home.project)]
        hint = closest(model, known) if known else "run the project first: ninefold run"
        raise NotFoundError(f'there is no model "{model}" with a version', hint=hint)
    return Case(home, made)
