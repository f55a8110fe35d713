"""Evidence is judged by the policy that was in force before it was measured; changes are facts; high risk waits for somebody else."""

import contextlib
from pathlib import Path
from typing import Any

import making
import pytest

from ninefold.errors import DeniedError
from ninefold.governance.approvals import approve, approve_policy
from ninefold.loop import releasing
from ninefold.loop.gate import gate
from ninefold.project import policy
from ninefold.project.explaining.status import status
from ninefold.project.home import Home


def rewrite(main: Path, before: str, after: str) -> None:
    text = main.read_text()
    assert before in text
    main.write_text(text.replace(before, after))


def judged(home: Home, version: int = 1) -> dict[str, Any]:
    fact = home.ledger.last("model.judged", home.subject("model", "sorter", version))
    assert fact is not None
    return fact.body


def made(home: Home) -> Any:
    return releasing.chosen(home, "sorter", None)


def test_a_change_is_a_fact_with_both_values(bins_copy: Path) -> None:
    rewrite(bins_copy, "nf.accuracy >= 0.6", "nf.accuracy >= 0.5")
    making.run(bins_copy, as_of=making.END, actor="ada")
    with making.home(bins_copy) as home:
        fact = policy.in_force(home, "sorting")
    assert fact is not None
    assert "accuracy >= 0.6" in fact.body["before"]["criteria"]
    assert "accuracy >= 0.5" in fact.body["policy"]["criteria"]
    assert [c.partition(":")[0] for c in fact.body["changes"]] == ["criteria"]


def test_a_policy_that_came_after_the_evidence_judges_it_after_the_fact_and_needs_its_owner(bins_copy: Path) -> None:
    rewrite(bins_copy, "nf.accuracy >= 0.6", "nf.accuracy >= 0.5")
    ran = making.run(bins_copy, as_of=making.END, actor="ada")
    assert "model/sorter" in ran.result.hits  # limits are in no key
    with making.home(bins_copy, actor="ada") as home:
        assert judged(home)["after_the_fact"] is True
        assert gate(home, made(home)).waits == ["post"]
        approve(home, "sorter", 1, approver="ada", role="post", because="the limit was a typing error")
        assert gate(home, made(home)).passes


def test_a_refusal_asks_its_owner_and_status_says_who_is_waited_for(tmp_path: Path) -> None:
    main = making.bins(tmp_path / "bins")
    making.run(main, as_of=making.END, actor="ada")
    rewrite(main, "nf.accuracy >= 0.6", "nf.accuracy >= 0.5")
    making.run(main, as_of=making.END, actor="ada")
    with pytest.raises(DeniedError, match="post has not approved"):
        making.release(main, "chute", at=making.micros(making.END))
    with making.home(main) as home:
        [waits] = status(home).waiting
        asked = home.ledger.last("approval.asked", "bins/model/sorter@1")
    assert (waits.what, waits.whom, waits.next) == ("the approval of sorter@1", "post", "ninefold approve sorter@1 --as post")
    assert asked is not None
    assert asked.body["role"] == "post"


def test_an_approval_is_void_once_the_policy_changes(bins_copy: Path) -> None:
    with making.home(bins_copy, actor="ada") as home:
        approve(home, "sorter", 1, approver="bob", role="post")
    rewrite(bins_copy, "nf.accuracy >= 0.6", "nf.accuracy >= 0.5")
    making.run(bins_copy, as_of=making.END, actor="ada")
    with making.home(bins_copy) as home:
        assert gate(home, made(home)).waits == ["post"]


def test_new_evidence_is_judged_by_the_policy_of_its_own_run(bins_copy: Path) -> None:
    rewrite(bins_copy, "nf.accuracy >= 0.6", "nf.accuracy >= 0.5")
    rewrite(bins_copy, '"width"]', "]")
    making.run(bins_copy, as_of=making.END)
    with making.home(bins_copy) as home:
        found = judged(home, 2)
        assert found["after_the_fact"] is False
        assert next(c["criterion"] for c in found["criteria"]) == "accuracy >= 0.5"


