"""Reading a project: what its file says, or what is wrong with it, and where."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import ninefold as nf
from ninefold.errors import DeclarationErrors
from ninefold.project.reading.read import read


def wrong(path: Path | str) -> list[tuple[str, str, str]]:
    with pytest.raises(DeclarationErrors) as caught:
        read(path)
    return [(e.where, e.message, e.hint) for e in caught.value.errors]


def test_things_are_named_by_their_variables_in_order(project):
    graph = project('raw = nf.Source("raw.csv")\nrows = nf.Table("lake:rows", key="id")\n')
    assert list(graph.things) == ["raw", "rows"]


def test_the_place_of_a_thing_is_its_line(project):
    assert project('\nraw = nf.Source("raw.csv")\n').place("raw") == "shop.py:4"


def test_a_missing_file_names_those_beside_it(write):
    path = write(shop="")
    [(where, message, hint)] = wrong(path.with_name("shp.py"))
    assert where.endswith("shp.py") and message == "there is no such file" and "shop.py" in hint


def test_an_empty_file_declares_nothing(write):
    [(where, message, _)] = wrong(write(shop=""))
    assert (where, message) == ("shop.py", "it declares nothing")


def test_a_syntax_error_shows_its_line(write):
    [(where, message, hint)] = wrong(write(shop="raw = nf.Source(\n"))
    assert where == "shop.py:3" and message.startswith("it is not Python") and "raw = nf.Source(" in hint


def test_bytes_that_are_no_text_are_no_python(write):
    path = write(shop="")
    path.write_bytes(b"\xff\xfe\x00")
    [(_, message, _)] = wrong(path)
    assert message.startswith("it is not Python")


def test_an_exception_points_at_the_users_line(write):
    [(where, message, _)] = wrong(write(shop="def f():\n    return 1 / 0\n\nx = f()\n"))
    assert (where, message) == ("shop.py:4", "ZeroDivisionError: division by zero")


def test_an_exit_while_reading_is_an_error(write):
    [(where, message, _)] = wrong(write(shop="raise SystemExit(3)\n"))
    assert where == "shop.py:3" and "ends the program" in message


def test_a_package_that_is_missing_says_where_it_should_be(write):
    [(_, message, hint)] = wrong(write(shop="import no_such_package\n"))
    assert "no_such_package" in message and sys.executable in hint


def test_a_misspelt_public_name_has_the_nearest_one(write):
    [(where, _, hint)] = wrong(write(shop="x = nf.Suorce('a.csv')\n"))
    assert where == "shop.py:3" and hint == 'did you mean "Source"?'


def test_a_misspelt_keyword_has_the_nearest_one(write):
    [(_, _, hint)] = wrong(write(shop="x = nf.Source('a.csv', nul='NA')\n"))
    assert hint == 'did you mean "null"?'


def test_a_misspelt_cost_has_the_nearest_one(write):
    [(_, _, hint)] = wrong(write(shop="x = nf.cost(false_alram=1)\n"))
    assert hint == 'did you mean "false_alarm"?'


def test_every_declaration_that_is_wrong_is_said(write):
    found = wrong(write(shop='a = nf.Table("x", key="k", time="now - 3 parsecs")\nb = nf.Features(a)\nc = nf.Endpoint("m", holdout="7")\n'))
    assert [where for where, _, _ in found] == ["shop.py:3", "shop.py:5"]


def test_a_chained_comparison_says_what_to_write(write):
    [(where, _, hint)] = wrong(write(shop="both = [0.1 <= nf.recall <= 0.9]\n"))
    assert where == "shop.py:3" and "two criteria" in hint


def test_a_package_counts_what_its_main_module_imports(write):
    path = write(
        **{
            "shop/__init__": "from shop.rows import raw\nfrom shop import more\nx = nf.Source()\n",
            "shop/rows": "raw = nf.Source()\n",
            "shop/more": "y = nf.Source()\n",
        }
    )
    graph = read(path.parent)
    assert (graph.project, list(graph.things)) == ("shop", ["raw", "y", "x"])


def test_a_module_beside_the_file_can_be_imported(write):
    path = write(shop="from rows_of_shop import raw\n", rows_of_shop="raw = nf.Source()\n")
    graph = read(path)
    assert graph.name_of(graph.things["raw"]) == "raw"
    assert [p.name for p in graph.module_files] == ["shop.py", "rows_of_shop.py"]


def test_reading_again_sees_an_edit_at_once(write):
    path = write(shop="a = nf.Source()\n")
    read(path)
    stat = path.stat()
    path.write_text(path.read_text().replace("a =", "b ="))
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))  # same size, same time: bytecode would be stale
    assert list(read(path).things) == ["b"]


def test_reading_leaves_nothing_behind(write):
    path = write(shop="from rows_of_shop import raw\n", rows_of_shop="raw = nf.Source()\n")
    paths = list(sys.path)
    read(path)
    assert sorted(p.name for p in path.parent.iterdir()) == ["rows_of_shop.py", "shop.py"]
    assert sys.path == paths


def test_a_failed_reading_can_be_tried_again(write):
    path = write(shop="1 / 0\n")
    wrong(path)
    path.write_text("import ninefold as nf\na = nf.Source()\n")
    assert list(read(path).things) == ["a"]


def test_a_file_called_like_a_module_of_python_is_refused(write):
    [(_, message, _)] = wrong(write(calendar="a = nf.Source()\n"))
    assert message == 'another module is called "calendar"'


def test_in_a_notebook_the_newest_definition_wins():
    namespace = {"raw": nf.Source("new.csv"), "In": ["", 'raw = nf.Source("old.csv")', 'x = 1\nraw = nf.Source("new.csv")']}
    from ninefold.project.reading.here import gather

    graph = gather(namespace, "book", Path())
    assert (graph.things["raw"].of, graph.place("raw")) == ("new.csv", "cell [2]:2")


def test_importing_ninefold_loads_no_engine():
    code = (
        "import sys, ninefold, ninefold.project.reading.read, ninefold.project.check\n"
        "for name in ninefold.__all__: name in ('join', 'measure', 'check', 'open', 'Event', 'Events', 'Personal') or getattr(ninefold, name)\n"
        "print([m for m in ('polars','duckdb','deltalake','pyarrow','obstore','onnxruntime','optuna','sklearn','lightgbm','scipy','numpy',"
        "'starlette','jinja2','cryptography','rich','sqlalchemy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_importing_ninefold_is_quick():
    code = "import time; a = time.process_time(); import ninefold; print(time.process_time() - a)"
    seconds = min(float(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout) for _ in range(3))
    assert seconds < 0.15
