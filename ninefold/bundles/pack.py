"""Packing a bundle: equal contents give equal bytes, and so an equal digest."""

from collections.abc import Callable, Mapping
from math import isnan
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from ninefold.bundles.encoding import Values
from ninefold.bundles.load import Golden
from ninefold.bundles.manifest import MANIFEST, SEAL, SIGNATURE, VERSION, File, Manifest
from ninefold.bundles.predictors import FORMATS
from ninefold.bundles.scorer import Scorer
from ninefold.ids import canonical, digest
from ninefold.storage import durable


def pack(
    folder: Path,
    *,
    kind: str,
    format: str,
    model: bytes,
    scorer: Scorer,
    golden: Mapping[str, Values],
    features: list[Any] | None = None,
    request: dict[str, Any] | None = None,
    about: Mapping[str, Any] | None = None,
    extra: Mapping[str, bytes] | None = None,
    signer: Callable[[bytes], bytes] | None = None,
) -> str:
    """Write a bundle into ``folder`` (made; files of the same name are replaced) and return its digest.

    ``golden`` are rows that every loader scores again; ``about`` goes into the manifest, ``extra`` are further files.
    ``signer(manifest bytes)`` gives a signature (Ed25519), stored beside the manifest.
    """
    rows = {name: _plain(values) for name, values in golden.items()}
    files = {
        FORMATS[format][1]: model,
        "encoding.json": msgspec.json.encode(scorer.encoder.encoding),
        "scoring.json": msgspec.json.encode(scorer.scoring),
        "golden.json": msgspec.json.encode(Golden(rows, scorer.score(rows).tolist())),
        "features.json": canonical(features or []),
        "request.json": canonical(request or {}),
        **(extra or {}),
    }
    entries = {name: File(digest(data), len(data)) for name, data in sorted(files.items())}
    manifest = canonical(msgspec.to_builtins(Manifest(VERSION, kind, format, scorer.shape, entries, dict(about or {}))))  # type: ignore[arg-type]
    found = digest(manifest)
    for name, data in files.items():
        durable.write(folder / name, data)
    if signer is not None:
        durable.write(folder / SIGNATURE, signer(manifest))
    durable.write(folder / SEAL, found.encode() + b"\n")
    durable.write(folder / MANIFEST, manifest)  # last: a folder without it is no bundle
    return found


def _plain(values: Values) -> list[Any]:
    listed = values.tolist() if isinstance(values, np.ndarray) else list(values)
    return [None if isinstance(v, float) and isnan(v) else v for v in listed]
