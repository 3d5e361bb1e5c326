"""Logged events put to an OPA again, at their own instants, many at once.

A number of a request that Python would write otherwise (1e2, 1.50) is asked as the text that was logged, since the
decision can tell; and a proof whose credential the log does not hold can be put in its place as the evidence tells it.
"""

from __future__ import annotations

import contextlib
import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from livegate.errors import EngineError
from livegate.regression import ask, compare
from livegate.regression.ask import Question

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from livegate.opa.process import OpaProcess
    from livegate.regression.logs.event import Event

PROOF = "authz.facts.proof"
"""The rule that the proof gate and all others take the proof from."""

_TOLD = ("kind", "issuer", "key", "id", "subject", "bound", "actor", "principal")
_AS_TEXT = """request := json.unmarshal(input.text)
instant := input.instant
answer := data.authz.evaluation with input as request with time.now_ns as instant"""
_WITH_PROOF = f"proof := input.proof\n{_AS_TEXT} with data.{PROOF} as proof"


def answers(opa: OpaProcess, events: Sequence[Event], *, assume: bool = False) -> list[Any]:
    """What OPA answers to each, in order; in the place of an answer the :class:`EngineError` why there is none.

    Args:
        opa: with the bundles that are to decide. events: what is asked.
        assume: take each event's proof from its evidence (:func:`proof_of`), which must be there.
    """
    found: list[Any] = [None] * len(events)
    plain = [number for number, event in enumerate(events) if event.text is None]
    asked = [
        Question(
            request=events[number].request,
            instant=events[number].instant,
            documents={PROOF: proof_of(events[number])} if assume else {},
        )
        for number in plain
    ]
    at_once = os.cpu_count() or 1
    with ThreadPoolExecutor(at_once) as pool:
        parts = ask.chunks(asked, ask.size(len(asked), at_once))
        given = [answer for part in pool.map(lambda part: ask.attempt(opa, part), parts) for answer in part]
    for number, answer in zip(plain, given, strict=True):
        found[number] = answer
    odd = [number for number, event in enumerate(events) if event.text is not None]
    if odd:
        client = opa.client()
        with contextlib.closing(client.session):
            for number in odd:
                found[number] = _as_text(client.query, events[number], assume=assume)
    return found


def took(opa: OpaProcess, event: Event, *, times: int) -> int:
    """The nanoseconds that OPA took to evaluate it alone, the least of so many ``times``.

    Raises:
        EngineError: it cannot be asked.
    """
    client = opa.client()
    least: int | None = None
    with contextlib.closing(client.session):
        for _ in range(times):
            # the clock stands in the query, so that what is measured is the decision and nothing around it
            query = f"answer := data.authz.evaluation with time.now_ns as {event.instant}"
            _, metrics = client.metered(query, event.request)
            value = metrics.get("timer_rego_query_eval_ns")
            if type(value) is not int:
                raise EngineError("gave no timer_rego_query_eval_ns", where=client.url)
            least = value if least is None else min(least, value)
    assert least is not None  # noqa: S101  # asked at least once
    return least


def proof_of(event: Event) -> dict[str, Any]:
    """The fact ``proof`` as far as the evidence tells it: all but the thumbprints of what it was bound to.

    So a credential that was revoked by its thumbprint since is not seen to be.
    """
    told = event.proof or {}
    proof: dict[str, Any] = {"thumbprints": [], **{name: told[name] for name in _TOLD if name in told}}
    for name, of in (("issued_at", "issued_at"), ("until", "expires_at")):
        if (at := compare.instant(told.get(of))) is not None:
            proof[name] = at
    return proof


def _as_text(query: Any, event: Event, *, assume: bool) -> Any:
    given: Mapping[str, Any] = {"text": event.text, "instant": event.instant, "proof": proof_of(event)}
    try:
        solutions = query(_WITH_PROOF if assume else _AS_TEXT, given)
    except EngineError as error:
        return error
    return solutions[0].get("answer") if len(solutions) == 1 else None
