"""The catalogue page: each direction, and the gaps under their own headings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from livegate.policy.page import write
from livegate.policy.read import read

if TYPE_CHECKING:
    from livegate.project import Project

    from .conftest import Opa


@pytest.fixture
def page(opa: Opa, small: Project) -> str:
    return write(read(small, opa.binary).coverage())


def section(page: str, heading: str) -> list[str]:
    """The lines below a heading, to the next."""
    lines = page.splitlines()
    start = lines.index(heading) + 1
    end = next((number for number in range(start, len(lines)) if lines[number].startswith("#")), len(lines))
    return [line for line in lines[start:end] if line]


def test_rule_to_controls(page: str) -> None:
    assert section(page, "### demo")[2:] == [
        "| `demo.no` | It is not | none | OWN-1 | implements A:1 | 2 |",
        "| `demo.old` | It is old |  | OWN-1 | supports B-1 (low) | 0 |",
    ]


def test_control_to_rules(page: str) -> None:
    assert section(page, "### Alpha | the first (1)")[3:] == [
        "| A:1 | Be there | yes: A look. | implements `demo.no` | 2 |",
        "| A:2 | Be young | partly: A date. | **none** | 0 |",
        "| A:3 | Be wise | no: Nobody can tell. | **none** | 0 |",
        "| A:4 | Be kind |  | **none** | 0 |",
    ]
    assert section(page, "### Beta (2)")[1:] == [
        "| id | title | reasons | cases |",
        "| --- | --- | --- | --- |",
        "| B-1 | Renew | supports `demo.old` (low) | 0 |",
    ]


def test_own_control(page: str) -> None:
    assert section(page, "### OWN-1: Ours") == [
        "What we want.",
        "2 cases speak for it.",
        "| stands for | version | id | title | relation | confidence |",
        "| --- | --- | --- | --- | --- | --- |",
        "| Alpha \\| the first | 1 | A:1 | Be there | implements | high |",
        "Reasons: `demo.no`, `demo.old`.",
    ]


def test_gaps_are_said(page: str) -> None:
    headings = [line for line in page[page.index("## Gaps") :].splitlines() if line.startswith("### ")]
    first = "Alpha \\| the first"
    assert {heading: section(page, heading)[-1] for heading in headings} == {
        "### A policy at run time could answer these; no rule of ours does": f"| {first} | A:2 | Be young | A date. |",
        "### Out of reach of a policy at run time": f"| {first} | A:3 | Be wise | Nobody can tell. |",
        "### No rule answers these, and nobody here says whether one could": f"| {first} | A:4 | Be kind | The log. |",
        "### Only supported: no rule is what these ask for": "| Beta | B-1 | Renew |  |",
        "### Reasons that no case expects": "`demo.old`",
        "### Reasons of the specification that no rule gives yet": "`demo.later`",
    }
    assert (
        "5 requirements of 2 frameworks: 1 with a reason that implements at least a part, 1 only supported, 3 that"
        in page
    )


def test_same_input_same_bytes(opa: Opa, small: Project, page: str) -> None:
    assert write(read(small, opa.binary).coverage()) == page
    assert page.endswith("`demo.later`\n")


def test_line_of_a_rule_does_not_make_it_stale(opa: Opa, small: Project, page: str) -> None:
    module = small.rego / "authz/gates/demo/demo.rego"
    module.write_text("# a comment\n" + module.read_text("utf-8"), "utf-8")
    assert write(read(small, opa.binary).coverage()) == page
