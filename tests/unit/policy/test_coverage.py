"""Rules, requirements and cases joined, and what is left over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from livegate.policy.read import read

if TYPE_CHECKING:
    from livegate.policy.controls import Control, Framework
    from livegate.project import Project

    from .conftest import Opa


def ids(listed: tuple[tuple[Framework, Control], ...]) -> list[str]:
    return [control.id for _, control in listed]


def test_requirements_are_sorted_by_who_answers_them(opa: Opa, small: Project) -> None:
    gaps = read(small, opa.binary).coverage().gaps()
    # A:1 is implemented; A:2 is claimed by a reason that no rule gives, so nothing answers it
    assert ids(gaps.open) == ["A:2"]
    assert ids(gaps.out_of_reach) == ["A:3"]
    assert ids(gaps.silent) == ["A:4"]
    assert ids(gaps.supported) == ["B-1"]


def test_rules_and_cases_of_a_requirement(opa: Opa, small: Project) -> None:
    coverage = read(small, opa.binary).coverage()
    alpha = coverage.controls.frameworks["alpha"]
    serving = {
        control.id: ([rule.id for rule, _ in coverage.serving(alpha, control)], coverage.cases_of(alpha, control))
        for control in alpha.controls
    }
    assert serving == {"A:1": (["demo.no"], 2), "A:2": ([], 0), "A:3": ([], 0), "A:4": ([], 0)}


def test_cases_are_counted_by_reason_and_by_control(opa: Opa, small: Project) -> None:
    coverage = read(small, opa.binary).coverage()
    assert coverage.by_reason == {"demo.no": 2, "demo.later": 1}
    assert coverage.by_own == {"OWN-1": 2}
    assert coverage.unexpected() == ["demo.old"]
    assert coverage.unwritten() == ["demo.later"]


def test_rules_stand_in_the_order_of_the_specification(opa: Opa, small: Project) -> None:
    page = small.rego / "README.md"
    page.write_text("### demo\nReasons: `later` `old` `no`\n", "utf-8")
    coverage = read(small, opa.binary).coverage()
    assert list(coverage.rules) == ["demo.old", "demo.no"]
    assert {gate: [rule.id for rule in rules] for gate, rules in coverage.gates().items()} == {
        "demo": ["demo.old", "demo.no"]
    }
