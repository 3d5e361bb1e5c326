"""Coverage counts what was judged and decided, item by item, and a floor is held to the last item."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from livegate.errors import ConfigError
from livegate.regression import covered
from livegate.regression.coverage import KINDS, Decided, Item, Kind, Known, catalogued, coverage, total
from livegate.regression.suite import Case, Expectation, Given
from livegate.regression.windows import ends

START = 1_795_435_200_000_000_000  # 2026-11-23T12:00:00Z
GIVEN = Given(population="example")
KNOWN = Known(
    gates=("request", "entitlement", "elevation"),
    reasons={"entitlement.missing": "a.rego:3", "elevation.missing": "b.rego:4", "request.malformed": "c.rego:5"},
    actions=("database.dump", "database.query"),
    controls={"nist AC-2": frozenset({"entitlement.missing"}), "nist AC-3": frozenset({"request.malformed"})},
    own=("C3", "A-04"),
)
PASSED = {"request": True, "entitlement": True, "elevation": True}


def decided(
    *reasons: str,
    action: str = "query",
    gates: dict[str, bool] | None = None,
    instant: int = START,
    documents: dict[str, Any] | None = None,
    request: Any = None,
) -> Decided:
    """A case of alice's that was decided as judged: denied for these reasons, or allowed."""
    asked = request or {
        "subject": {"type": "human", "id": "alice"},
        "action": {"name": action},
        "resource": {"type": "database", "id": "d"},
    }
    case = Case(
        name="n",
        controls=("C3",),
        instant=instant,
        request=asked,
        expect=Expectation(allow=not reasons, reasons=frozenset(reasons)),
        line=1,
        given=GIVEN,
    )
    return Decided(case=case, gates=gates or PASSED, documents=documents or {})


def counted(*cases: Decided, kind: str) -> dict[str, int]:
    """Item → number of cases, of one kind."""
    found = {one.name: one for one in coverage(KNOWN, cases, ())}
    return {item.name: item.cases for item in found[kind].items}


def test_without_cases_nothing_is_covered() -> None:
    kinds = coverage(KNOWN, (), (Item(name="x:1", cases=0),))
    assert tuple(kind.name for kind in kinds) == KINDS
    assert all(kind.covered == 0 for kind in kinds)
    assert {kind.name: len(kind.items) for kind in kinds} == {
        "expressions": 1,
        "gates": 11,
        "reasons": 3,
        "actions": 4,
        "controls": 4,
        "boundaries": 0,
    }


def test_a_gate_passes_denies_alone_and_denies_with_others() -> None:
    allowed = decided()
    alone = decided("elevation.missing", gates=PASSED | {"elevation": False})
    both = decided("elevation.missing", "entitlement.missing", gates={"request": True})
    assert counted(allowed, alone, both, kind="gates") == {
        "request: passed in an allow": 1,
        "request: passed in a denial": 2,
        "request: denied alone": 0,
        "entitlement: passed in an allow": 1,
        "entitlement: passed in a denial": 1,
        "entitlement: denied alone": 0,
        "entitlement: denied with others": 0,
        "elevation: passed in an allow": 1,
        "elevation: passed in a denial": 0,
        "elevation: denied alone": 1,
        "elevation: denied with others": 0,
    }
    with_verdicts = decided(
        "elevation.missing", "entitlement.missing", gates={"request": True, "entitlement": False, "elevation": False}
    )
    found = counted(with_verdicts, kind="gates")
    assert found["entitlement: denied with others"] == found["elevation: denied with others"] == 1


def test_a_gate_that_fails_untold_covers_nothing() -> None:
    hidden = decided("request.malformed", gates={"request": False, "entitlement": False, "elevation": True})
    found = counted(hidden, kind="gates")
    assert found["request: denied alone"] == 1
    assert found["elevation: passed in a denial"] == 1
    assert sum(found.values()) == 2


def test_reasons_and_the_requirements_that_they_serve() -> None:
    cases = [decided("entitlement.missing"), decided("entitlement.missing", "elevation.missing"), decided()]
    assert counted(*cases, kind="reasons") == {
        "entitlement.missing": 2,
        "elevation.missing": 1,
        "request.malformed": 0,
    }
    assert counted(*cases, kind="controls") == {"C3": 3, "A-04": 0, "nist AC-2": 2, "nist AC-3": 0}


def test_actions_are_allowed_and_denied() -> None:
    cases = [decided(), decided("entitlement.missing", action="dump"), decided("entitlement.missing", action="drop")]
    assert counted(*cases, kind="actions") == {
        "database.dump: allowed": 0,
        "database.dump: denied": 1,
        "database.query: allowed": 1,
        "database.query: denied": 0,
    }


@pytest.mark.parametrize("request_", [None, [], "x", {}, {"resource": "x"}, {"resource": {"type": [1]}, "action": 1}])
def test_a_request_that_is_none_is_of_no_action(request_: Any) -> None:
    case = decided("request.malformed", request=request_ or "nothing")
    assert sum(counted(case, kind="actions").values()) == 0


def test_actions_of_a_catalogue_are_named_by_type() -> None:
    assert catalogued({"actions": {"b": {"y": {}, "x": {}}, "a": {"z": {}}}}) == ("a.z", "b.x", "b.y")
    assert catalogued({}) == ()


ELEVATED = {
    "iga": {
        "bundle": {"expires_at": START + 9},
        "grants": {"alice": {"e@*": "iga|g-1|1795435201|1795435200||", "f@*": "iga|g-2|9223372036|||"}},
        "snapshots": {"iga": {"expires_at": START + 8}},
    },
    "pam": {
        "elevations": {"alice": {"e-1": {"not_before": START, "expires_at": START + 5, "approved_until": START + 4}}},
        "break_glass": {"bob": {"b-1": {"not_before": START + 1, "expires_at": START + 2}}},
        "mandates": {"bot": {"m-1": {"expires_at": START + 3, "approvals": {"t": {"approved_until": START + 6}}}}},
    },
    "catalog": {"freezes": {"f": {"from": START + 10, "to": START + 11}}},
    "revocations": {"bundle": {"expires_at": START + 12}, "subjects": {"bob": {"from": START + 7}}},
}


