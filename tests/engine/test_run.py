"""Running steps: what runs, what is found, what is skipped."""

import threading
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from ninefold.engine import Event, Output, RunError, Runner, Step, why
from ninefold.errors import DataError, DeclarationError
from ninefold.ledger import Ledger


def says(content: str) -> Output:
    return Output(content, {"text": content})


def chain(ran: list[str], *, b: str = "b1", b_gives: str | None = None) -> list[Step]:
    def make(name: str, content: str) -> Output:
        ran.append(name)
        return says(content)

    return [
        Step("a", lambda needs: make("a", "a"), parts={"param:x": "1"}),
        Step("b", lambda needs: make("b", b_gives or b + needs["a"].content), needs=("a",), parts={"code:b": b}),
        Step("c", lambda needs: make("c", "c" + needs["b"].content), needs=("b",)),
    ]


@pytest.fixture
def runner(ledger: Ledger, tmp_path: Path) -> Runner:
    return Runner(ledger, tmp_path / "home", "shop")


def test_each_step_runs_once_and_is_found_afterwards(runner: Runner) -> None:
    ran: list[str] = []
    first, second = runner.run(chain(ran)), runner.run(chain(ran))
    assert (ran, first.ran, second.hits) == (["a", "b", "c"], ["a", "b", "c"], ["a", "b", "c"])
    assert first.outputs == second.outputs


def test_a_change_runs_what_depends_on_it_and_nothing_else(runner: Runner) -> None:
    ran: list[str] = []
    runner.run(chain(ran))
    assert runner.run(chain(ran, b="b2")).ran == ["b", "c"]


def test_a_change_that_gives_the_same_content_stops_there(runner: Runner) -> None:
    ran: list[str] = []
    runner.run(chain(ran, b="b1", b_gives="same"))
    result = runner.run(chain(ran, b="b2", b_gives="same"))
    assert (result.ran, result.hits) == (["b"], ["a", "c"])


def test_going_back_finds_the_old_output(runner: Runner) -> None:
    ran: list[str] = []
    for b in ("b1", "b2"):
        runner.run(chain(ran, b=b))
    assert runner.run(chain(ran, b="b1")).ran == []


def test_targets_limit_what_runs(runner: Runner) -> None:
    assert runner.run(chain([]), targets=["b"]).ran == ["a", "b"]


def test_a_forced_step_runs_again_and_its_dependants_are_found_if_it_says_the_same(runner: Runner) -> None:
    runner.run(chain([]))
    assert runner.run(chain([]), force={"b"}).ran == ["b"]


def test_an_uncacheable_step_runs_every_time_and_says_why(runner: Runner) -> None:
    step = Step("now", lambda needs: says("x"), uncacheable="it reads the clock")
    runner.run([step])
    assert runner.run([step]).ran == ["now"]
    assert runner.plan([step])[0].why == ["it reads the clock"]


def test_an_output_that_is_gone_is_made_again(runner: Runner, tmp_path: Path) -> None:
    file = tmp_path / "out"

    def make(needs: Mapping[str, Output]) -> Output:
        file.write_text("x")
        return says("x")

    step = Step("file", make, exists=lambda output: file.exists())
    runner.run([step])
    file.unlink()
    assert runner.plan([step])[0].why == ["its stored output is gone"]
    assert runner.run([step]).ran == ["file"]


def test_a_failure_skips_its_dependants_and_lets_the_others_finish(runner: Runner) -> None:
    def fail(needs: Mapping[str, Output]) -> Output:
        raise DataError("row 7 has no price", hint="fill it", where="prices.csv:7")

    steps = [
        Step("bad", fail),
        Step("after", lambda n: says("1"), needs=("bad",)),
        Step("later", lambda n: says("1"), needs=("after",)),
        Step("good", lambda n: says("2")),
    ]
    with pytest.raises(RunError, match='step "bad" failed: row 7 has no price') as caught:
        runner.run(steps)
    assert caught.value.hint == "fill it"
    result = caught.value.result
    assert (result.ran, list(result.skipped)) == (["good"], ["after", "later"])
    assert runner.ledger.facts(kind="step.failed")[0].body["message"] == "prices.csv:7: row 7 has no price"


def test_a_failed_run_goes_on_where_it_stopped(runner: Runner) -> None:
    steps = chain([])
    broken = [*steps[:2], Step("c", lambda n: 1 / 0, needs=("b",))]  # type: ignore[arg-type, return-value]
    with pytest.raises(RunError, match="ZeroDivisionError"):
        runner.run(broken)
    assert runner.run(steps).ran == ["c"]


