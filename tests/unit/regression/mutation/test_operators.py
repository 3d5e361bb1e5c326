"""Each operator on a rule of its own: the exact text that it makes, and nothing where there is nothing to change."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from livegate.regression.mutation import plan
from livegate.regression.mutation.operators import KINDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from livegate.regression.mutation.mutants import Mutant

    from .conftest import Read

    Make = Callable[[str], tuple[Mutant, ...]]


def _texts(made: tuple[Mutant, ...], kind: str) -> set[str]:
    """What the mutants of a kind make of the policy, without its first two lines."""
    return {one.source().split("\n", 2)[2].rstrip("\n") for one in made if one.edit.kind == kind}


@pytest.mark.parametrize(
    ("kind", "before", "after"),
    [
        ("condition", "p if input.a", {"p if true"}),
        (
            "condition",
            "p if {\n\tinput.a\n\tf(1)\n}\n\nf(_) if input.b",
            {
                "p if {\n\ttrue\n\tf(1)\n}\n\nf(_) if input.b",
                "p if {\n\tinput.a\n\ttrue\n}\n\nf(_) if input.b",
                "p if {\n\tinput.a\n\tf(1)\n}\n\nf(_) if true",
            },
        ),
        ("condition", "p := [x | some x in input.a; x.b]", {"p := [x | some x in input.a; true]"}),
        ("condition", "p := x if x := input.a", set()),
        ("condition", "p if _ = input.a[0]", {"p if true"}),
        ("comparison", "p if input.a < 1", {"p if input.a <= 1", "p if input.a > 1"}),
        ("comparison", "p if input.a <= 1", {"p if input.a < 1"}),
        ("comparison", "p if input.a > 1", {"p if input.a >= 1", "p if input.a < 1"}),
        ("comparison", "p if input.a >= 1", {"p if input.a > 1"}),
        ("comparison", "p if input.a == input.b", {"p if input.a != input.b"}),
        ("comparison", "p if input.a != input.b", {"p if input.a == input.b"}),
        ("negation", "p if not input.a", {"p if input.a"}),
        ("constant", "p if input.a == 7", {"p if input.a == 8", "p if input.a == 6"}),
        ("constant", 'p if input.a == "on"', {'p if input.a == "mutated"'}),
        ("constant", "p if input.a == true", {"p if input.a == false"}),
        ("constant", "p := false if input.a", {"p := true if input.a"}),
        ("constant", "p := input.a[0]", {"p := input.a[1]"}),
        (
            "constant",
            "p := object.get(input, input.a, 0)",
            {
                "p := object.get(input, input.a, 1)",
                "p := object.get(input, input.a, -1)",
            },
        ),
        ("constant", "p if input.a < 9223372036854775807", set()),
        (
            "member",
            'p if input.a in {"x", "y", "z"}',
            {
                'p if input.a in {"y", "z"}',
                'p if input.a in {"x", "z"}',
                'p if input.a in {"x", "y"}',
            },
        ),
        ("member", 'p if input.a in {"x"}', {"p if input.a in set()"}),
        (
            "member",
            "p := min([\n\tinput.a,\n\tinput.b,\n])",
            {
                "p := min([\n\tinput.b,\n])",
                "p := min([\n\tinput.a,\n])",
            },
        ),
        ("member", "p := x if [x, _] := split(input.a, input.b)", set()),
        ("default", "default p := false\n\np if input.a", {"default p := true\n\np if input.a"}),
        ("default", "default p := []\n\np := input.a", {"\n\np := input.a"}),
        (
            "else",
            "p := 1 if {\n\tinput.a\n} else := 2 if {\n\tinput.b\n} else := 3",
            {
                "p := 1 if {\n\tinput.a\n} else := 3",
                "p := 1 if {\n\tinput.a\n} else := 2 if {\n\tinput.b\n}",
            },
        ),
        (
            "every",
            "p if {\n\tevery x in input.a {\n\t\tx.b\n\t\tx.c\n\t}\n}",
            {
                "p if {\n\tsome x in input.a; x.b; x.c\n}",
            },
        ),
        (
            "extreme",
            "p := min(input.a) + max(input.b)",
            {
                "p := max(input.a) + max(input.b)",
                "p := min(input.a) + min(input.b)",
            },
        ),
        ("arithmetic", "p := input.a + input.b", {"p := input.a - input.b"}),
        ("arithmetic", "p := input.a - input.b", {"p := input.a + input.b"}),
        (
            "rule",
            "p if input.a\n\np if input.b\n\nq if input.c",
            {
                "\n\np if input.b\n\nq if input.c",
                "p if input.a\n\n\n\nq if input.c",
            },
        ),
        ("reason", 'reasons contains {"id": "t.no"} if not input.a', {""}),
    ],
)
def test_an_operator_makes_exactly_these(mutants: Make, kind: str, before: str, after: set[str]) -> None:
    assert kind in KINDS
    assert _texts(mutants(before), kind) == after


def test_a_gate_always_passes(read: Read) -> None:
    text = 'package authz.gates.g\n\ndefault verdict := {"pass": false}\n\nverdict := {"pass": true} if input.a\n'
    (gate,) = [one for one in plan.mutants(read(authz__gates__g=text)) if one.edit.kind == "gate"]
    assert 'default verdict := {"pass": true, "until": 9223372036854775807}' in gate.source()
    assert gate.gate == "g"


def test_rules_of_one_name_in_two_files_are_several(read: Read) -> None:
    made = plan.mutants(read(authz__a="package t\np if input.a", authz__b="package t\np if input.b"))
    assert {one.file for one in made if one.edit.kind == "rule"} == {"authz/a.rego", "authz/b.rego"}


def test_nothing_in_comments_and_metadata(mutants: Make) -> None:
    assert not mutants("# METADATA\n# title: 1 < 2\n# custom: {a: 1, b: true}\np := input.a # not 3 < 4\n")


def test_tests_are_no_policy_and_all_else_that_ships_is(read: Read) -> None:
    modules = read(authz__a="package t\np := 1", authz__a_test="package t_test\np := 1", testing__b="package b\np := 1")
    assert [module.name for module in modules] == ["authz/a.rego", "testing/b.rego"]


def test_places_hold_where_letters_are_of_several_bytes(mutants: Make) -> None:
    made = mutants('p if {\n\tinput.a == "é→"; input.b < 2 # ü\n}')
    assert 'p if {\n\tinput.a == "é→"; input.b <= 2 # ü\n}' in _texts(made, "comparison")


def test_a_mutant_is_a_short_difference(mutants: Make) -> None:
    (one,) = [one for one in mutants("p if {\n\tinput.a\n\tnot input.b\n}") if one.edit.kind == "negation"]
    assert one.diff() == ("-\tnot input.b", "+\tinput.b")
    assert (one.where, one.text, one.edit.rule) == ("rego/authz/t.rego:5", "not input.b", "p")


def test_the_order_is_always_the_same(mutants: Make) -> None:
    text = "p if {\n\tinput.a < 1\n\tinput.b in {1, 2}\n}\n\np if not input.c"
    first = [(one.number, one.line, one.name) for one in mutants(text)]
    assert first == [(one.number, one.line, one.name) for one in mutants(text)]
    assert [line for _, line, _ in first] == sorted(line for _, line, _ in first)
