"""Where OPA and the oracle say different things about one question."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.oracle.case import Case
from tests.oracle.decide import decide

if TYPE_CHECKING:
    from typing import Any

    from tests.fuzz.asking import Question
    from tests.fuzz.server import Answer
    from tests.oracle.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Difference:
    """A disagreement: its kind in a few words, for counting, both answers as text, OPA's reasons."""

    kind: str
    oracle: str
    opa: str
    reasons: frozenset[str] = frozenset()

    def same(self, other: Difference) -> bool:
        """Whether both are about the same thing: of one kind, for the same reasons."""
        return (self.kind, self.reasons) == (other.kind, other.reasons)

    @property
    def about_gates(self) -> bool:
        """Whether both deny, by other gates."""
        return self.kind.startswith("gates")


def judge(question: Question, documents: dict[str, Any]) -> Verdict:
    """The oracle's answer."""
    return decide(question.request, documents, question.now)


def difference(
    question: Question, documents: dict[str, Any], expected: Verdict, answer: Answer | None
) -> Difference | None:
    """How ``answer`` differs from ``expected``; None where they agree.

    Gates are compared where the PEP is told reasons at all.
    """
    ours = _told(expected.decision, expected.failed, expected.until)
    if answer is None:
        return Difference("undefined", ours, "nothing")
    theirs = f"{_told(answer.decision, answer.gates, answer.until)} ({', '.join(sorted(answer.reasons))})"
    if answer.decision != expected.decision:
        if answer.decision:
            return Difference(f"OPA allows, the oracle denies by {_listed(expected.failed)}", ours, theirs)
        return Difference(f"the oracle allows, OPA denies by {_listed(answer.gates)}", ours, theirs, answer.reasons)
    if expected.decision:
        return None if answer.until == expected.until else Difference("valid_until", ours, theirs)
    case = Case(question.request, documents, question.now)
    if answer.gates == expected.failed or (
        not answer.gates and case.document("trust", "peps", case.pep, "reasons") == "none"
    ):
        return None
    more, fewer = expected.failed - answer.gates, answer.gates - expected.failed
    return Difference(
        f"gates: only the oracle {_listed(more)}, only OPA {_listed(fewer)}", ours, theirs, answer.reasons
    )


def _told(decision: bool, gates: frozenset[str], until: int | None) -> str:
    return f"allow until {until}" if decision else f"deny by {_listed(gates)}"


def _listed(gates: frozenset[str]) -> str:
    return ", ".join(sorted(gates)) or "-"
