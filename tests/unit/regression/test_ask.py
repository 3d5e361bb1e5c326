"""Answers are matched to cases, and what does not match, or was not decided then, proves nothing."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, cast

import pytest

from livegate.errors import EngineError
from livegate.regression import ask

if TYPE_CHECKING:
    from collections.abc import Callable

    from livegate.opa.client import OpaClient
    from livegate.opa.process import OpaProcess
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
    asked = [[number, case.request, case.instant] for number, case in enumerate(cases)]
    assert client.given == [{"documents": {}, "cases": asked}]


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
    client = Canned([{"answers": [[0, said]]}])
    assert ask.gates(cast("OpaClient", client), suite("x", "y").cases) == [
        {"a": True, "b": False, "c": False, "d": False},
        {},
    ]


def test_documents_are_sent_once_for_all_who_share_them() -> None:
    one, other = {"iga": {"n": 1}}, {"iga": {"n": 1}}
    asked = [ask.Question(request=number, instant=number, documents=of) for number, of in enumerate((one, other, one))]
    client = Canned([{"answers": [[0, "a"], [1, "b"], [2, "c"]]}])
    assert ask.answers(cast("OpaClient", client), asked) == ["a", "b", "c"]
    assert client.given == [
        {"documents": one, "cases": [[0, 0, 0], [2, 2, 2]]},
        {"documents": other, "cases": [[1, 1, 1]]},
    ]


class Grumbling:
    """An OPA that refuses every query in which there is a request that it does not like."""

    url = "http://127.0.0.1:1"

    def __init__(self, *, dislikes: object, message: str = "answered 500: conflict", ended: int | None = None) -> None:
        self.dislikes, self.message, self.ended = dislikes, message, ended
        self.queries = 0
        self.session = io.BytesIO()  # anything that can be closed

    def client(self) -> Grumbling:
        """Itself."""
        return self

    def poll(self) -> int | None:
        """How it ended."""
        return self.ended

    def ensure_running(self, *, within: float) -> None:  # noqa: ARG002  # it is not there to wait for
        """Says how."""
        if self.ended is not None:
            raise EngineError("OPA was ended by signal 9 (SIGKILL)")

    def query(self, _query: str, given: Any = None) -> list[dict[str, Any]]:
        """The request itself as its answer."""
        self.queries += 1
        cases = [case for variant in given for case in variant["cases"]]
        if any(request == self.dislikes for _, request, _ in cases):
            raise EngineError(self.message, where=self.url)
        return [{"answers": [[number, request] for number, request, _ in cases]}]


def attempted(opa: Grumbling, count: int) -> list[Any]:
    """What :func:`ask.attempt` makes of questions 0, 1, 2, …"""
    asked = [ask.Question(request=number, instant=0) for number in range(count)]
    return ask.attempt(cast("OpaProcess", opa), asked)


def test_what_opa_cannot_decide_costs_no_other_its_answer() -> None:
    opa = Grumbling(dislikes=13)
    found = attempted(opa, 100)
    assert [number for number, answer in enumerate(found) if isinstance(answer, EngineError)] == [13]
    assert [answer for answer in found if not isinstance(answer, EngineError)] == [n for n in range(100) if n != 13]
    assert opa.queries <= 15


def test_an_opa_that_is_not_reached_is_not_asked_again() -> None:
    opa = Grumbling(dislikes=0, message="cannot be asked (ConnectionError)")
    assert all(isinstance(answer, EngineError) for answer in attempted(opa, 50))
    assert opa.queries == 1


def test_how_opa_ended_is_the_error() -> None:
    found = attempted(Grumbling(dislikes=0, ended=-9), 3)
    assert {str(error) for error in found} == {"OPA was ended by signal 9 (SIGKILL)"}


@pytest.mark.parametrize(("count", "at_once", "size"), [(0, 2, 1), (1, 2, 1), (588, 2, 147), (10_000, 2, ask.CHUNK)])
def test_chunks_keep_all_processors_busy(count: int, at_once: int, size: int) -> None:
    assert ask.size(count, at_once) == size
    parts = ask.chunks(range(count), size)
    assert [number for part in parts for number in part] == list(range(count))
    assert all(len(part) <= size for part in parts)
