"""An OPA with policy, documents and laws, and what it answers to probes."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from livegate.errors import EngineError
from livegate.opa.process import ENDING
from livegate.regression import ask
from livegate.regression.compare import instant
from livegate.regression.laws import rego

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from livegate.opa.process import OpaProcess
    from livegate.regression.ask import Question
    from livegate.regression.laws.law import Book
    from livegate.regression.laws.trials import Probe

_BLOCK = 20_000


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of a question: the answer, and of which laws it is a try, a breach, an exception (by number).

    Attributes:
        problem: why the answer says nothing; then there is nothing else.
    """

    answer: Any
    tried: frozenset[int] = frozenset()
    broken: frozenset[int] = frozenset()
    excepted: frozenset[int] = frozenset()
    problem: str | None = None

    @property
    def allow(self) -> bool:
        """The decision."""
        return self.problem is None and self.answer["decision"] is True

    @property
    def reasons(self) -> tuple[str, ...]:
        """Ids of the reasons, in order."""
        return tuple(sorted(reason["id"] for reason in self.answer["context"]["reasons"])) if not self.problem else ()

    @property
    def until(self) -> int | None:
        """``valid_until``, ns."""
        return None if self.problem else instant(self.answer["context"].get("valid_until"))

    @property
    def said(self) -> tuple[Any, ...]:
        """What a law that nothing changes compares."""
        if self.problem:
            return (self.problem,)
        obligations = sorted(str(item.get("type")) for item in self.answer["context"]["obligations"])
        return self.allow, self.reasons, tuple(obligations), self.until


@dataclass(frozen=True, slots=True)
class Bench:
    """Where laws are tried: a running OPA that has them."""

    opa: OpaProcess
    book: Book

    def judge(self, questions: Sequence[Question]) -> list[Judged]:
        """What OPA says to each, in order; asked side by side on all processors.

        Raises:
            EngineError: OPA ended.
        """
        parts = ask.chunks(questions, ask.size(len(questions), workers := os.cpu_count() or 1))
        with ThreadPoolExecutor(workers) as pool:
            found = [one for some in pool.map(partial(ask.attempt, self.opa, of=rego.JUDGED), parts) for one in some]
        if any(isinstance(one, EngineError) for one in found):
            self.opa.ensure_running(within=ENDING)
        return [_judged(question, one) for question, one in zip(questions, found, strict=True)]

    def each(self, probes: Sequence[Probe]) -> Iterator[tuple[Probe, Judged]]:
        """Every probe with what became of it, asked as it is."""
        for start in range(0, len(probes), _BLOCK):
            some = probes[start : start + _BLOCK]
            under: dict[int, Mapping[str, Any]] = {}
            questions = [one.question(under.setdefault(id(one.place), one.place.under())) for one in some]
            yield from zip(some, self.judge(questions), strict=True)


def _judged(question: Question, found: Any) -> Judged:
    if isinstance(found, EngineError):
        return Judged(None, problem=found.what)
    if not isinstance(found, dict):
        return Judged(None, problem="OPA gave no answer: the decision is undefined")
    if problem := ask.problem(question, found.get("answer")):
        return Judged(found.get("answer"), problem=problem)
    tried, broken, excepted = (frozenset(found[name]) for name in ("tried", "broken", "excepted"))
    return Judged(found["answer"], tried, broken, excepted)