def test_every_end_of_a_window_is_found_with_whom_it_is_about() -> None:
    assert {(name.rpartition(" ")[0], subject, instant - START) for name, subject, instant in ends(ELEVATED)} == {
        ("grant g-1 starts", "alice", 0),
        ("grant g-1 ends", "alice", 1_000_000_000),
        ("elevation e-1 starts", "alice", 0),
        ("elevation e-1 approval ends", "alice", 4),
        ("elevation e-1 ends", "alice", 5),
        ("break-glass b-1 starts", "bob", 1),
        ("break-glass b-1 ends", "bob", 2),
        ("mandate m-1 ends", "bot", 3),
        ("mandate m-1 approval of t ends", "bot", 6),
        ("revocation of subjects bob", None, 7),
        ("listing iga of iga ends", None, 8),
        ("bundle iga ends", None, 9),
        ("freeze f starts", None, 10),
        ("freeze f ends", None, 11),
        ("bundle revocations ends", None, 12),
    }


def test_a_boundary_is_asked_of_its_own_subject_at_it_and_just_before() -> None:
    cases = [
        decided(instant=START + 5, documents=ELEVATED),
        decided(instant=START + 4, documents=ELEVATED),
        decided(instant=START + 2, documents=ELEVATED),
        decided(instant=START + 10, documents=ELEVATED),
    ]
    found = counted(*cases, kind="boundaries")
    reached = {name for name, count in found.items() if count}
    assert {name.partition(" 2026")[0] + name.rpartition(":")[2] for name in reached} == {
        "elevation e-1 ends reached",
        "elevation e-1 ends 1 ns before",
        "elevation e-1 approval ends reached",
        "freeze f starts reached",
        "freeze f ends 1 ns before",
    }


def test_the_same_end_in_two_populations_is_one() -> None:
    again = decided(documents={**ELEVATED}, instant=START + 5)
    both = counted(decided(documents=ELEVATED), again, kind="boundaries")
    assert len(both) == 2 * len(list(ends(ELEVATED)))


HALF = Kind(name="reasons", items=(Item(name="a", cases=1), Item(name="b", cases=0, note="x.rego:1 `<b>` @me")))
WHOLE = Kind(name="gates", items=(Item(name="c", cases=3),))
EMPTY = Kind(name="boundaries", items=())


def test_a_floor_is_held_to_the_last_item() -> None:
    assert covered.floors(["reasons=50", "99.5"]) == {"reasons": Fraction(50), "total": Fraction("99.5")}
    kinds = (HALF, WHOLE, EMPTY)
    assert covered.below(kinds, covered.floors(["reasons=50", "66.666"])) == []
    assert covered.below(kinds, covered.floors(["reasons=50.001"])) == [
        "reasons: 50.0 % of 2 is below the floor of 50.001 %"
    ]
    assert covered.below(kinds, covered.floors(["66.667"])) == ["total: 66.6 % of 3 is below the floor of 66.667 %"]
    assert covered.below(kinds, covered.floors(["gates=100", "boundaries=0"])) == []
    assert covered.below(kinds, covered.floors(["boundaries=1"])) == ["boundaries: - % of 0 is below the floor of 1 %"]


@pytest.mark.parametrize(
    ("text", "todo"),
    [("reason=1", "reasons"), ("lines=1", "one of"), ("reasons=101", "0 to 100"), ("reasons=", "0 to 100")]
    + [(text, "0 to 100") for text in ("", "x", "-1", "1e1", "reasons=NaN", "1/2", "100.1")],
)
def test_a_floor_that_is_none_is_refused(text: str, todo: str) -> None:
    with pytest.raises(ConfigError) as caught:
        covered.floors([text])
    assert todo in str(caught.value)


def test_what_is_shown_as_all_is_all() -> None:
    nearly = Kind(name="x", items=(Item(name="a", cases=0), *(Item(name=str(n), cases=1) for n in range(4999))))
    assert covered.percent(nearly) == "99.9"
    assert covered.percent(WHOLE) == "100.0"
    assert covered.percent(EMPTY) == "-"
    assert covered.percent(total((HALF, WHOLE))) == "66.6"


def test_json_has_every_item() -> None:
    said = covered.as_json((HALF, EMPTY), cases=7, wrong=["f:1: wrong"])
    assert said["cases"] == 7
    assert said["not_as_judged"] == ["f:1: wrong"]
    assert said["summary"]["reasons"] == {"covered": 1, "items": 2, "percent": 50.0}
    assert said["summary"]["boundaries"] == {"covered": 0, "items": 0, "percent": None}
    assert said["kinds"]["reasons"][1] == {"name": "b", "cases": 0, "note": "x.rego:1 `<b>` @me"}


def test_markdown_lists_what_is_missing_and_no_name_is_markup() -> None:
    said = covered.as_markdown((HALF, WHOLE), cases=7, wrong=["f:1: <i>"], said=["reasons: too few"])
    assert "| reasons | 1 | 2 | 50.0 |" in said
    assert "<summary>reasons: 1 missing</summary>" in said
    assert "- b  x.rego:1 \\`&lt;b&gt;\\` \\@me" in said or "- b x.rego:1 \\`&lt;b&gt;\\` \\@me" in said
    assert "&lt;i&gt;" in said
    assert "<i>" not in said
    assert "gates: " not in said
    assert "too few" in said