def test_a_release_that_is_refused_is_a_fact_and_leaves_the_champion(bins_copy: Path) -> None:
    rewrite(bins_copy, "nf.accuracy >= 0.6", "nf.accuracy >= 0.99")
    rewrite(bins_copy, '"width"]', "]")
    making.run(bins_copy, as_of=making.END)
    with pytest.raises(DeniedError, match=r"accuracy >= 0.99: not met"):
        making.release(bins_copy, "chute")
    with making.home(bins_copy) as home:
        refused = home.ledger.last("release.refused", home.subject("endpoint", "chute"))
        assert refused is not None
        assert refused.body["version"] == 2
        assert [r.version for r in releasing.current(home.ledger, "bins", "chute")] == [1]


HIGH = 'risk=nf.risk("high", because="letters are secret", approve=["postmaster"]),\n    solved_when'


@pytest.fixture
def high(tmp_path: Path) -> Path:
    """A problem of high risk, run by ada."""
    main = making.bins(tmp_path / "bins")
    rewrite(main, "solved_when", HIGH)
    making.run(main, as_of=making.END, actor="ada")
    return main


def test_at_high_risk_a_named_person_approves_who_is_not_the_author(high: Path) -> None:
    with making.home(high, actor="ada") as home:
        assert gate(home, made(home)).waits == ["postmaster"]
        with pytest.raises(DeniedError, match="made"):
            approve(home, "sorter", 1, approver="ada", role="postmaster")
        with pytest.raises(DeniedError, match="does not ask"):
            approve(home, "sorter", 1, approver="bob", role="intern")
        approve(home, "sorter", 1, approver="bob", role="postmaster")
        assert gate(home, made(home)).passes


def test_at_high_risk_a_change_waits_and_evidence_is_judged_by_what_is_in_force(high: Path) -> None:
    rewrite(high, "nf.accuracy >= 0.6", "nf.accuracy >= 0.1")
    rewrite(high, '"width"]', "]")
    making.run(high, as_of=making.END, actor="ada")
    with making.home(high, actor="ada") as home:
        assert "accuracy >= 0.6" in [c["criterion"] for c in judged(home, 2)["criteria"]]
        with pytest.raises(DeniedError, match="proposed"):
            approve_policy(home, "sorting", approver="ada", role="postmaster")
        with pytest.raises(DeniedError, match="does not ask"):
            approve_policy(home, "sorting", approver="bob", role="intern")
        approve_policy(home, "sorting", approver="bob", role="postmaster")
        fact = policy.in_force(home, "sorting")
        assert fact is not None
        assert fact.body["approved_by"] == "bob"
        assert gate(home, made(home)).blocks == ["the policy has changed since the evidence was judged: run the project again"]


def test_going_back_withdraws_what_was_proposed(high: Path) -> None:
    text = high.read_text()
    rewrite(high, "nf.accuracy >= 0.6", "nf.accuracy >= 0.1")
    making.run(high, as_of=making.END, actor="ada")
    high.write_text(text)
    making.run(high, as_of=making.END, actor="ada", force=["profile/letters"])
    with making.home(high) as home:
        assert policy.proposed(home, "sorting") is None


def test_two_deployments_at_once_leave_one_champion(bins_project: Path, tmp_path: Path) -> None:
    import shutil
    from concurrent.futures import ThreadPoolExecutor

    from ninefold.endpoints.endpoint import full
    from ninefold.endpoints.records import current

    main = Path(shutil.copytree(bins_project.parent, tmp_path / "bins")) / "bins.py"
    with making.home(main) as home:
        version = made(home)

        def one(_: int) -> None:
            with contextlib.suppress(Exception):
                releasing.release(home, "second", full(), version, frozen="x")

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(one, range(8)))
        assert len(current(home.ledger, "bins", "second")) == 1


def test_a_cached_run_says_the_same_verdicts(bins_copy: Path) -> None:
    first = making.run(bins_copy, as_of=making.END)
    again = making.run(bins_copy, as_of=making.END)
    assert again.cached
    assert again.judged == first.judged
