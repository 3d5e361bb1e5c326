"""Comparing two answers, putting differences together, and grouping them for people."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from livegate.regression.diff import report
from livegate.regression.diff.asking import Answer, read
from livegate.regression.diff.changes import Asked, Gathered, What, compared, eased
from livegate.regression.diff.group import grouped
from livegate.regression.diff.people import people
from livegate.regression.diff.separation import Allowed, violations
from livegate.regression.diff.world import World

from .conftest import NOW

if TYPE_CHECKING:
    from collections.abc import Callable

    from livegate.regression.diff.changes import Change


def _asked(subject: str = "ben", *, variant: str = "least", instant: int = NOW) -> Asked:
    return Asked(
        subject=subject, deed=("order", "pay"), resource="order:one", variant=variant, instant=instant, request={}
    )


def test_the_loudest_difference_is_told(allow: Answer, deny: Callable[..., Answer]) -> None:
    later = replace(allow, until="2028-01-01T00:00:00Z")
    obliged = replace(allow, obligations=('{"type": "notify"}',))
    cases = [
        (deny("a.b"), allow, What.OPENED),
        (allow, deny("a.b"), What.CLOSED),
        (deny("a.b"), deny("a.c"), What.REASONS),
        (allow, obliged, What.OBLIGATIONS),
        (allow, later, What.EASED),
        (later, allow, What.VALID_UNTIL),
        (obliged, allow, What.EASED),
    ]
    for base, head, what in cases:
        found = compared(_asked(), base, head)
        assert found is not None
        assert found.what is what
    assert compared(_asked(), allow, allow) is None


NOTIFY, REVIEW = '{"type": "notify"}', '{"type": "review"}'
STORED = {"store": True, "until": "2027-01-01T00:00:00Z", "depends_on": ["resource", "subject"]}


@pytest.mark.parametrize(
    ("base", "head", "terms"),
    [
        ({}, {}, set()),
        ({"obligations": (NOTIFY, REVIEW)}, {"obligations": (REVIEW,)}, {"notify"}),
        ({"cache": STORED}, {"cache": {**STORED, "depends_on": ["subject"]}}, {"cache"}),
        ({"cache": STORED}, {"cache": {**STORED, "until": "2099-01-01T00:00:00Z"}}, {"cache"}),
        ({"cache": {**STORED, "store": False}}, {"cache": STORED}, {"cache"}),
        ({"cache": STORED}, {"cache": {**STORED, "store": False, "depends_on": []}}, set()),
        ({"cache": STORED}, {"cache": {**STORED, "depends_on": ["context.pep", "resource", "subject"]}}, set()),
        ({"cache": STORED}, {"cache": {}}, {"cache"}),
    ],
)
def test_easier_terms_are_told(allow: Answer, base: dict[str, Any], head: dict[str, Any], terms: set[str]) -> None:
    words = {"notify": "without obligation notify", "cache": "kept more by whoever caches"}
    assert eased(replace(allow, **base), replace(allow, **head)) == {words[term] for term in terms}


def test_a_later_end_of_records_is_what_they_say(allow: Answer) -> None:
    later = replace(allow, until="2099-01-01T00:00:00Z")
    assert eased(allow, later) == {"a later end"}
    assert eased(allow, later, ends=False) == set()
    found = compared(_asked(), allow, later, ends=False)
    assert found is not None
    assert found.what is What.VALID_UNTIL


def test_questions_about_one_thing_are_one_change(allow: Answer, deny: Callable[..., Answer]) -> None:
    gathered = Gathered(start=NOW)
    for asked, reasons in ((_asked(instant=NOW + 1), ("a.b",)), (_asked(variant="most"), ("a.c",))):
        found = compared(asked, deny(*reasons), allow)
        assert found is not None
        gathered.add(found)
    (change,) = gathered.changes()
    assert (change.count, change.main, change.reasons) == (2, True, frozenset({"a.c"}))


def test_what_a_limit_was_there_to_stop_is_a_change_of_its_own(allow: Answer, deny: Callable[..., Answer]) -> None:
    gathered = Gathered(start=NOW)
    for variant in ("least", "separation"):
        found = compared(_asked(variant=variant), deny("a.b"), allow)
        assert found is not None
        gathered.add(found)
    assert sorted(change.apart for change in gathered.changes()) == [False, True]


@pytest.mark.parametrize(
    "whole",
    [
        None,
        {"decision": "yes", "context": {}},
        {"decision": True},
        {"decision": False, "context": {"reasons": [], "obligations": [], "evidence": {}, "evaluated_at": "x"}},
        {
            "decision": False,
            "context": {"reasons": [], "obligations": [], "evidence": {}, "evaluated_at": "2026-11-23T12:00:00Z"},
        },
    ],
)
def test_what_is_no_decision_at_that_instant_is_not_compared(whole: Any) -> None:
    assert isinstance(read(whole, NOW), str)


def test_people_of_one_role_are_one_line(documents: dict[str, Any], change: Callable[..., Change]) -> None:
    head = copy.deepcopy(documents)
    names = [f"p-{number}" for number in range(17)]
    for name in names:
        head["iga"]["grants"][name] = {"shop:boss@*": "hr|g|9223372036|||role:dba"}
    groups = grouped([change(name) for name in names], World.of(documents), World.of(head))
    assert [report.headline(group) for group in groups] == [
        "17 subjects of role:dba (p-0, p-1, p-10, …) gain order/pay on order:one"
    ]
    assert groups[0].privileged


def test_undeclared_openings_of_privileged_actions_come_first(world: World, change: Callable[..., Change]) -> None:
    declared = change("d")
    declared.declared = "meant"
    changes = [change("a", what=What.CLOSED), declared, change("b", "order/enter"), change("c")]
    order = [(group.subjects[0], group.declared) for group in grouped(changes, world, world)]
    assert order == [("c", None), ("b", None), ("a", None), ("d", "meant")]


def test_a_separation_that_was_lifted_is_told_apart(world: World, change: Callable[..., Change]) -> None:
    lifted = change("ann", reasons=("transaction.separation_of_duties",), variant="separation", apart=True)
    denied = change("ben", reasons=("entitlement.denied",))
    found = violations([lifted, denied, change("cat")], world, world, Allowed(), Allowed())
    assert [(one.reason, one.subjects) for one in found] == [
        ("entitlement.denied", ("ben",)),
        ("transaction.separation_of_duties", ("ann",)),
    ]


def test_who_holds_both_sides_of_a_separation_now_is_told(world: World) -> None:
    before, after = Allowed(), Allowed()
    for allowed in (before, after):
        allowed.add("ben", ("order", "enter"))
        for deed in (("order", "enter"), ("order", "pay")):
            allowed.add("always", deed)
    after.add("ben", ("order", "pay"))
    (found,) = violations([], world, world, before, after)
    assert (found.kind, found.first, found.then, found.subjects) == ("pair", "order/enter", "order/pay", ("ben",))


def test_joiners_movers_and_leavers(documents: dict[str, Any], change: Callable[..., Change]) -> None:
    head = copy.deepcopy(documents)
    head["iga"]["identities"]["cat"] = "active|human||hr|ann"
    head["iga"]["identities"]["bot"] = "disabled|service_account|prod|hr|ben"
    head["iga"]["grants"]["ben"] = {"shop:boss@*": "hr|g-9|9223372036|||"}
    found = people(World.of(documents), World.of(head), [change("ben")], Allowed(), Allowed())
    assert [(one.view, one.id) for one in found] == [("joiner", "cat"), ("mover", "ben"), ("leaver", "bot")]
    ben = found[1]
    assert (ben.came, ben.went, ben.gains) == (
        ("grant shop:boss@*",),
        ("grant shop:clerk@*",),
        ("order/pay on order:one",),
    )
    assert found[2].parts == (("status", "active", "disabled"),)
