"""A bundle is what was written, or it is refused."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import pytest

from ninefold.bundles import constant
from ninefold.bundles.calibration import Calibration
from ninefold.bundles.decision import Decision
from ninefold.bundles.encoding import Column, Encoder, Encoding
from ninefold.bundles.load import load
from ninefold.bundles.manifest import MANIFEST, SEAL, SIGNATURE
from ninefold.bundles.pack import pack
from ninefold.bundles.predictors import Shape, open_predictor
from ninefold.bundles.scorer import Scorer, Scoring
from ninefold.errors import CorruptError, DataError, DeniedError, NotYetError

ENCODING = Encoding("codes", (Column("wind", "number"), Column("carrier", "text", ("AA", "UA"))))
ROWS: dict[str, list[Any]] = {"wind": [1.0, 30.0, None, 7.5], "carrier": ["AA", "UA", None, "never seen"]}


def trees() -> bytes:
    random = np.random.default_rng(0)
    x = np.column_stack([random.normal(10, 10, 500), random.integers(0, 2, 500)])
    model = lightgbm.LGBMClassifier(n_estimators=10, n_jobs=1, verbosity=-1, random_state=0, min_child_samples=5)
    model.fit(x, (x[:, 0] + 5 * x[:, 1] > 12).astype(int), categorical_feature=[1])
    text: str = model.booster_.model_to_string()
    return text.encode()


def made(folder: Path, signer: Callable[[bytes], bytes] | None = None, model: bytes | None = None) -> str:
    data, shape = model or trees(), Shape(2, 1, (), (1,))
    scoring = Scoring(Calibration((0.0, 1.0), (0.1, 0.8)), Decision("threshold", threshold=0.4))
    scorer = Scorer(Encoder(ENCODING), open_predictor("lightgbm", data, shape), shape, scoring)
    return pack(folder, kind="binary", format="lightgbm", model=data, scorer=scorer, golden=ROWS, about={"model": "late"}, signer=signer)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundle") / "b"
    made(folder)
    return folder


@pytest.fixture
def copy(bundle: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(bundle, tmp_path / "copy"))


def files_of(folder: Path) -> list[Path]:
    return sorted(folder.iterdir())


def test_equal_contents_give_an_equal_digest(tmp_path: Path) -> None:
    assert made(tmp_path / "a") == made(tmp_path / "b")


def test_a_loaded_bundle_scores_rows_one_by_one_as_it_does_all_together(bundle: Path) -> None:
    scorer = load(bundle)
    one = [scorer.score_row({"wind": w, "carrier": c}) for w, c in zip(ROWS["wind"], ROWS["carrier"], strict=True)]
    assert scorer.score(ROWS).tolist() == one


def test_a_bit_flipped_anywhere_is_found_before_anything_reads_the_file(copy: Path) -> None:
    random = np.random.default_rng(1)
    for path in files_of(copy):
        whole = path.read_bytes()
        for at in {0, len(whole) - 2, *random.integers(0, len(whole) - 1, 8).tolist()}:
            path.write_bytes(whole[:at] + bytes([whole[at] ^ 1 << int(random.integers(0, 7))]) + whole[at + 1 :])
            with pytest.raises(CorruptError):
                load(copy, trial=False)
        path.write_bytes(whole)
    assert load(copy, trial=False).version


def test_a_file_cut_short_or_gone_is_found(copy: Path) -> None:
    for path in files_of(copy):
        whole = path.read_bytes()
        for length in (0, len(whole) // 2, len(whole) - 2):
            path.write_bytes(whole[:length])
            with pytest.raises(CorruptError):
                load(copy, trial=False)
        path.unlink()
        with pytest.raises(CorruptError, match="missing"):
            load(copy, trial=False)
        path.write_bytes(whole)


def test_a_file_that_the_manifest_does_not_name_is_refused(copy: Path) -> None:
    (copy / "hook.py").write_text("print('hello')")
    with pytest.raises(CorruptError, match=r"does not name: hook\.py"):
        load(copy, trial=False)


def test_another_bundle_than_the_ledger_says_is_refused(bundle: Path) -> None:
    with pytest.raises(CorruptError, match="expected was 0000"):
        load(bundle, digest="0" * 64, trial=False)


def test_a_file_that_leads_elsewhere_is_refused(copy: Path, bundle: Path) -> None:
    (copy / "model.txt").unlink()
    (copy / "model.txt").symlink_to(bundle / "model.txt")
    with pytest.raises(CorruptError, match="a link"):
        load(copy, trial=False)


def test_a_model_that_crashes_its_parser_ends_the_child_and_not_this_process(copy: Path) -> None:
    # sealed as if it were right, so that only the trial can find it
    broken = trees().replace(b"num_leaves=", b"num_leaves=9999999", 1)
    reseal(copy, broken)
    with pytest.raises(CorruptError, match="child process"):
        load(copy)


def test_a_model_that_answers_otherwise_than_it_did_is_refused(copy: Path) -> None:
    values = trees().partition(b"leaf_value=")  # of equal length: LightGBM aborts where a tree has another size
    reseal(copy, values[0] + values[1] + values[2].replace(b"1", b"7", 3).replace(b"0.", b"9.", 1))
    with pytest.raises(CorruptError, match="golden rows"):
        load(copy, trial=False)


def reseal(folder: Path, model: bytes) -> None:
    import msgspec

    from ninefold.ids import canonical, digest

    manifest = msgspec.json.decode((folder / MANIFEST).read_bytes())
    manifest["files"]["model.txt"] = {"sha256": digest(model), "size": len(model)}
    raw = canonical(manifest)
    (folder / "model.txt").write_bytes(model)
    (folder / MANIFEST).write_bytes(raw)
    (folder / SEAL).write_text(digest(raw))


def test_a_bundle_of_a_later_release_says_so(copy: Path) -> None:
    from ninefold.ids import digest

    raw = (copy / MANIFEST).read_bytes().replace(b'"version":1', b'"version":2')
    (copy / MANIFEST).write_bytes(raw)
    (copy / SEAL).write_text(digest(raw))
    with pytest.raises(NotYetError, match="version 2"):
        load(copy, trial=False)


def test_a_signature_is_checked_over_the_manifest(tmp_path: Path) -> None:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key, other = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    made(tmp_path, signer=key.sign)

    def trusted(by: Ed25519PrivateKey) -> Callable[[bytes, bytes], bool]:
        def good(manifest: bytes, signature: bytes) -> bool:
            try:
                by.public_key().verify(signature, manifest)
            except InvalidSignature:
                return False
            return True

        return good

    assert load(tmp_path, verifier=trusted(key), trial=False).version
    with pytest.raises(DeniedError, match="not from a trusted key"):
        load(tmp_path, verifier=trusted(other), trial=False)
    (tmp_path / SIGNATURE).unlink()
    with pytest.raises(DeniedError, match="not signed"):
        load(tmp_path, verifier=trusted(key), trial=False)


def test_serving_loads_no_engine_but_the_model_s_own(bundle: Path) -> None:
    program = f"""