def test_independent_steps_run_at_the_same_time(runner: Runner) -> None:
    both = threading.Barrier(2, timeout=5)

    def meet(needs: Mapping[str, Output]) -> Output:
        both.wait()
        return says("met")

    # the inline shortcut is for lone steps only: these two would wait for each other for ever
    assert sorted(runner.run([Step("x", meet), Step("y", meet)]).ran) == ["x", "y"]


def test_two_runners_of_one_home_run_a_step_once(runner: Runner, ledger: Ledger, tmp_path: Path) -> None:
    ran: list[str] = []

    def slow(needs: Mapping[str, Output]) -> Output:
        ran.append("slow")
        time.sleep(0.2)
        return says("x")

    other = Runner(ledger, tmp_path / "home", "shop")
    threads = [threading.Thread(target=each.run, args=([Step("slow", slow)],)) for each in (runner, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ran == ["slow"]


def test_the_fact_and_the_row_are_written_together_with_what_the_step_adds(runner: Runner) -> None:
    step = Step(
        "t", lambda n: says("x"), subject="shop/table/t@1", facts=lambda tx, out: tx.fact("table.written", "shop/table/t@1", {"content": out.content})
    )
    runner.run([step])
    assert [fact.kind for fact in runner.ledger.facts()] == ["step.done", "table.written"]


def test_events_tell_the_progress(ledger: Ledger, tmp_path: Path) -> None:
    seen: list[Event] = []
    runner = Runner(ledger, tmp_path / "home", "shop", on_event=seen.append)
    runner.run(chain([]), targets=["a"])
    runner.run(chain([]), targets=["a"])
    assert [(e.kind, e.step, e.index, e.total) for e in seen] == [("started", "a", 1, 1), ("done", "a", 1, 1), ("hit", "a", 1, 1)]


def test_why_names_the_part_that_differs(runner: Runner) -> None:
    runner.run(chain([], b="b1"))
    runner.run(chain([], b="b2"))
    assert [str(d) for d in why(runner.ledger, "shop", "b")] == ["the code of b changed"]
    assert [str(d) for d in why(runner.ledger, "shop", "c")] == ["the content of b changed"]


def test_the_plan_says_what_is_cached_what_runs_and_what_may(runner: Runner) -> None:
    assert [p.state for p in runner.plan(chain([]))] == ["run", "run", "run"]
    runner.run(chain([]))
    plan = runner.plan(chain([], b="b2"))
    assert [(p.name, p.state) for p in plan] == [("a", "cached"), ("b", "run"), ("c", "maybe")]
    assert plan[1].why == ["the code of b changed"]
    assert plan[1].seconds is not None


def test_ctrl_c_stops_and_running_again_goes_on(runner: Runner) -> None:
    def interrupt(needs: Mapping[str, Output]) -> Output:
        raise KeyboardInterrupt

    steps = chain([])
    with pytest.raises(KeyboardInterrupt):
        runner.run([*steps[:2], Step("c", interrupt, needs=("b",))])
    assert runner.run(steps).ran == ["c"]


def test_another_answer_under_the_same_key_is_noted(runner: Runner) -> None:
    answers = iter(["one", "two"])
    step = Step("dice", lambda n: says(next(answers)))
    runner.run([step])
    runner.run([step], force={"dice"})
    assert runner.ledger.facts(kind="step.done")[-1].body["differs_from"] == "one"


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ([Step("a", says, needs=("b",)), Step("b", says, needs=("a",))], "a -> b -> a"),  # type: ignore[arg-type]
        ([Step("a", says, needs=("orders",)), Step("order", says)], 'needs "orders"'),  # type: ignore[arg-type]
        ([Step("a", says), Step("a", says)], "two steps"),  # type: ignore[arg-type]
    ],
)
def test_a_graph_that_cannot_run_is_refused_before_anything_runs(runner: Runner, steps: list[Step], said: str) -> None:
    with pytest.raises(DeclarationError, match=said):
        runner.run(steps)


def test_a_chain_of_two_thousand_steps_needs_no_recursion(runner: Runner) -> None:
    steps = [Step(str(i), lambda n: says("x"), needs=(str(i - 1),) if i else ()) for i in range(2000)]
    assert len(runner.plan(list(reversed(steps)))) == 2000
