"""Every planted disagreement is found, where it is, with what to do; what agrees is passed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from livegate.errors import ConfigError
from livegate.policy.check import ROUTER, near
from livegate.policy.read import read

if TYPE_CHECKING:
    from pathlib import Path

    from livegate.project import Project

    from .conftest import Opa

ALPHA, OWN, TABLE = "data/controls/frameworks/alpha.yaml", "data/controls/own.yaml", "data/controls/reasons/demo.yaml"
REGO, CASES, PAGE = "rego/authz/gates/demo/demo.rego", "tests/policy/demo.yaml", "rego/README.md"


def found(opa: Opa, project: Project) -> list[tuple[str, str, str]]:
    return [(problem.where, problem.what, problem.todo) for problem in read(project, opa.binary).problems()]


def plant(project: Project, file: str, old: str, new: str) -> None:
    path: Path = project.rego.parent / file
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


def test_what_agrees_is_passed(opa: Opa, small: Project) -> None:
    """``demo.later`` has no rule yet, which is no fault."""
    assert found(opa, small) == []


MAPPED = "demo.old:\n  - {framework: beta, id: B-1, relation: supports, confidence: low}\n"
PLANTED = {
    "list: id twice": (ALPHA, 'id: "A:4"', 'id: "A:3"', [
        (f"{ALPHA}:8", "alpha lists A:3 more than once", "keep one of them"),
        (f"{ALPHA}:9", "alpha lists A:3 more than once", "keep one of them"),
    ]),
    "own: framework": (OWN, "framework: alpha", "framework: alhpa", [
        (f"{OWN}:6", "OWN-1 names the framework 'alhpa', which is not listed", "did you mean 'alpha'?"),
    ]),
    "own: id": (OWN, 'id: "A:1"', 'id: "A:0"', [
        (f"{OWN}:6", "OWN-1 names A:0 of alpha, which has no such id", "did you mean 'A:4'?"),
    ]),
    "own: version": (OWN, 'version: "1"', 'version: "0"', [
        (
            f"{OWN}:6",
            "OWN-1 names alpha in version '0'",
            "the list is of version '1': look at what changed, then write that",
        ),
    ]),
    "own: title": (OWN, "title: Be there", "title: Be here", [
        (f"{OWN}:6", "OWN-1 calls A:1 'Be here'", "its title is 'Be there'"),
    ]),
    "own: nothing serves it": (OWN, 'id: "A:1", title: Be there', 'id: "A:4", title: Be kind', [
        (
            f"{OWN}:6",
            "OWN-1 stands for A:4, which no reason serves",
            "map a reason to it in data/controls/reasons, or take the claim out",
        ),
    ]),
    "table: framework": (TABLE, "framework: beta", "framework: gamma", [
        (f"{TABLE}:4", "demo.old names the framework 'gamma', which is not listed", "one of alpha, beta"),
    ]),
    "table: id of another framework": (TABLE, "id: B-1", 'id: "A:1"', [
        (f"{TABLE}:4", "demo.old names A:1 of beta, which has no such id", "one of B-1"),
    ]),
    "table: out of reach": (TABLE, 'id: "A:2"', 'id: "A:3"', [
        (
            f"{TABLE}:6",
            "demo.later claims A:3, which no policy at run time answers",
            "take the claim out: Nobody can tell.",
        ),
    ]),
    "table: twice": (TABLE, MAPPED, MAPPED + MAPPED.splitlines()[1] + "\n", [
        (f"{TABLE}:5", "demo.old names B-1 twice", "keep one of them"),
    ]),
    "table: reason misspelt": (TABLE, "demo.later", "demo.lather", [
        (
            f"{TABLE}:5",
            "no rule gives the reason demo.lather, and the specification does not name it",
            "did you mean 'demo.later'? else take it out",
        ),
        (
            PAGE,
            "the reason demo.later of the specification is mapped to nothing",
            "say in data/controls/reasons what it serves",
        ),
    ]),
    "rule: unknown control": (REGO, "controls: [OWN-1]", "controls: [OWN-2]", [
        (f"{REGO}:12", "demo.no names the control 'OWN-2', which is none", "did you mean 'OWN-1'?"),
    ]),
    "rule: no control": (REGO, "#   controls: [OWN-1]\n", "", [
        (f"{REGO}:11", "demo.no names no control", "write custom.controls: some of OWN-1"),
    ]),
    "rule: no METADATA": (REGO, "#   id: demo.no\n", "", [
        (REGO, "demo.no has no METADATA", "write it, with custom.id: demo.no"),
    ]),
    "rule: the specification does not know it": (PAGE, " `old`", "", [
        (
            f"{REGO}:21",
            "the specification does not name the reason demo.old",
            "did you mean 'demo.no'? else write it into rego/README.md, or take the rule out",
        ),
    ]),
    "case: unknown control": (CASES, "controls: [OWN-1]", "controls: [OWN-7]", [
        (f"{CASES}:5", "'it is not' names the control 'OWN-7', which is none", "did you mean 'OWN-1'?"),
    ]),
    "case: unknown reason": (CASES, "reasons: [demo.no]", "reasons: [demo.on]", [
        (
            f"{CASES}:5",
            "'it is not' expects the reason demo.on, which there is not",
            "did you mean 'demo.no'? else name one of the specification",
        ),
    ]),
}  # fmt: skip


@pytest.mark.parametrize("name", PLANTED)
def test_planted_disagreement_is_found(opa: Opa, small: Project, name: str) -> None:
    file, old, new, expected = PLANTED[name]
    plant(small, file, old, new)
    assert found(opa, small) == expected


def test_rule_nobody_knows_is_told_both(opa: Opa, small: Project) -> None:
    plant(small, PAGE, " `old`", "")
    plant(small, TABLE, MAPPED, "")
    assert [what for _, what, _ in found(opa, small)] == [
        "the specification does not name the reason demo.old",
        "the reason demo.old is mapped to nothing",
    ]


def test_case_without_controls_does_not_hide_the_next_suite(opa: Opa, small: Project) -> None:
    suites = small.rego.parent / "tests/policy"
    text = (suites / "demo.yaml").read_text("utf-8")
    (suites / "a.yaml").write_text(text.replace("    controls: [OWN-1]\n", "", 1), "utf-8")
    (suites / "b.yaml").write_text(text.replace("controls: [OWN-1]", "controls: []", 1), "utf-8")
    plant(small, CASES, "controls: [OWN-1]", "controls: [OWN-7]")
    (first, second, third) = found(opa, small)
    assert first[0].startswith("tests/policy/a.yaml:5:")
    assert "'controls' is a required property" in first[1]
    assert second[0].startswith("tests/policy/b.yaml:6:")
    assert "controls" in second[1]
    assert third[0] == f"{CASES}:5"


@pytest.mark.parametrize(
    ("file", "where"),
    [
        pytest.param(OWN, "data/controls", id="controls"),
        pytest.param(PAGE, "rego/README.md", id="specification"),
        pytest.param(CASES, "tests/policy", id="cases"),
    ],
)
def test_missing_file_is_a_problem_and_nothing_is_joined(opa: Opa, small: Project, file: str, where: str) -> None:
    (small.rego.parent / file).unlink()
    assert [place for place, _, _ in found(opa, small)] == [where]
    with pytest.raises(ConfigError):
        read(small, opa.binary).coverage()


def test_near_miss_lists_what_is_known_while_it_can_be_read() -> None:
    assert near("AC-55", ["AC-5", "AU-2"]) == "did you mean 'AC-5'?"
    assert near("zzz", ["b", "a"]) == "one of a, b"
    assert near("zzz", [f"k{number}" for number in range(21)]) == "one of the 21 that are known"


def test_the_reasons_of_the_router_are_those_that_it_gives(pytestconfig: pytest.Config) -> None:
    router = (pytestconfig.rootpath / "rego/authz/authz.rego").read_text("utf-8")
    assert set(re.findall(r'"(decision\.\w+)"', router)) == ROUTER
