"""Many questions to one OPA in few queries, each with its own input, its own clock and, if need be, its own documents.

Inside a comprehension of an ad hoc query OPA 1.22.2 evaluates ``with input as c.input with time.now_ns as c.now`` as if
the replacement were undefined, silently, when ``c`` comes from ``some``. The replacements are bound first, and every
answer must say that it was decided at its question's instant: what the clock of the machine decided is an error.

A document put in the place of a loaded one by ``with data.iga as …`` hides all of it: nothing of the loaded one shows
through. Questions that share one mapping of documents share it in the query.
"""

from __future__ import annotations

import contextlib
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from livegate.errors import EngineError
from livegate.opa.process import ENDING
from livegate.regression import compare

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from livegate.opa.client import OpaClient
    from livegate.opa.process import OpaProcess

DECISION = "data.authz.evaluation"
GATES = "data.authz.gates"
CHUNK = 1_000
"""Most questions a query: few enough that an answer stays far below the limit of the client."""


class Asked(Protocol):
    """What is asked: any JSON value, and the instant (ns) at which the clock stands."""

    @property
    def request(self) -> Any:
        """The request."""
        ...

    @property
    def instant(self) -> int:
        """The clock, ns."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One request at one instant (ns). ``documents``: root → document put in the place of the one that is loaded.

    A rule can be replaced the same way, by its path with dots: ``authz.facts.proof``.
    """

    request: Any
    instant: int
    documents: Mapping[str, Any] = field(default_factory=dict)


def answers(client: OpaClient, asked: Sequence[Asked], *, of: str = DECISION) -> list[Any]:
    """What OPA answers to each question, in order; None where it gave nothing (undefined).

    Args:
        client: of an OPA that may be queried. asked: questions or cases.
        of: the Rego term that is asked for; the decision.

    Raises:
        EngineError: OPA cannot be asked, or what it gave cannot be matched to the questions.
    """
    groups: dict[tuple[str, ...], dict[int, list[int]]] = {}
    for number, one in enumerate(asked):
        documents = getattr(one, "documents", None) or {}
        variants = groups.setdefault(tuple(sorted(documents)), {})
        variants.setdefault(id(documents) if documents else 0, []).append(number)
    found: list[Any] = [None] * len(asked)
    for roots, variants in groups.items():
        given = [
            {
                "documents": dict(getattr(asked[numbers[0]], "documents", {})) if roots else {},
                "cases": [[number, asked[number].request, asked[number].instant] for number in numbers],
            }
            for numbers in variants.values()
        ]
        for number, answer in _matched(client, _query(of, roots), given, len(asked)).items():
            found[number] = answer
    return found


def all_answers(
    opa: OpaProcess,
    asked: Sequence[Asked],
    *,
    of: str = DECISION,
    workers: int | None = None,
    chunk: int | None = None,
) -> list[Any]:
    """As :func:`answers`, in chunks that are asked side by side, as many at once as there are processors.

    Raises:
        EngineError: as :func:`answers`; of an OPA that ended, how it did and the end of its log.
    """
    at_once = workers or os.cpu_count() or 1
    parts = chunks(asked, chunk or size(len(asked), at_once))
    with ThreadPoolExecutor(at_once) as pool:
        found = [answer for part in pool.map(lambda part: attempt(opa, part, of=of), parts) for answer in part]
    for answer in found:
        if isinstance(answer, EngineError):
            raise answer
    return found


def attempt(opa: OpaProcess, asked: Sequence[Asked], *, of: str = DECISION) -> list[Any]:
    """As :func:`answers`, with the error in the place of each answer that there is none of.

    One question that OPA cannot decide fails the whole query that it is in. So what OPA refuses is asked again in
    halves, until the error is that question's alone.
    """
    client = opa.client()
    with contextlib.closing(client.session):
        return _attempt(opa, client, asked, of)


def chunks(asked: Sequence[Any], chunk: int) -> list[Sequence[Any]]:
    """``asked`` in parts of at most ``chunk``."""
    return [asked[start : start + chunk] for start in range(0, len(asked), chunk)]


def size(count: int, at_once: int) -> int:
    """Of a chunk, so that few questions keep all processors busy too, and many do not make answers too large."""
    return max(1, min(CHUNK, -(-count // (2 * at_once))))


def gates(client: OpaClient, asked: Sequence[Asked]) -> list[dict[str, bool]]:
    """For each question, in order, gate → whether it passed. For the few that failed: it decides them once more.

    Raises:
        EngineError: as :func:`answers`.
    """
    return [passed(found) for found in answers(client, asked, of=GATES)]


def passed(found: Any) -> dict[str, bool]:
    """Gate → whether it passed, in order of names, of what :data:`GATES` gave; what says nothing did not pass."""
    if not isinstance(found, dict):
        return {}
    return {name: _passed(gate) for name, gate in sorted(found.items())}


def problem(asked: Asked, answer: Any) -> str | None:
    """Why an answer says nothing about its question, or None if it can be compared."""
    if answer is None:
        return "OPA gave no answer: the decision is undefined"
    if wrong := compare.malformed(answer):
        return f"OPA's answer is no decision: {wrong}"
    if compare.instant(answer["context"]["evaluated_at"]) != asked.instant:
        return f"decided at {answer['context']['evaluated_at']}, not at the case's instant: the clock was not frozen"
    return None


def _attempt(opa: OpaProcess, client: OpaClient, asked: Sequence[Asked], of: str) -> list[Any]:
    try:
        return list(answers(client, asked, of=of))
    except EngineError as error:
        answered = error.what.startswith("answered ")
        if (ending := ended(opa, within=0.0 if answered else ENDING)) is not None:
            return [ending] * len(asked)
        if len(asked) == 1 or not answered:  # one that is not reached is not asked again
            return [error] * len(asked)
    half = len(asked) // 2
    return _attempt(opa, client, asked[:half], of) + _attempt(opa, client, asked[half:], of)


def ended(opa: OpaProcess, *, within: float) -> EngineError | None:
    """How OPA ended, and the end of its log: that says more than that it cannot be reached."""
    try:
        opa.ensure_running(within=within)
    except EngineError as error:
        return error
    return None


def _query(of: str, roots: tuple[str, ...]) -> str:
    names = {root: f"document_{root.replace('.', '_')}" for root in roots}
    bound = "".join(f'    {name} := variant.documents["{root}"]\n' for root, name in names.items())
    replaced = "".join(f" with data.{root} as {name}" for root, name in names.items())
    return f"""answers := [[id, answer] |
    some variant in input
{bound}    some case in variant.cases
    id := case[0]
    request := case[1]
    instant := case[2]
    answer := {of} with input as request with time.now_ns as instant{replaced}
]"""


def _matched(client: OpaClient, query: str, given: Any, count: int) -> dict[int, Any]:
    solutions = client.query(query, given)
    if len(solutions) != 1 or not isinstance(found := solutions[0].get("answers"), list):
        raise EngineError(f"answered with {len(solutions)} solutions instead of one list", where=client.url)
    known: dict[int, Any] = {}
    for pair in found:
        if not isinstance(pair, list) or len(pair) != 2 or type(pair[0]) is not int or not 0 <= pair[0] < count:
            raise EngineError("answered something that belongs to no case", where=client.url)
        if pair[0] in known:
            raise EngineError(f"answered case {pair[0]} twice", where=client.url)
        known[pair[0]] = pair[1]
    return known


def _passed(gate: Any) -> bool:
    return isinstance(gate, dict) and isinstance(gate.get("verdict"), dict) and gate["verdict"].get("pass") is True