import sys
from ninefold.bundles.load import load
load({str(bundle)!r}, trial=False).score_row({{"wind": 3.0, "carrier": "AA"}})
heavy = "lightgbm sklearn scipy pandas polars pyarrow xgboost onnxruntime optuna ninefold.models ninefold.ledger ninefold.lake ninefold.project"
print([m for m in heavy.split() if m in sys.modules])
"""
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"winds": [1.0]}, 'no input "winds"'),
        ({"wind": ["strong"]}, "a number is expected"),
        ({"wind": [1.0, 2.0], "carrier": ["AA"]}, "different lengths"),
    ],
)
def test_columns_that_do_not_fit_are_refused_by_name(bundle: Path, columns: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        load(bundle, trial=False).score(columns)


def test_reasons_add_up_to_the_raw_score(bundle: Path) -> None:
    scorer = load(bundle, trial=False)
    matrix = scorer.encoder.matrix(ROWS)
    raw, parts = scorer.predictor.predict(matrix), scorer.predictor.contributions(matrix)
    assert np.allclose(1 / (1 + np.exp(-parts.sum(axis=1))), raw, atol=1e-12)
    assert {name for name, _ in scorer.explain(ROWS)[0]} == {"wind", "carrier"}


def test_the_constant_model_says_the_same_to_everything() -> None:
    predictor = open_predictor("constant", constant.save((0.25,)), Shape(2))
    assert predictor.predict(np.zeros((3, 2))).tolist() == [0.25] * 3
