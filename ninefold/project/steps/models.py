"""The steps of a model: each candidate fitted, the winner chosen, measured, and packed as a bundle."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from ninefold.bundles.manifest import MANIFEST, SIGNATURE
from ninefold.endpoints.endpoint import REGISTERED
from ninefold.engine.step import Output, Step
from ninefold.errors import DataError, NinefoldError, NotYetError, StoppedError
from ninefold.ids import canonical, digest, new_id
from ninefold.models.candidate import Existing, unwrapped
from ninefold.models.records import record_version
from ninefold.project.learning import Learning
from ninefold.project.live.registered import competing
from ninefold.project.live.sealed import signer
from ninefold.project.parts import RegisteredVersion
from ninefold.project.steps.making import Making, step
from ninefold.project.steps.tracked import track
from ninefold.project.steps.training import features_part, load
from ninefold.storage import durable

if TYPE_CHECKING:
    from ninefold.ledger import Tx
    from ninefold.models.contest import FittedCandidate

CONSTANT = "baseline"


def model_steps(making: Making, name: str) -> list[Step]:
    """The steps of the model ``name``: one a candidate, the constant baseline among them, and its version."""
    learning = Learning.of(making.graph, name)
    candidates: dict[str, Any] = {CONSTANT: None, **dict(learning.model.candidates)}
    steps = [_candidate(making, learning, c, declared) for c, declared in candidates.items()]
    return [*steps, _program(making, learning), _version(making, learning, candidates)]


def objective(learning: Learning) -> Any:
    """What the competition is judged by."""
    from ninefold.models.objective import objective_of

    return objective_of(learning.problem, seed=learning.model.seed)


def prepared(making: Making, learning: Learning, output: Output) -> tuple[Any, Any]:
    """The training set and its split."""
    from ninefold.models.dataset import prepare

    data = load(making, learning.name, output)
    return data, prepare(data, learning.model.split)


def _shared(making: Making, learning: Learning) -> Any:
    problem, model = learning.problem, learning.model
    return making.values(
        "model",
        kind=learning.kind,
        inputs=learning.inputs,
        split=model.split,
        seed=model.seed,
        decide=problem.decide,
        costs=[(m.name, m.params) for m in [problem.costs, *(c.metric for c in problem.solved_when)] if getattr(m, "name", "") == "cost"][:1],
    )


def _candidate(making: Making, learning: Learning, name: str, declared: Any) -> Step:
    home = making.home
    training = f"training/{learning.name}"

    def run(outputs: Mapping[str, Output]) -> Output:
        from ninefold.models.contest import fit_candidate
        from ninefold.models.fit import encoded

        data, parts = prepared(making, learning, outputs[training])
        try:
            candidate, search = competing(home, declared), home.path("search", home.project, learning.name)
            fitted = fit_candidate(name, candidate, data, parts, objective(learning), search)
        except (NotYetError, StoppedError):  # a full disk is no property of the candidate
            raise
        except NinefoldError as error:
            # the others go on; the table of candidates says why this one is out
            return Output(digest(str(error).encode()), {"failed": error.message, "hint": error.hint})
        blob = home.blobs.add(encoded(fitted))
        return Output(blob, {"blob": blob, "loss": fitted.mean, "params": fitted.params, "trials": len(fitted.trials)})

    declaration = making.values("candidate", **{name: declared if declared is not None else CONSTANT})
    inner = unwrapped(declared)
    named = isinstance(inner, Existing) and inner.uri.startswith(REGISTERED)
    parts = (_shared(making, learning), declaration, *([RegisteredVersion(home, inner.uri)] if named else []))
    subject = home.subject("model", learning.name)
    return step(f"candidate/{learning.name}.{name}", run, kind="candidate", needs=(training,), parts=parts, subject=subject)


def fitted_of(making: Making, output: Output) -> "FittedCandidate":
    """The fitted candidate that a step stored."""
    from ninefold.models.contest import FittedCandidate
    from ninefold.models.fit import decoded

    return decoded(making.home.blobs.get(output.ref["blob"]), FittedCandidate)


def _program(making: Making, learning: Learning) -> Step:
    """What the bundle carries beside the model: the feature groups as data, and the request's columns with their types."""
    home = making.home
    tables = dict.fromkeys([learning.asked, *(of for _, _, of in learning.groups if of is not None)])

    def run(outputs: Mapping[str, Output]) -> Output:
        from ninefold.project.live.serving import program

        blob = home.blobs.add(canonical(program(making.graph, home, learning)))
        return Output(blob, {"blob": blob})

    return step(
        f"program/{learning.name}",
        run,
        kind="program",
        needs=tuple(f"view/{t}" for t in tables),
        parts=(features_part(making, learning),),
        subject=home.subject("model", learning.name),
        exists=lambda output: home.blobs.has(output.ref["blob"]),
    )


