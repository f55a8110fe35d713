"""Cards and reports: every sentence has its facts, digests are the ledger's, nothing is invented, both views say the same."""

import html as escaping
import re
from pathlib import Path

import pytest

from ninefold.errors import NotFoundError
from ninefold.governance.card import card
from ninefold.governance.document import Document, Grid, Line, Section
from ninefold.governance.render import html, markdown
from ninefold.governance.report import release_report
from ninefold.ledger.tree import leaf_hash
from ninefold.project.home import open_home


@pytest.fixture(scope="module")
def made(tiny_project: Path) -> Document:
    with open_home(tiny_project) as home:
        return card(home, "forecast", 1)


def test_every_sentence_and_row_names_facts_that_are_listed(made: Document) -> None:
    listed = {fact.seq for fact in made.facts}
    for section in made.sections:
        for part in section.parts:
            for one in [part] if isinstance(part, Line) else part.rows:
                assert one.facts and set(one.facts) <= listed, one


def test_digests_are_the_leaves_of_the_ledger(tiny_project: Path, made: Document) -> None:
    with open_home(tiny_project) as home:
        for fact in made.facts:
            row = home.ledger.one("select cast(content as blob) as content from facts where seq = ?", fact.seq)
            assert row is not None and leaf_hash(row["content"]).hex() == fact.digest


def test_the_same_ledger_gives_the_same_card(tiny_project: Path, made: Document) -> None:
    with open_home(tiny_project) as home:
        assert markdown(card(home, "forecast", 1)) == markdown(made)


def test_a_sentence_without_a_fact_cannot_be_written() -> None:
    with pytest.raises(AssertionError, match="without a fact"):
        Section("x").say("It is a good model.")


def test_the_card_says_what_the_file_said(made: Document) -> None:
    text = markdown(made)
    assert "will this parcel come more than 15 minutes late?" in text
    assert "A call beforehand costs little" in text
    assert "Its owner is dispatch." in text


def test_the_files_behind_the_model_are_named_with_their_digests(made: Document) -> None:
    (data,) = [s for s in made.sections if s.title == "Training data"]
    (files,) = [p for p in data.parts if isinstance(p, Grid) and "sha256" in p.headers]
    (row,) = files.rows
    assert row.cells[1] == "orders.csv"
    assert re.fullmatch(r"[0-9a-f]{64}", row.cells[-1])


def test_what_no_fact_says_is_listed_and_not_filled_in(made: Document) -> None:
    assert ("Approvals", "an approval") in made.missing
    assert "## Not recorded" in markdown(made)


def test_quarantined_rows_and_voids_are_limits(made: Document) -> None:
    (limits,) = [s for s in made.sections if s.title == "Limits that the facts show"]
    text = " ".join(p.text for p in limits.parts if isinstance(p, Line))
    assert "2 rows of “parcels” broke an expectation" in text
    assert "are void" in text


def test_html_says_the_same_as_markdown_and_needs_nothing_from_elsewhere(made: Document) -> None:
    page = html(made)
    plain = escaping.unescape(re.sub(r"<[^>]+>", "", page))
    for section in made.sections:
        for part in section.parts:
            if isinstance(part, Line):
                assert part.text in plain
    assert not re.search(r"(src|href)=\"(?!#)", page)
    assert "prefers-color-scheme: dark" in page and "@media print" in page


def test_no_machine_path_is_in_a_card(made: Document, tiny_project: Path) -> None:
    assert str(tiny_project) not in markdown(made)


def test_names_from_the_project_cannot_become_markup() -> None:
    hostile = Section("x")
    hostile.say("<script>alert(1)</script> [a](http://b) | `c`", 1)
    made = Document("t", "a", 1, "00", (hostile,), ())
    assert "<script>alert" not in html(made)
    assert "&lt;script>" in markdown(made) and "](http" not in markdown(made)


def test_the_release_report_tells_what_answers_and_why(tiny_project: Path) -> None:
    with open_home(tiny_project) as home:
        text = markdown(release_report(home, "dispatch"))
    assert "forecast@1 answers the questions to “dispatch”" in text
    assert "The gate weighed roc_auc >= 0.6" in text


def test_an_endpoint_without_a_release_has_no_report(tiny_project: Path) -> None:
    with open_home(tiny_project) as home, pytest.raises(NotFoundError, match="nothing was released"):
        release_report(home, "dispach")
