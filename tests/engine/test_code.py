"""The key follows the code: every edit that can change a result changes it, no other edit does."""

import importlib
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ninefold.engine import packages
from ninefold.engine.code import CodeParts, code_parts

MAIN = '''
import functools
import os
import math
import shop_helper
from shop_helper import tax, Price
import shop_deep.inner as inner
import shop_everything

RATE = 3
TABLE = {"a": 1, "f": tax}

def twice(function):
    @functools.wraps(function)
    def wrapped(*args):
        return function(*args) * 2
    return wrapped

def adder(amount):
    def add(x):
        return x + amount
    return add

add_five = adder(5)

def local_helper(x, scale=2):
    return x * scale

def unused(x):
    return x - 1

def even(x):
    return x == 0 or odd(x - 1)

def odd(x):
    return x != 0 and even(x - 1)

def late(self):
    return "late"

class Model:
    factor = 1

    def apply(self, x):
        return x * self.factor

class Special(Model):
    def extra(self):
        return 1

class Dear(shop_helper.Price):
    pass

class Rule:
    def __init__(self, function):
        self.function = function

def made(base, bonus):
    class Made(base):
        def apply(self, x):
            return super().apply(x) + bonus
    return Made

def scaled(amount):
    def scale(x, by=amount):
        return x * by
    return scale

Made = made(Model, 5)
Special.late = late
Special.price = 4
scale_seven = scaled(7)
nine = Price(9).show
RULE = Rule(local_helper)
LAMBDA = Rule([lambda x: x * 8])
MODULES = [shop_helper]

def step(x):
    """Doc."""
    # a comment
    return x + 1
'''
HELPER = """
from shop_deep.inner import base

LEVELS = [1, 2]

def tax(x):
    return base(x) * 2

def other(x):
    return x

def with_default(x, rate=0.1):
    return x * rate

class Price:
    def __init__(self, value):
        self.value = value

    def show(self):
        return tax(self.value)
"""
INNER = """
LIMIT = 10

def base(x):
    return min(x, LIMIT)
"""


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., CodeParts]]:
    """Write the project with edits, import it afresh, and follow ``step``."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    count = iter(range(100))

    def forget() -> None:
        for name in [n for n in sys.modules if n.startswith("shop_")]:
            del sys.modules[name]
        importlib.invalidate_caches()

    def read(body: str, *edits: tuple[str, str]) -> CodeParts:
        files = {
            "shop_main.py": MAIN.replace("    return x + 1\n", f"    {body}\n"),
            "shop_helper.py": HELPER,
            "shop_deep/inner.py": INNER,
            "shop_deep/__init__.py": "",
            "shop_space/part.py": "def base(x):\n    return x * 4\n",
            "shop_everything.py": "from shop_helper import *\n",
        }
        for old, new in edits:
            assert any(old in text for text in files.values()), old
            files = {name: text.replace(old, new) for name, text in files.items()}
        stamp = 1_700_000_000 + next(count)
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
            os.utime(path, (stamp, stamp))
        forget()
        module: Any = importlib.import_module("shop_main")
        return code_parts(module.step, roots=[tmp_path])

    yield read
    forget()


CHANGES = [
    ("own code", "return x + 1", ("return x + 1", "return x + 2")),
    ("a helper beside it", "return local_helper(x)", ("return x * scale", "return x / scale")),
    ("a helper's default argument", "return local_helper(x)", ("scale=2", "scale=3")),
    ("a constant", "return x * RATE", ("RATE = 3", "RATE = 4")),
    ("a closure's value", "return add_five(x)", ("adder(5)", "adder(6)")),
    ("a closure's code", "return add_five(x)", ("return x + amount", "return x - amount")),
    ("a method of a class", "return Model().apply(x)", ("return x * self.factor", "return x")),
    ("an attribute of a class", "return Model().apply(x)", ("factor = 1", "factor = 2")),
    ("a base class", "return Special().apply(x)", ("return x * self.factor", "return x")),
    ("a base class in another module", "return Dear(x).show()", ("return tax(self.value)", "return 0")),
    ("a base class that a function was given", "return Made().apply(x)", ("return x * self.factor", "return x")),
    ("a value in a method of a class that a function made", "return Made().apply(x)", ("made(Model, 5)", "made(Model, 6)")),
    ("a method that was put into a class", "return Special().late()", ('return "late"', 'return "later"')),
    ("a value that was put into a class", "return Special().price", ("Special.price = 4", "Special.price = 5")),
    ("the object of a method", "return nine()", ("Price(9)", "Price(8)")),
    ("the method of an object", "return nine()", ("return tax(self.value)", "return 0")),
    ("the first of two functions that call each other", "return even(x)", ("x == 0", "x == 1")),
    ("the second of two functions that call each other", "return even(x)", ("x != 0", "x != 1")),
    ("a computed default", "return scale_seven(x)", ("scaled(7)", "scaled(8)")),
    ("what a default is computed from", "return local_helper(x)", ("scale=2", "scale=RATE"), ("RATE = 3", "RATE = 4")),
    ("a function that an object holds", "return RULE.function(x)", ("return x * scale", "return x / scale")),
    ("a lambda in a list that an object holds", "return LAMBDA.function[0](x)", ("x * 8", "x * 9")),
    ("a helper in another module", "return tax(x)", ("return base(x) * 2", "return base(x) * 3")),
    ("a helper by its module", "return shop_helper.tax(x)", ("return base(x) * 2", "return base(x) * 3")),
    ("a helper of a helper in a third module", "return tax(x)", ("return min(x, LIMIT)", "return max(x, LIMIT)")),
    ("a constant in a third module", "return tax(x)", ("LIMIT = 10", "LIMIT = 11")),
    ("a submodule by its alias", "return inner.base(x)", ("LIMIT = 10", "LIMIT = 11")),
    ("a default in another module", "return shop_helper.with_default(x)", ("rate=0.1", "rate=0.2")),
    ("a class in another module", "return Price(x).show()", ("return tax(self.value)", "return 0")),
    ("what a class in another module calls", "return Price(x).show()", ("LIMIT = 10", "LIMIT = 11")),
    ("getattr on a module", "return getattr(shop_helper, 'o' + 'ther')(x)", ("def other(x):\n    return x", "def other(x):\n    return -x")),
    ("getattr on a module, and what it calls", "return getattr(shop_helper, 't' + 'ax')(x)", ("LIMIT = 10", "LIMIT = 11")),
    ("getattr on a module that imports everything", "return getattr(shop_everything, 't' + 'ax')(x)", ("LIMIT = 10", "LIMIT = 11")),
    ("a module in a list", "return MODULES[0].other(x)", ("def other(x):\n    return x", "def other(x):\n    return -x")),
    ("a module that is handed on", "return vars(shop_helper)['tax'](x)", ("LIMIT = 10", "LIMIT = 11")),
    ("a constant by getattr", "return getattr(shop_helper, 'LEV' + 'ELS')", ("LEVELS = [1, 2]", "LEVELS = [1, 3]")),
    ("a function in a dictionary", "return TABLE['f'](x)", ("LIMIT = 10", "LIMIT = 11")),
    ("a value in a dictionary", "return TABLE['a']", ('"a": 1', '"a": 2')),
    ("an import inside the body", "from shop_helper import other; return other(x)", ("def other(x):\n    return x", "def other(x):\n    return -x")),
    ("a submodule imported inside the body", "from shop_deep import inner as deep; return deep.base(x)", ("LIMIT = 10", "LIMIT = 11")),
    ("a package without a file of its own", "import shop_space.part; return shop_space.part.base(x)", ("return x * 4", "return x * 5")),
    ("a module imported inside the body", "import shop_deep.inner; return shop_deep.inner.base(x)", ("LIMIT = 10", "LIMIT = 11")),
    ("a decorator's code", "return x", ("def step(x):", "@twice\ndef step(x):"), ("* 2\n    return wrapped", "* 3\n    return wrapped")),
    ("a lambda", "return (lambda y: y * RATE)(x)", ("RATE = 3", "RATE = 4")),
    ("a name in a comprehension", "return [y * RATE for y in x]", ("RATE = 3", "RATE = 4")),
    ("an inner function's helper", "return (lambda: local_helper(x))()", ("scale=2", "scale=3")),
    ("an annotation", "return x", ("def step(x):", "def step(x: int):")),
    ("1 and 1.0 are different", "return RATE", ("RATE = 3", "RATE = 3.0")),
]


@pytest.mark.parametrize(("body", "edits"), [pytest.param(body, edits, id=name) for name, body, *edits in CHANGES])
def test_an_edit_that_can_change_the_result_changes_the_parts(read: Callable[..., CodeParts], body: str, edits: list[tuple[str, str]]) -> None:
    # the last edit is the one under test; those before it set the scene
    before = read(body, *edits[:-1])
    assert before.uncacheable is None
    assert read(body, *edits).parts != before.parts


STAYS = [
    ("nothing", "return tax(x)", ("tax", "tax")),
    ("a comment", "return tax(x)", ("# a comment", "# another one")),
    ("formatting", "return tax(x)", ("return tax(x)", "return (\n        tax( x )\n    )")),
    ("a docstring", "return tax(x)", ('"""Doc."""', '"""Other words."""')),
    ("moved lines", "return tax(x)", ("import math", "import math\n\n\n\n")),
    ("a helper's comment", "return tax(x)", ("return base(x) * 2", "return base(x) * 2  # twice")),
    ("an unused function", "return tax(x)", ("return x - 1", "return x - 2")),
    ("an unused constant", "return tax(x)", ("RATE = 3", "RATE = 4")),
    ("an unused function beside the helper", "return shop_helper.tax(x)", ("def other(x):\n    return x", "def other(x):\n    return -x")),
    ("an unused class", "return tax(x)", ("factor = 1", "factor = 2")),
    ("a constant that a parameter hides", "return RATE", ("def step(x)", "def step(RATE)"), ("RATE = 3", "RATE = 4")),
    ("a constant that a local variable hides", "RATE = x; return RATE", ("RATE = 3", "RATE = 4")),
    ("a comment in a base class", "return Made().apply(x)", ("return x * self.factor", "return x * self.factor  # so")),
    ("a docstring in a function that an object holds", "return RULE.function(x)", ("    return x * scale", "    'Scaled.'\n    return x * scale")),
    ("a module of the project, from one that uses another", "return math.pi", ("LIMIT = 10", "LIMIT = 11")),
    ("quotes", "return TABLE['a']", ('"a": 1', "'a': 1")),
]


@pytest.mark.parametrize(("body", "edits"), [pytest.param(body, edits, id=name) for name, body, *edits in STAYS])
def test_an_edit_that_cannot_change_the_result_changes_nothing(read: Callable[..., CodeParts], body: str, edits: list[tuple[str, str]]) -> None:
    assert read(body, *edits).parts == read(body, *edits[:-1]).parts


def test_libraries_count_by_the_version_of_those_reached_only(read: Callable[..., CodeParts]) -> None:
    found = read("import polars as pl; import math; return pl.lit(1)")
    assert [part for part in found.parts if part.startswith("package:")] == ["package:polars"]


@pytest.fixture
def release(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """Install a version of a small package, as pip would: its module, and its metadata beside it."""
    folder = tmp_path_factory.mktemp("environment") / "site-packages"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))

    def release(name: str, version: str) -> None:
        for old in folder.glob(f"{name}-*"):
            shutil.rmtree(old)
        (folder / f"{name}.py").write_text("def double(x):\n    return 2 * x\n")
        (folder / f"{name}-{version}.dist-info").mkdir()
        (folder / f"{name}-{version}.dist-info" / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        packages.distribution_of.cache_clear()  # a process sees one version; here are two in one

    return release


@pytest.mark.parametrize(
    "body",
    [
        "import shoplib; return shoplib.double(x)",
        "from shoplib import double; return double(x)",
        "return getattr(shoplib, 'dou' + 'ble')(x)",
        "return DOUBLE(x)",
        "return HELD.function(x)",
        "return list(map(DOUBLE, x))",
    ],
)
def test_another_version_of_a_package_that_is_reached_changes_the_parts_and_of_another_one_does_not(
    read: Callable[..., CodeParts], release: Callable[[str, str], None], body: str
) -> None:
    reach = ("import math\n", "import math\nimport shoplib\nimport shopother\nDOUBLE = shoplib.double\n")
    hold = ("def step(x):", "HELD = Rule(shoplib.double)\n\ndef step(x):")
    for name in ("shoplib", "shopother"):
        release(name, "1.0")
    before = read(body, reach, hold)
    release("shopother", "2.0")
    assert read(body, reach, hold).parts == before.parts
    release("shoplib", "1.1")
    after = read(body, reach, hold)
    assert {name for name in after.parts if after.parts[name] != before.parts[name]} == {"package:shoplib"}
    assert before.uncacheable is None


def test_an_environment_variable_counts_by_value_and_its_value_is_not_kept(read: Callable[..., CodeParts], monkeypatch: pytest.MonkeyPatch) -> None:
    body = "return os.environ['SHOP'] + os.getenv('SHOP2', '')"
    monkeypatch.setenv("SHOP", "one")
    before = read(body)
    monkeypatch.setenv("SHOP", "two")
    after = read(body)
    assert {name for name in before.parts if before.parts[name] != after.parts[name]} == {"env:SHOP"}
    assert "two" not in str(after)


UNCACHEABLE = [
    ("return os.environ[x]", "environment variables whose names"),
    ("return dict(os.environ)", "environment variables whose names"),
    ("return eval(x)", "eval"),
    ("return open(x).read()", "open"),
    ("import polars as pl; return pl.read_csv(x)", "pl.read_csv"),
    ("import importlib; return importlib.import_module(x)", "by name"),
]


@pytest.mark.parametrize(("body", "reason"), UNCACHEABLE)
def test_what_cannot_be_followed_is_not_cached_and_says_why(read: Callable[..., CodeParts], body: str, reason: str) -> None:
    assert reason in (read(body).uncacheable or "")


def test_a_class_without_source_is_not_cached(read: Callable[..., CodeParts]) -> None:
    found = read("return Model().apply(x)", ("Special.late = late", "Model = type('Unread', (Model,), {'factor': 3})"))
    assert "source of the class" in (found.uncacheable or "")


def test_a_constant_that_cannot_be_told_from_another_is_not_cached(read: Callable[..., CodeParts]) -> None:
    found = read("return RATE", ("RATE = 3", "RATE = (i for i in range(3))"))
    assert "RATE" in (found.uncacheable or "")


def test_a_file_with_a_literal_name_counts_by_content(read: Callable[..., CodeParts], tmp_path: Path) -> None:
    file = tmp_path / "rates.txt"
    file.write_text("1")
    before = read(f"return open({str(file)!r}).read()")
    file.write_text("2")
    assert before.uncacheable is None
    assert read(f"return open({str(file)!r}).read()").parts != before.parts