def _version(making: Making, learning: Learning, candidates: dict[str, Any]) -> Step:
    home, name = making.home, learning.name
    training, served = f"training/{name}", f"program/{name}"
    step_of = {c: f"candidate/{name}.{c}" for c in candidates}
    subject = home.subject("model", name)

    def run(outputs: Mapping[str, Output]) -> Output:
        from ninefold.models.choose import choose
        from ninefold.models.finish import finish

        fitted = [fitted_of(making, outputs[s]) for s in step_of.values() if "blob" in outputs[s].ref]
        failed = {c: outputs[s].ref["failed"] for c, s in step_of.items() if "failed" in outputs[s].ref}
        if len(fitted) == 1:
            hints = [outputs[step_of[c]].ref["hint"] for c in failed]
            raise DataError("no candidate is left: " + "; ".join(failed.values()), hint=next(filter(None, hints), "try another candidate"))
        data, parts = prepared(making, learning, outputs[training])
        judge = objective(learning)
        chosen = choose(fitted, data, parts, judge, failed)
        folder = home.path("bundles", f"new-{new_id()}")
        done = finish(
            folder,
            fitted,
            {c: competing(home, d) for c, d in candidates.items() if d is not None},
            chosen,
            data,
            parts,
            judge,
            about={"project": home.project, "model": name, "training": outputs[training].content},
            signer=signer(home),
            **msgspec.json.decode(home.blobs.get(outputs[served].ref["blob"])),
        )
        manifest = home.blobs.add(folder / MANIFEST)
        _keep(folder, home.path("bundles", done.digest))
        proof = home.stored("evidence", name).write(done.evidence.frame, mode="overwrite")
        assert proof is not None
        report = home.blobs.add(canonical(done.report))
        ref = {
            "bundle": done.digest,
            "signed": True,
            "evidence": proof.version,
            "report": report,
            "manifest": manifest,
            "winner": chosen.winner,
            "reason": chosen.reason,
            "training": outputs[training].content,
            "training_version": outputs[training].ref["version"],
            "as_of": making.as_of,
            "rows": done.report["rows"],
            "from": outputs[training].ref["from"],
            "to": outputs[training].ref["to"],
        }
        return Output(done.digest, ref)

    def facts(tx: "Tx", output: Output) -> None:
        made = record_version(tx, home.project, name, bundle=output.ref["bundle"], digest=output.content, body=output.ref)
        track(tx, home, made, output.ref)

    return step(
        f"model/{name}",
        run,
        kind="model",
        needs=(training, served, *step_of.values()),
        parts=(_shared(making, learning),),
        subject=subject,
        facts=facts,
        revision=3,
        exists=lambda output: home.path("bundles", output.ref["bundle"]).is_dir(),
    )


def _keep(made: Path, to: Path) -> None:
    """Put a finished bundle where its digest says; an equal one may be there already."""
    try:
        durable.move(made, to)
    except OSError:
        if not to.is_dir():
            raise
        if not (to / SIGNATURE).exists():
            durable.move(made / SIGNATURE, to / SIGNATURE)
        shutil.rmtree(made)
