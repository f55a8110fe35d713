"""``python -m ninefold.models.registry.portable.converting <folder> <bytes> <seconds>``: a model's file becomes a bundle, under limits.

The folder has ``job.json`` (see Job) and ``model``; the bundle is written into ``bundle`` inside of it. Parsers of model files may crash,
hang, or be made to: no server and no command reads one in its own process.
"""

import resource
import sys
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from ninefold.bundles.calibration import Calibration
from ninefold.bundles.decision import Decision
from ninefold.bundles.encoding import Column, Encoder, Encoding
from ninefold.bundles.pack import pack
from ninefold.bundles.predictors import open_predictor
from ninefold.bundles.scorer import Scorer, Scoring
from ninefold.errors import NinefoldError
from ninefold.models.registry.portable.described import Described
from ninefold.models.registry.portable.portable import Portable, read

GOLDEN = 32


class Job(msgspec.Struct, frozen=True):
    """What to convert: the description, what the questions are called, and what the bundle says about itself."""

    said: Described
    asked: str
    about: dict[str, Any]


def main() -> int:
    """0 with the bundle's digest on stdout; else 1 with message and hint as JSON on stderr's last line."""
    folder, memory, seconds = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    for what, wanted in ((resource.RLIMIT_AS, memory), (resource.RLIMIT_CPU, seconds), (resource.RLIMIT_CORE, 0)):
        hard = resource.getrlimit(what)[1]
        limit = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(what, (limit, limit))
    job = msgspec.json.decode((folder / "job.json").read_bytes(), type=Job)
    try:
        print(bundled(folder / "bundle", job, read(job.said, (folder / "model").read_bytes())))
    except NinefoldError as error:
        print(msgspec.json.encode([error.message, error.hint]).decode(), file=sys.stderr)
        return 1
    return 0


def bundled(folder: Path, job: Job, made: Portable) -> str:
    """Write the bundle of a model; its digest. What decides is the plainest rule: half the probability, or the likeliest class."""
    decision = Decision({"binary": "threshold", "multiclass": "class"}.get(made.kind, "number"))  # type: ignore[arg-type]
    encoder = Encoder(Encoding("codes", made.columns, single=made.single))
    scorer = Scorer(encoder, open_predictor(made.format, made.model, made.shape), made.shape, Scoring(Calibration(), decision, made.classes))
    names = [column.name for column in made.columns]
    return pack(
        folder,
        kind=made.kind,
        format=made.format,
        model=made.model,
        scorer=scorer,
        golden=_golden(scorer, made.columns),
        request={"asked": job.asked, "key": [], "columns": dict(zip(names, made.types, strict=True)), "bare": names, "required": list(made.required)},
        about=job.about,
    )


def _golden(scorer: Scorer, columns: tuple[Column, ...]) -> dict[str, Any]:
    """Made-up rows of many sizes, always the same; those that the model has a score for."""
    random = np.random.default_rng(0)
    rows: dict[str, list[Any]] = {}
    for column in columns:
        if column.kind == "text":
            rows[column.name] = [column.levels[i % len(column.levels)] if column.levels else None for i in range(GOLDEN)]
        elif column.kind == "bool":
            rows[column.name] = [bool(v) for v in random.random(GOLDEN) < 0.5]
        else:
            rows[column.name] = [round(float(v), 6) for v in random.normal(size=GOLDEN) * 10 ** random.integers(0, 4, GOLDEN)]
    for values in rows.values():
        values.append(None)
    scores = scorer.score(rows)
    good = np.flatnonzero(np.isfinite(scores.reshape(len(scores), -1)).all(axis=1)).tolist()
    return {name: [values[i] for i in good] for name, values in rows.items()}


if __name__ == "__main__":
    sys.exit(main())
