"""Releasing: a first version goes full, later ones through shadow or canary; rollback in one command."""

from ninefold.clock import now
from ninefold.endpoints.endpoint import Release as Rule
from ninefold.endpoints.records import Release, challenger, champion, current, end, history, start
from ninefold.errors import ConflictError, DeniedError, NotFoundError, closest
from ninefold.ledger import Tx
from ninefold.loop.gate import Gate, gate
from ninefold.models.records import Version, newest, version
from ninefold.project.home import Home


def chosen(home: Home, model: str, number: int | None) -> Version:
    """The version that is meant: that number, or the newest."""
    if number is not None:
        return version(home.ledger, home.project, model, number)
    found = newest(home.ledger, home.project, model)
    if found is None:
        raise NotFoundError(f'the model "{model}" has no version', hint="run the project first: ninefold run")
    return found


def release(
    home: Home, endpoint: str, rule: Rule, made: Version, *, frozen: str, at: int | None = None, reason: str = "asked", maturity: int = 0
) -> tuple[str, Gate]:
    """Release a version to an endpoint by its rule, if the gate lets it; the release's state and the gate.

    Without a champion it goes full. The champion stays beside a challenger until a canary is judged. Raises DeniedError where
    the gate holds, ConflictError where the version answers already or another challenger is being tried.
    """
    found = gate(home, made)
    when = at if at is not None else now()
    if not found.passes:
        raise _refused(home, endpoint, made, found, reason, when)
    body = {"frozen": frozen, "bundle": made.digest, "gate": found.why, "reason": reason, "maturity": maturity}

    def write(tx: Tx) -> str:
        # asked inside the transaction: of two deployments at once, the second sees the first
        releases = current(tx, home.project, endpoint)
        first, other = champion(releases), challenger(releases)
        if first is not None and first.version == made.version and first.model == made.model:
            raise ConflictError(f"{made.model}@{made.version} answers {endpoint} already", hint="there is nothing to do; or give another version")
        if other is not None:
            hint = "wait for its canary, or: ninefold rollback " + endpoint
            raise ConflictError(f"{other.model}@{other.version} is being tried on {endpoint}", hint=hint)
        full = first is None or rule.kind == "full"
        state = "champion" if full else "challenger"
        if full and first is not None:
            end(tx, first, "replaced", at=when)
        start(
            tx,
            project=home.project,
            endpoint=endpoint,
            model=made.model,
            version=made.version,
            kind="full" if full else rule.kind,
            share=1.0 if full else rule.share,
            state=state,
            at=when,
            body=body,
        )
        return state

    return home.ledger.write(write), found


def _refused(home: Home, endpoint: str, made: Version, found: Gate, reason: str, when: int) -> DeniedError:
    """Record that the gate holds a version, and whom it waits for; the error that says so."""
    told = "; ".join([*found.blocks, *(f"{who} has not approved" for who in found.waits)])
    asked = {"endpoint": endpoint, "bundle": made.digest, "policy": found.policy, "when": when}

    def refuse(tx: Tx) -> None:
        about = {"version": made.version, "why": told, "reason": reason, "when": when}
        tx.fact("release.refused", home.subject("endpoint", endpoint), about)
        for role in found.waits:
            tx.fact("approval.asked", made.subject, {"role": role, **asked})

    home.ledger.write(refuse)
    only_waits = bool(found.waits) and not found.blocks
    hint = f"ninefold approve {made.model}@{made.version} --as {found.waits[0]}" if only_waits else "change the model, or the policy as its owner"
    return DeniedError(f"{made.model}@{made.version} is not released: {told}", hint=hint)


def promote(home: Home, endpoint: str, *, at: int, why: str) -> None:
    """The challenger becomes the champion."""

    def write(tx: Tx) -> None:
        releases = current(tx, home.project, endpoint)
        first, other = champion(releases), challenger(releases)
        if other is None:
            raise NotFoundError(f"no version is being tried on {endpoint}", hint="ninefold deploy releases one beside the champion")
        if first is not None:
            end(tx, first, "replaced", at=at, why=why)
        end(tx, other, "promoted", at=at, why=why)
        _answers(tx, other, at=at, promoted=other.id)

    home.ledger.write(write)


def dismiss(home: Home, endpoint: str, *, at: int, why: str) -> None:
    """The champion stays, the challenger goes."""

    def write(tx: Tx) -> None:
        other = challenger(current(tx, home.project, endpoint))
        if other is not None:
            end(tx, other, "stayed", at=at, why=why)

    home.ledger.write(write)


def rollback(home: Home, endpoint: str, *, at: int | None = None, why: str = "asked") -> Release:
    """Back to the version before: a challenger is dropped; else the last full release before the champion answers again."""
    when = at if at is not None else now()

    def write(tx: Tx) -> Release:
        releases = current(tx, home.project, endpoint)
        first, other = champion(releases), challenger(releases)
        if first is None:
            known = [row["endpoint"] for row in tx.all("select distinct endpoint from releases where project = ?", home.project)]
            raise NotFoundError(f'nothing is released to "{endpoint}"', hint=closest(endpoint, known))
        if other is not None:
            end(tx, other, "rolled back", at=when, kind="release.rolledback", why=why)
            return first
        back = _before(tx, home, first)
        end(tx, first, "rolled back", at=when, kind="release.rolledback", why=why)
        _answers(tx, back, at=when, back_to=back.id)
        return back

    return home.ledger.write(write)


def _answers(tx: Tx, of: Release, *, at: int, **how: str) -> None:
    """The version of a release answers every question from here on; ``how`` says by which release it came to that."""
    where = {"project": of.project, "endpoint": of.endpoint, "model": of.model}
    start(tx, **where, version=of.version, kind="full", share=1.0, state="champion", at=at, body={**of.body, **how})


def _before(tx: Tx, home: Home, first: Release) -> Release:
    """The last full release of another version, that was replaced and not taken back."""
    past = history(tx, home.project, first.endpoint)
    others = [r for r in past if r.kind == "full" and r.state == "replaced" and (r.model, r.version) != (first.model, first.version)]
    if not others:
        told = f"{first.model}@{first.version} is the first version of {first.endpoint}: there is none to return to"
        raise NotFoundError(told, hint="ninefold deploy releases another one")
    return others[0]
