"""The file that describes a saved model (``MLmodel``): which library wrote it, in which file, and which columns it reads."""

from typing import Any, Literal

import msgspec

from ninefold.errors import DataError

FILE = "MLmodel"
LARGEST = 1 << 20
_DEPTH = 32
TYPES = {"double": "Float64", "float": "Float64", "integer": "Int64", "long": "Int64", "boolean": "Boolean", "string": "String"}
AGAIN = "log the model again with a signature of plain columns (numbers, booleans, texts)"

Format = Literal["lightgbm", "xgboost", "onnx"]


class Input(msgspec.Struct, frozen=True):
    """A column as the signature says it; ``type`` is the text of a Polars type."""

    name: str
    type: str
    required: bool = True


class Described(msgspec.Struct, frozen=True):
    """What the description says: the file of the model, its format, and the class of its object; ``inputs`` None where it names no columns.

    ``classes`` are the labels of a model that was converted here, whose format knows numbers alone.
    """

    format: Format
    file: str
    model_class: str
    inputs: list[Input] | None
    library: str
    classes: tuple[str | int, ...] = ()


def described(data: bytes, convert: str) -> Described:
    """What a description says. ``convert`` is the command that converts a model of another format.

    DataError where it cannot be read, names no format that can be loaded without running code, or a file outside of the folder.
    """
    said = _plain(data)
    flavors = said.get("flavors")
    if not isinstance(flavors, dict):
        raise _wrong("it names no library")
    for format, version in (("lightgbm", "lgb_version"), ("xgboost", "xgb_version"), ("onnx", "onnx_version")):
        found = flavors.get(format)
        if isinstance(found, dict):
            file, about = str(found.get("data") or ""), str(found.get("model_class") or "")
            if _runs_code(file):
                raise _pickled(format, file, convert)
            if found.get("onnx_external_data") or found.get("external_data"):
                raise DataError("the weights of the ONNX model lie in other files", where=FILE, hint="log it again with save_as_external_data=False")
            library = f"{format} {found.get(version) or ''}".strip()
            return Described(format, _inside(file), about, _inputs(said.get("signature")), library, _classes(found))  # type: ignore[arg-type]
    others = sorted(str(name) for name in flavors if name != "python_function") or ["python_function"]
    raise _pickled(others[0], str((flavors.get(others[0]) or {}).get("pickled_model") or ""), convert)


def pickled(data: bytes) -> tuple[str, list[Input] | None]:
    """The file of a model whose format runs code, and its columns: what ``ninefold models convert`` reads."""
    said = _plain(data)
    flavors: dict[str, Any] = said.get("flavors") or {}
    files = [found.get("pickled_model") or found.get("data") for found in flavors.values() if isinstance(found, dict)]
    file = next((str(f) for f in files if f and _runs_code(str(f))), None)
    if file is None:
        raise _wrong("it names no pickled model")
    return _inside(file), _inputs(said.get("signature"))


def written(said: Described) -> bytes:
    """The description of a converted model."""
    import yaml

    names = {text: name for name, text in TYPES.items()}
    inputs = [{"type": names[i.type], "name": i.name, "required": i.required} for i in said.inputs or ()]
    flavor = {"data": said.file, "model_class": said.model_class, "converted_from": said.library, "classes": list(said.classes)}
    signature = {"inputs": msgspec.json.encode(inputs).decode(), "outputs": None, "params": None}
    text: str = yaml.safe_dump({"flavors": {said.format: flavor}, "signature": signature}, sort_keys=False)
    return text.encode()


def _classes(flavor: dict[str, Any]) -> tuple[str | int, ...]:
    found = flavor.get("classes") or []
    if not isinstance(found, list) or not all(isinstance(c, str) or type(c) is int for c in found):
        raise _wrong("its classes are no texts and numbers")
    return tuple(found)


def _plain(data: bytes) -> dict[str, Any]:
    """YAML of scalars, lists and mappings: no tags, no anchors, no deep nesting."""
    import yaml

    class Plain(yaml.SafeLoader):  # type: ignore[misc]  # untyped
        depth = 0

        def compose_node(self, parent: Any, index: Any) -> Any:
            if self.check_event(yaml.AliasEvent):
                raise _wrong("it refers to parts of itself")
            self.depth += 1
            if self.depth > _DEPTH:
                raise _wrong("it is nested too deeply")
            node = super().compose_node(parent, index)
            self.depth -= 1
            return node

    if len(data) > LARGEST:
        raise _wrong(f"it has {len(data)} bytes, at most {LARGEST} are read")
    try:
        # a safe loader that constructs scalars, lists and mappings alone
        said = yaml.load(data, Loader=Plain)  # noqa: S506
    except (yaml.YAMLError, UnicodeDecodeError, ValueError) as error:
        raise _wrong(str(error).splitlines()[0]) from None
    if not isinstance(said, dict):
        raise _wrong("it is no mapping")
    return said


def _inputs(signature: Any) -> list[Input] | None:
    """The columns of a signature; None where there is none, or where it describes a matrix without names."""
    text = signature.get("inputs") if isinstance(signature, dict) else None
    if text is None:
        return None
    try:
        columns = msgspec.json.decode(text, type=list[dict[str, Any]])
    except (msgspec.DecodeError, TypeError):
        raise _wrong("its signature cannot be read") from None
    if any(column.get("type") == "tensor" or "name" not in column for column in columns):
        return None
    found = [Input(str(c["name"]), TYPES.get(str(c.get("type")), ""), bool(c.get("required", True))) for c in columns]
    unread = next((c for c, i in zip(columns, found, strict=True) if not i.type), None)
    if unread is not None:
        raise DataError(f'the input "{unread["name"]}" is a {unread.get("type")}', where=FILE, hint=AGAIN)
    if len({i.name for i in found}) < len(found):
        raise DataError("the signature names a column twice", where=FILE, hint=AGAIN)
    return found


def _inside(file: str) -> str:
    parts = file.split("/")
    if not file or file.startswith("/") or "\\" in file or "\x00" in file or any(part in {"", ".", ".."} for part in parts):
        raise _wrong(f"its model lies in the file {file[:80]!r}")
    return file


def _runs_code(file: str) -> bool:
    return file.rsplit(".", 1)[-1].lower() in {"pkl", "pickle", "joblib", "cloudpickle", "pt", "pth", "skops", "dill"}


def _pickled(library: str, file: str, convert: str) -> DataError:
    what = f"a {library} model" + (f" in {file}" if file else "")
    return DataError(
        f"the version is {what}, and reading that may run code: LightGBM text, XGBoost JSON or UBJ, and ONNX are taken",
        where=FILE,
        hint=f"convert it where you trust it: {convert}",
    )


def _wrong(why: str) -> DataError:
    return DataError(f"the description of the model cannot be read: {why}", where=FILE, hint="log the model again")
