"""Answers of a released version: several classes, amounts, keys of retries, shares of callers."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import making
import msgspec
import pytest

from ninefold.clock import SimulatedClock
from ninefold.endpoints.predictions import Prediction
from ninefold.endpoints.retries import Given, Retries, question_of
from ninefold.endpoints.service import Released
from ninefold.errors import ConflictError, UsageError
from ninefold.server.runtime import Runtime

NOW = making.micros(making.END + timedelta(hours=8))
LETTER = {"letter": "x1", "arrives_at": "2024-03-01T08:00:00Z", "weight": 9.5, "width": 1.0}


@pytest.fixture
def runtime(request: pytest.FixtureRequest) -> Iterator[Runtime]:
    main: Path = request.getfixturevalue(f"{request.param}_copy")
    with making.home(main) as home:
        made = Runtime(home, SimulatedClock(NOW))
        made.start()
        yield made
        made.stop()


def records(given: list[bytes]) -> list[Prediction]:
    return [msgspec.json.decode(one, type=Prediction) for one in given]


@pytest.mark.parametrize("runtime", ["bins"], indirect=True)
def test_a_class_is_answered_by_its_label(runtime: Runtime) -> None:
    answers, logged = runtime.services["chute"].answer(LETTER)
    assert answers[0]["decision"] == "heavy"
    assert sum(records(logged)[0].scores["1"]) == pytest.approx(1)


@pytest.mark.parametrize("runtime", ["bins"], indirect=True)
def test_one_question_is_scored_as_among_others(runtime: Runtime) -> None:
    service = runtime.services["chute"]
    alone, together = service.answer(LETTER)[0], service.answer([LETTER, {**LETTER, "weight": 1.0}])[0]
    assert alone[0]["score"] == pytest.approx(together[0]["score"])


@pytest.mark.parametrize("runtime", ["shops"], indirect=True)
def test_an_amount_is_its_own_answer(runtime: Runtime) -> None:
    answers, logged = runtime.services["orders"].answer({"item": "i1", "price": 3.0})
    assert answers[0]["decision"] is None
    assert answers[0]["score"] == pytest.approx(records(logged)[0].values["pace.three"], rel=0.5)


@pytest.mark.parametrize("runtime", ["shops"], indirect=True)
@pytest.mark.parametrize(
    ("question", "said"),
    [({"item": "i1", "pric": 3.0}, 'did you mean "price"'), ({"price": 3.0}, "item"), ({"item": "i1", "price": "x"}, "a number"), ([], "1 to 10000")],
)
def test_a_question_that_does_not_fit_names_what(runtime: Runtime, question: Any, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        runtime.services["orders"].answer(question)
    assert said in f"{caught.value} {caught.value.hint}".lower()


@pytest.mark.parametrize("runtime", ["shops"], indirect=True)
def test_a_caller_sees_one_version_and_every_version_scores(runtime: Runtime) -> None:
    service = runtime.services["orders"]
    champion = service.champion
    assert champion is not None
    service.released = Released(champion, msgspec_copy(champion, 2), 0.5)
    rows = [{"item": f"i{n}", "price": 3.0} for n in range(12)]
    first, again = (records(service.answer(rows)[1]) for _ in range(2))
    assert [r.version for r in first] == [r.version for r in again]
    assert {r.version for r in first} == {1, 2}
    assert all(set(r.scores) == {"1", "2"} for r in first)


def msgspec_copy(loaded: Any, version: int) -> Any:
    import dataclasses

    return dataclasses.replace(loaded, version=version)


@pytest.mark.parametrize("runtime", ["shops"], indirect=True)
def test_a_hold_out_is_answered_and_marked(runtime: Runtime) -> None:
    service = runtime.services["orders"]
    service.holdout = 0.5
    answers, logged = service.answer([{"item": f"i{n}", "price": 3.0} for n in range(12)])
    assert {a["hold"] for a in answers} == {True, False}
    assert [r.held for r in records(logged)] == [a["hold"] for a in answers]


def test_the_same_key_with_another_question_is_a_conflict() -> None:
    retries = Retries()
    retries.keep("k", Given(question_of({"item": "a"}), {"id": 1}))
    assert retries.find("k", question_of({"item": "a"})) is not None
    with pytest.raises(ConflictError, match="another body"):
        retries.find("k", question_of({"item": "b"}))


def test_answers_to_a_list_come_back_as_the_list_that_they_were() -> None:
    retries, logged = (
        Retries(),
        [
            b'{"key": "k", "question": "q", "several": true, "answer": {"id": "1"}}',
            b'{"key": "k", "question": "q", "several": true, "answer": {"id": "2"}}',
        ],
    )
    retries.restore(text.decode() for text in logged)
    found = retries.find("k", "q")
    assert found is not None
    assert found.answer == [{"id": "1"}, {"id": "2"}]
