"""Cases and results to report on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from livegate.regression.compare import Difference
from livegate.regression.results import CaseResult, Outcome, SuiteResult
from livegate.regression.suite import loads

if TYPE_CHECKING:
    from collections.abc import Callable

    from livegate.regression.suite import Suite

    Make = Callable[..., Suite]

_CASE = """
  - name: "{name}"
    controls: [NHI-03, C3]
    request: {{subject: {{id: a}}}}
    expect: {{decision: deny, reasons: [request.malformed]}}
"""


def answer(*, at: str = "2026-11-23T12:00:00Z", reason: str = "request.malformed") -> dict[str, Any]:
    """A denial as OPA would give it."""
    reasons = [{"id": reason, "gate": reason.partition(".")[0]}]
    return {
        "decision": False,
        "context": {"reasons": reasons, "obligations": [], "evidence": {}, "evaluated_at": at},
    }


@pytest.fixture
def denial() -> Callable[..., dict[str, Any]]:
    """Makes denials; see :func:`answer`."""
    return answer


@pytest.fixture
def suite() -> Make:
    """Makes a suite of cases with these names (as they stand in a double-quoted YAML text)."""

    def make(*names: str, title: str = "A suite") -> Suite:
        head = f'suite: "{title}"\npopulation: example\ninstant: 2026-11-23T12:00:00Z\ncases:'
        return loads((head + "".join(_CASE.format(name=name) for name in names)).encode(), file="s.yaml")

    return make


@pytest.fixture
def mixed(suite: Make) -> SuiteResult:
    """One that passed, one that differs, one that could not be decided."""
    made = suite(r"passes", r"differs \e[31m & <red>", r"errs \0", title=r"Mixed \x07 <&>")
    passed, differs, errs = made.cases
    return SuiteResult(
        suite=made,
        results=(
            CaseResult(case=passed, outcome=Outcome.PASSED, answer=answer()),
            CaseResult(
                case=differs,
                outcome=Outcome.FAILED,
                answer=answer(reason="identity.unknown"),
                differences=(Difference("reasons", "request.malformed", "identity.unknown"),),
                gates={"identity": False, "request": True},
            ),
            CaseResult(case=errs, outcome=Outcome.ERROR, error="OPA gave no answer"),
        ),
    )


@pytest.fixture
def skipped(mixed: SuiteResult) -> SuiteResult:
    """Three that were not asked."""
    results = tuple(
        CaseResult(case=result.case, outcome=Outcome.SKIPPED, error="not asked") for result in mixed.results
    )
    return SuiteResult(suite=mixed.suite, results=results)
