"""Loading a bundle: digests first, then a trial in a child process, then here."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np

from ninefold.bundles.manifest import AGAIN, MANIFEST, SIGNATURE, Manifest, model_file, verified
from ninefold.bundles.predictors import REFUSED, open_predictor
from ninefold.bundles.scorer import Bundle, scorer_of
from ninefold.errors import CorruptError, DeniedError

# a 32-bit runtime rounds differently on another processor
TOLERANCE, SINGLE_TOLERANCE = 1e-9, 1e-6
TRUSTED = "deploy bundles that this installation has made or trusts"
Verifier = Callable[[bytes, bytes], bool]


class Golden(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Rows and the scores that they had when the bundle was made."""

    columns: dict[str, list[float | str | bool | None]]
    scores: list[float | list[float]]


def load(
    folder: Path | str, *, digest: str | None = None, verifier: Verifier | None = None, trial: bool = True, seconds: float = 60, memory: int = 8 << 30
) -> Bundle:
    """The scorer of a bundle.

    ``digest`` is what the ledger says the bundle is. ``verifier(manifest, signature)`` says whether the signature is good; a bundle
    without one is then refused. ``trial`` first loads it in a child process with limits (``seconds``, ``memory`` bytes): parsers of
    model files may crash or hang, and a server must not.

    Raises CorruptError where any byte is not what was written or the golden rows score differently; DeniedError for a signature.
    """
    folder = Path(folder)
    manifest, files, found = verified(folder, digest)
    if verifier is not None:
        _signed(folder, verifier)
    if trial:
        _trial(folder, found, seconds, memory)
    return opened(folder, manifest, files, found)


def opened(folder: Path, manifest: Manifest, files: dict[str, bytes], found: str) -> Bundle:
    """A bundle whose bytes are verified: parsed, and its golden rows compared."""
    try:
        predictor = open_predictor(manifest.format, files[model_file(manifest)], manifest.shape)
        bundle = Bundle(scorer_of(files["encoding.json"], files["scoring.json"], predictor, manifest.shape), manifest, files, found)
        golden = msgspec.json.decode(files["golden.json"], type=Golden)
    except (msgspec.DecodeError, KeyError) as error:
        raise CorruptError(f"the bundle is not complete: {error}", where=str(folder), hint=AGAIN) from None
    compare(bundle, golden, str(folder))
    return bundle


def compare(bundle: Bundle, golden: Golden, where: str) -> None:
    """Score the golden rows; CorruptError where one differs by more than 1e-9 (in a 32-bit runtime 1e-6; relative, for large numbers)."""
    expected = np.asarray(golden.scores, np.float64)
    got = bundle.score(golden.columns)
    allowed = SINGLE_TOLERANCE if bundle.encoder.encoding.single else TOLERANCE
    if got.shape != expected.shape or not np.allclose(got, expected, rtol=allowed, atol=allowed, equal_nan=True):
        worst = float(np.max(np.abs(got - expected))) if got.shape == expected.shape else float("nan")
        raise CorruptError(f"the golden rows do not score as they did when the bundle was made: off by up to {worst:.3g}", where=where, hint=REFUSED)


def _signed(folder: Path, verifier: Verifier) -> None:
    try:
        signature = (folder / SIGNATURE).read_bytes()
    except FileNotFoundError:
        raise DeniedError("the bundle is not signed", where=str(folder), hint=TRUSTED) from None
    if not verifier((folder / MANIFEST).read_bytes(), signature):
        raise DeniedError("the bundle's signature is not from a trusted key", where=str(folder / SIGNATURE), hint=TRUSTED)


def _trial(folder: Path, found: str, seconds: float, memory: int) -> None:
    command = [sys.executable, "-m", "ninefold.bundles.trial", str(folder), found, str(memory), str(int(seconds) + 1)]
    try:
        # our own interpreter and module; the folder is an argument, no shell reads it
        done = subprocess.run(command, capture_output=True, timeout=seconds, check=False, env={**os.environ, "OMP_NUM_THREADS": "1"})  # noqa: S603
    except subprocess.TimeoutExpired:
        told = f"loading the bundle took more than {seconds:g} s in a child process"
        raise CorruptError(told, where=str(folder), hint="try again when the machine has less to do") from None
    if done.returncode != 0:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        how = f"was killed by signal {-done.returncode}" if done.returncode < 0 else f"ended with {done.returncode}"
        told = f"the trial of the bundle in a child process {how}: {said[-1] if said else 'no message'}"
        raise CorruptError(told, where=str(folder), hint=REFUSED)
