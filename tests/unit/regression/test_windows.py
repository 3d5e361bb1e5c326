"""The ends that documents know: whatever is in them, for suites hold what no schema takes."""

from __future__ import annotations

from typing import Any

import pytest

from livegate.model.instants import SECOND
from livegate.regression.windows import ends

SECONDS = 1_800_000_000
AT = SECONDS * SECOND


def told(documents: dict[str, Any]) -> set[tuple[str, str | None]]:
    """What ends, without its time, and about whom."""
    return {(name.rpartition(" ")[0], subject) for name, subject, instant in ends(documents) if instant == AT}


def test_each_end_is_there_once() -> None:
    documents = {
        "iga": {
            "bundle": {"expires_at": AT},
            "snapshots": {"hr": {"expires_at": AT}},
            "grants": {"ann": {"a@*": f"hr|g-1|{SECONDS}|{SECONDS}||"}, "ben": {"a@*": "hr|g-2|9223372036||x|"}},
        },
        "pam": {
            "elevations": {"ann": {"e": {"not_before": AT, "expires_at": AT, "approved_until": AT}}},
            "mandates": {"bot": {"m": {"expires_at": AT, "approvals": {"t": {"approved_until": AT}}}}},
        },
        "catalog": {"freezes": {"f": {"from": AT, "to": AT}}},
        "revocations": {"subjects": {"ann": {"from": AT}}},
    }
    assert told(documents) == {
        ("bundle iga ends", None),
        ("listing hr of iga ends", None),
        ("grant g-1 starts", "ann"),
        ("grant g-1 ends", "ann"),
        ("elevation e starts", "ann"),
        ("elevation e approval ends", "ann"),
        ("elevation e ends", "ann"),
        ("mandate m ends", "bot"),
        ("mandate m approval of t ends", "bot"),
        ("freeze f starts", None),
        ("freeze f ends", None),
        ("revocation of subjects ann", None),
    }


@pytest.mark.parametrize("odd", [None, 7, "x", [], [1], {"a": 1}, {"a": {"b": 1}}, {"a": {"b": "x|y|z"}}])
def test_what_cannot_be_read_has_no_end(odd: Any) -> None:
    roots = ("iga", "pam", "catalog", "revocations", "trust")
    names = ("bundle", "snapshots", "grants", "elevations", "break_glass", "mandates", "freezes", "subjects")
    assert list(ends(dict.fromkeys(roots, odd))) == []
    assert list(ends({root: dict.fromkeys(names, odd) for root in roots})) == []


def test_seconds_that_are_none_are_passed_over() -> None:
    leaves = {"a": f"hr|g|{AT}|{AT}||", "b": "hr|g|soon|then||", "c": "hr|g", "d": "hr|g|-100000000|||"}
    assert list(ends({"iga": {"grants": {"ann": leaves}}})) == []
