"""A thing that gets another name goes on with its history where ``was=`` says so; a run offers the line."""

from pathlib import Path

import making
import pytest

from ninefold.errors import ConflictError, DeclarationError
from ninefold.loop.gate import gate
from ninefold.models.records import newest, version
from ninefold.project.policy import in_force
from ninefold.project.reading.read import read
from ninefold.project.renaming import go_on, offers


def rewrite(main: Path, *changes: tuple[str, str]) -> None:
    text = main.read_text()
    for before, after in changes:
        assert before in text, before
        text = text.replace(before, after)
    main.write_text(text)


RENAMED = (("sorter = nf.Model(", "chooser = nf.Model("), ("nf.Endpoint(sorter", "nf.Endpoint(chooser"))
WAS = ("chooser = nf.Model(", 'chooser = nf.Model(was="sorter", problem=')


def test_a_model_counts_its_versions_on_and_keeps_its_facts(bins_copy: Path) -> None:
    rewrite(bins_copy, *RENAMED, WAS, ('"width"]', "]"))
    making.run(bins_copy, as_of=making.END)
    with making.home(bins_copy) as home:
        first, last = version(home.ledger, "bins", "chooser", 1), newest(home.ledger, "bins", "chooser")
        assert last is not None
        assert last.version == 2
        assert first.digest == version(home.ledger, "bins", "sorter", 1).digest
        assert gate(home, first).why
        assert len(home.stored("training", "chooser").versions()) == 2


def test_a_problem_keeps_its_policy(bins_copy: Path) -> None:
    with making.home(bins_copy) as home:
        before = in_force(home, "sorting")
        rewrite(bins_copy, ("sorting = nf.Problem(", 'order = nf.Problem(was="sorting", question='), ("nf.Model(sorting", "nf.Model(order"))
        go_on(home, read(bins_copy, root=bins_copy.parent))
        assert in_force(home, "order") == before


def test_a_run_offers_the_line_for_what_was_renamed_also_together(bins_copy: Path) -> None:
    rewrite(bins_copy, *RENAMED, ("sorting = nf.Problem(", "order = nf.Problem("), ("nf.Model(sorting", "nf.Model(order"))
    with making.home(bins_copy) as home:
        said = offers(home, read(bins_copy, root=bins_copy.parent))
    assert [line.partition(": ")[2].partition(" is gone")[0] for line in said] == ['"sorting"', '"sorter"']
    assert 'write was="sorter"' in said[1]


def test_a_thing_that_is_defined_otherwise_is_another_thing(bins_copy: Path) -> None:
    rewrite(bins_copy, *RENAMED, ('"width"]', "]"))
    with making.home(bins_copy) as home:
        assert offers(home, read(bins_copy, root=bins_copy.parent)) == []


def test_a_name_that_is_still_declared_is_refused(bins_copy: Path) -> None:
    rewrite(bins_copy, ("chute = nf.Endpoint(sorter", 'chute = nf.Endpoint(was="sorter", model=sorter'))
    with making.home(bins_copy) as home, pytest.raises(DeclarationError, match="still declared"):
        go_on(home, read(bins_copy, root=bins_copy.parent))


def test_a_name_whose_history_goes_on_elsewhere_cannot_be_taken(bins_copy: Path) -> None:
    text = bins_copy.read_text()
    rewrite(bins_copy, *RENAMED, WAS)
    with making.home(bins_copy) as home:
        go_on(home, read(bins_copy, root=bins_copy.parent))
        bins_copy.write_text(text)
        with pytest.raises(ConflictError, match='goes on as "chooser"'):
            go_on(home, read(bins_copy, root=bins_copy.parent))
