"""Answers are matched to cases, and what does not match, or was not decided then, proves nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest

from livegate.errors import EngineError
from livegate.regression import ask

if TYPE_CHECKING:
    from collections.abc import Callable

    from livegate.opa.client import OpaClient
    from livegate.regression.suite import Suite


class Canned:
    """Answers every query with the same solutions and keeps what was asked."""

    url = "http://127.0.0.1:1"

    def __init__(self, solutions: list[dict[str, Any]]) -> None:
        self.solutions = solutions
        self.given: Any = None

    def query(self, _query: str, given: object = None) -> list[dict[str, Any]]:
        """The canned solutions."""
        self.given = given
        return self.solutions


def answered(suite: Suite, found: object) -> list[Any]:
    """What :func:`ask.answers` makes of one solution."""
    return ask.answers(cast("OpaClient", Canned([{"answers": found}])), suite.cases)


def test_answers_come_in_the_order_of_the_cases(suite: Callable[..., Suite]) -> None:
    assert answered(suite("a", "b", "c"), [[2, "z"], [0, "x"], [1, "y"]]) == ["x", "y", "z"]


def test_all_cases_go_in_one_query_each_with_its_instant(suite: Callable[..., Suite]) -> None:
    client = Canned([{"answers": []}])
    cases = suite("a", "b").cases
    ask.answers(cast("OpaClient", client), cases)
    assert client.given == [{"request": case.request, "instant": case.instant} for case in cases]


def test_an_answer_that_is_missing_is_none(suite: Callable[..., Suite]) -> None:
    made = suite("a", "b")
    assert answered(made, [[1, "y"]]) == [None, "y"]
    assert "undefined" in str(ask.problem(made.cases[0], None))


@pytest.mark.parametrize(
    "found",
    [None, {}, [[0]], [[2, "x"]], [[-1, "x"]], [[True, "x"]], [["0", "x"]], ["x"], [[0, "x"], [0, "y"]]],
)
def test_answers_that_belong_to_no_case_are_refused(suite: Callable[..., Suite], found: object) -> None:
    with pytest.raises(EngineError):
        answered(suite("a", "b"), found)


@pytest.mark.parametrize("solutions", [[], [{}], [{"answers": []}, {"answers": []}]])
def test_no_single_solution_is_refused(suite: Callable[..., Suite], solutions: list[dict[str, Any]]) -> None:
    with pytest.raises(EngineError):
        ask.answers(cast("OpaClient", Canned(solutions)), suite("a").cases)


def test_an_answer_at_the_instant_can_be_compared(
    suite: Callable[..., Suite], denial: Callable[..., dict[str, Any]]
) -> None:
    assert ask.problem(suite("a").cases[0], denial()) is None


@pytest.mark.parametrize(
    "at", ["2026-11-23T12:00:00.000000001Z", "2026-11-23T11:59:59.999999999Z", "2027-01-01T00:00:00Z"]
)
def test_an_answer_at_another_instant_proves_nothing(
    suite: Callable[..., Suite], denial: Callable[..., dict[str, Any]], at: str
) -> None:
    assert "not frozen" in str(ask.problem(suite("a").cases[0], denial(at=at)))


def test_gates_that_say_nothing_did_not_pass(suite: Callable[..., Suite]) -> None:
    said = {"b": {"verdict": {"pass": False}}, "a": {"verdict": {"pass": True}}, "c": {}, "d": {"verdict": {"pass": 1}}}
    client = Canned([{"gates": [[0, said]]}])
    assert ask.gates(cast("OpaClient", client), suite("x", "y").cases) == [
        {"a": True, "b": False, "c": False, "d": False},
        {},
    ]
