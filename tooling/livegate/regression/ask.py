"""All cases of a suite in one query to OPA, each with its own input and its own clock.

Inside a comprehension of an ad hoc query OPA 1.22.2 evaluates ``with input as c.input with time.now_ns as c.now`` as if
the replacement were undefined, silently, when ``c`` comes from ``some``. The replacements are bound first, and every
answer must say that it was decided at its case's instant: what the clock of the machine decided is an error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from livegate.errors import EngineError
from livegate.regression import compare

if TYPE_CHECKING:
    from collections.abc import Sequence

    from livegate.opa.client import OpaClient
    from livegate.regression.suite import Case

_ANSWERS = """answers := [[id, answer] |
    some id, case in input
    request := case.request
    instant := case.instant
    answer := data.authz.evaluation with input as request with time.now_ns as instant
]"""

_GATES = """gates := [[id, verdicts] |
    some id, case in input
    request := case.request
    instant := case.instant
    verdicts := data.authz.gates with input as request with time.now_ns as instant
]"""


def answers(client: OpaClient, cases: Sequence[Case]) -> list[Any]:
    """What OPA answers to each case, in order; None where it gave nothing (undefined).

    Raises:
        EngineError: OPA cannot be asked, or what it gave cannot be matched to the cases.
    """
    return _asked(client, _ANSWERS, "answers", cases)


def gates(client: OpaClient, cases: Sequence[Case]) -> list[dict[str, bool]]:
    """For each case, in order, gate → whether it passed. For the few that failed: it decides them once more.

    Raises:
        EngineError: as :func:`answers`.
    """
    return [
        {name: _passed(gate) for name, gate in sorted(found.items())} if isinstance(found, dict) else {}
        for found in _asked(client, _GATES, "gates", cases)
    ]


def problem(case: Case, answer: Any) -> str | None:
    """Why an answer says nothing about its case, or None if it can be compared."""
    if answer is None:
        return "OPA gave no answer: the decision is undefined"
    if wrong := compare.malformed(answer):
        return f"OPA's answer is no decision: {wrong}"
    if compare.instant(answer["context"]["evaluated_at"]) != case.instant:
        return f"decided at {answer['context']['evaluated_at']}, not at the case's instant: the clock was not frozen"
    return None


def _asked(client: OpaClient, query: str, name: str, cases: Sequence[Case]) -> list[Any]:
    given = [{"request": case.request, "instant": case.instant} for case in cases]
    solutions = client.query(query, given)
    if len(solutions) != 1 or not isinstance(found := solutions[0].get(name), list):
        raise EngineError(f"answered with {len(solutions)} solutions instead of one list", where=client.url)
    known: dict[int, Any] = {}
    for pair in found:
        if not isinstance(pair, list) or len(pair) != 2 or type(pair[0]) is not int or not 0 <= pair[0] < len(cases):
            raise EngineError("answered something that belongs to no case", where=client.url)
        if pair[0] in known:
            raise EngineError(f"answered the case {cases[pair[0]].name!r} twice", where=client.url)
        known[pair[0]] = pair[1]
    return [known.get(number) for number in range(len(cases))]


def _passed(gate: Any) -> bool:
    return isinstance(gate, dict) and isinstance(gate.get("verdict"), dict) and gate["verdict"].get("pass") is True
