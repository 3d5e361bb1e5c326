"""JSON values, digests, constraints and windows of the oracle, against values worked out by hand."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import pytest
from tests.oracle.constraint import met, within
from tests.oracle.digest import digest
from tests.oracle.tokens import spiffe_domain
from tests.oracle.values import MISSING, dumps, equal, loads
from tests.oracle.verdict import FOREVER, quorum
from tests.oracle.window import frozen_until, open_until

SECOND = 1_000_000_000
_DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]


def test_numbers_stay_as_they_came() -> None:
    assert dumps(loads('{"b":1.50,"a":[1e3,-0,10]}')) == '{"a":[1e3,-0,10],"b":1.50}'


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("1", "1.0", True),
        ("1", "true", False),
        ("0", "false", False),
        ('"1"', "1", False),
        ("[1,{}]", "[1.0,{}]", True),
    ],
)
def test_equality_is_by_value_and_type(one: str, other: str, same: bool) -> None:
    assert equal(loads(one), loads(other)) is same


def test_digest_is_of_compact_sorted_json_escaped_as_go_does() -> None:
    written = b'{"a":"\\u003cb\\u003e\\u0026\\u2028","z":1.0}'
    wanted = base64.urlsafe_b64encode(hashlib.sha256(written).digest()).decode().rstrip("=")
    assert digest(loads('{"z":1.0,"a":"<b>&\u2028"}')) == f"sha-256:{wanted}"


@pytest.mark.parametrize(
    ("constraint", "value", "holds"),
    [
        ({"max": 10}, 10, True),
        ({"max": 10}, 11, False),
        ({"max": 10}, "9", False),
        ({"max": 10}, True, False),
        ({"max": "10"}, 9, False),
        ({"min": 1, "max": 3}, 0, False),
        ({"equals": 1}, True, False),
        ({"one_of": ["a", 1]}, 1, True),
        ({"required": True}, None, True),
        ({"required": True}, MISSING, False),
        ({"required": False}, MISSING, True),
        ({"required": False, "max": 1}, 2, False),
        ({"pattern": "x"}, "x", False),
        ({}, 1, False),
        ("max", 1, False),
    ],
)
def test_constraint(constraint: Any, value: Any, holds: bool) -> None:
    assert met(constraint, value) is holds


@pytest.mark.parametrize(
    ("limits", "counters", "holds"),
    [
        ({"calls": 5}, {"calls": 4}, True),
        ({"calls": 5}, {"calls": 5}, False),
        ({"calls": 5}, {"calls": "4"}, False),
        ({"calls": 5}, {}, False),
        ({"amount": 100}, {"amount": 90}, True),
        ({"amount": 99}, {"amount": 90}, False),
        ({"weight": 9}, {"weight": 0}, False),
    ],
)
def test_limits_count_this_request(limits: Any, counters: Any, holds: bool) -> None:
    assert within(limits, counters, {"amount": 10}) is holds


@pytest.mark.parametrize(
    ("zone", "start", "end", "now", "closes"),
    [
        # 2027-01-15T08:00:30Z is 09:00:30 in Vienna
        ("Europe/Vienna", 540, 600, 1_800_000_030, 1_800_003_600),
        ("Europe/Vienna", 541, 600, 1_800_000_030, None),
        # 2027-03-28: 01:30 in Vienna is 00:30Z; at 01:00Z the clock goes from 02:00 to 03:00, which is over 02:30
        ("Europe/Vienna", 0, 150, 1_806_193_800, 1_806_195_600),
        # 2026-10-25: 02:45 in Vienna, first time, 00:45Z; 03:00 comes at 02:00Z
        ("Europe/Vienna", 120, 180, 1_792_889_100, 1_792_893_600),
        # the same hour until 02:50 closes the first time it is 02:50, 00:50Z
        ("Europe/Vienna", 120, 170, 1_792_889_100, 1_792_889_400),
        ("UTC", 0, 1_440, 1_800_000_000, 1_800_057_600),
    ],
)
def test_window_closes_by_the_wall_clock(zone: str, start: int, end: int, now: int, closes: int | None) -> None:
    found = open_until({"zone": zone, "days": _DAYS, "from": start, "to": end}, now * SECOND)
    assert found == (None if closes is None else closes * SECOND)


def test_freeze_holds_where_it_says_and_where_nobody_knows() -> None:
    freezes = {"f": {"from": 10, "to": 20, "environments": {"prod": True}}}
    assert frozen_until(freezes, "prod", 10) is None
    assert frozen_until(freezes, "", 19) is None
    assert frozen_until(freezes, "prod", 9) == 10
    assert frozen_until(freezes, "prod", 20) == frozen_until(freezes, "staging", 10) == FOREVER


def test_quorum_lasts_until_too_few_are_left() -> None:
    assert quorum([5, 9, 7], 2) == 7
    assert quorum([5], 2) is None
    assert quorum([], 0) == FOREVER


@pytest.mark.parametrize(
    ("name", "domain"),
    [
        ("spiffe://td.example/a/b", "td.example"),
        ("spiffe://td.example", None),
        ("spiffe://td.example/", None),
        ("spiffe://td.example/a/", None),
        ("spiffe://td.example//a", None),
        ("spiffe://td.example/./a", None),
        ("spiffe://TD.example/a", None),
        ("spiffe://td.example:1/a", None),
        ("spiffe://u@td.example/a", None),
        ("spiffe://td.example/%61", None),
        ("spiffe://td.example/a?x", None),
        ("spiffe://td.example/a\n", None),
        ("spiffe://td.example/" + "a" * 2_029, None),
    ],
)
def test_spiffe_id(name: str, domain: str | None) -> None:
    assert spiffe_domain(name) == domain
