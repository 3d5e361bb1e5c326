"""What became of cases: values that the run makes and every report reads."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from livegate.regression.cases import Case, Suite
    from livegate.regression.compare import Difference


class Outcome(StrEnum):
    """What became of a case: as judged, otherwise, not decided at all, or not asked."""

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseResult:
    """One case and what OPA made of it.

    Attributes:
        differences: what differs, of a failed one. error: why an erroneous or skipped one says nothing.
        answer: OPA's. gates: gate → passed, of a failed one.
    """

    case: Case
    outcome: Outcome
    answer: Any = None
    differences: tuple[Difference, ...] = ()
    gates: Mapping[str, bool] | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiteResult:
    """The results of one suite, in the order of its cases."""

    suite: Suite
    results: tuple[CaseResult, ...]

    def count(self, outcome: Outcome) -> int:
        """How many cases came out like that."""
        return sum(result.outcome is outcome for result in self.results)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One organisation that cases were asked of, and what it took.

    Attributes:
        population: its name. first: ``file:line`` of its first case. cases: how many.
        made: seconds to sync, sign and verify it, and to start OPA where it has one of its own; 0 if it was warm.
        decided: seconds in which OPA decided its cases, of all queries together.
    """

    population: str
    first: str
    cases: int
    made: float
    decided: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """All results, in the order of the suites, and the organisations in the order of their cost."""

    suites: tuple[SuiteResult, ...]
    asked: tuple[Asked, ...] = ()
    seconds: float = 0.0
