"""Each change does what it says on a small organisation, and nothing else."""

from __future__ import annotations

import copy
import json
from importlib import resources
from random import Random
from typing import Any

import pytest

from livegate.model.instants import SECOND, parse
from livegate.regression.laws import changes
from livegate.regression.laws.changes import GONE, Edit

NOON = parse("2026-11-23T12:00:00Z")
DOCUMENTS: dict[str, Any] = {
    "iga": {
        "identities": {"a": "active|human||sys|", "b": "disabled|human||sys|", "s": "active|workload|prod|sys|a"},
        "grants": {"a": {"app:x@*": "sys|g-1|9|||"}, "s": {"app:x@*": "sys|g-2|9|||"}},
        "denies": {"a": {"app:y@*": "sys|g-3|9|||"}},
        "proofs": {"iss#a": "a"},
        "guards": ["one", "two", "three"],
        "snapshots": {"sys": {"id": "n", "observed_at": NOON}},
    },
    "pam": {
        "elevations": {"a": {"e-1": {"approvers": ["p", "q"], "keys": ["k"]}, "e-2": {"approvers": []}}},
        "break_glass": {"a": {"b-1": {}}},
        "mandates": {"s": {"m-1": {"approvals": {"t": {"approvers": ["r"]}}, "ancestors": [{"id": 1}, {"id": 2}]}}},
        "snapshots": {"pam": {"observed_at": NOON}},
    },
    "trust": {"keys": {"iss": {"sig": {"k1": {}}}}, "peps": {"p": {"keys": {"k2": {}}}}, "roots": {"d": "PEM"}},
    "revocations": {"bundle": {"issued_at": NOON}, "subjects": {"z": {"id": "r", "from": NOON}}},
}


def made(verb: str, what: str) -> list[Edit]:
    """The edits of a change; the documents stay as they are."""
    before = copy.deepcopy(DOCUMENTS)
    found = changes.edits(verb, what, DOCUMENTS, Random(1))  # noqa: S311  # tries, no secrets
    assert before == DOCUMENTS
    return found


@pytest.mark.parametrize(
    ("what", "paths"),
    [
        ("grant", {("iga", "grants", "a", "app:x@*"), ("iga", "grants", "s", "app:x@*")}),
        ("elevation", {("pam", "elevations", "a", "e-1"), ("pam", "elevations", "a", "e-2")}),
        ("break_glass", {("pam", "break_glass", "a", "b-1")}),
        ("mandate", {("pam", "mandates", "s", "m-1")}),
        (
            "approval",
            {
                ("pam", "elevations", "a", "e-1", "approvers", 0),
                ("pam", "elevations", "a", "e-1", "approvers", 1),
                ("pam", "mandates", "s", "m-1", "approvals", "t", "approvers", 0),
            },
        ),
        ("key", {("trust", "keys", "iss", "sig", "k1"), ("trust", "peps", "p", "keys", "k2")}),
        ("root", {("trust", "roots", "d")}),
        ("proof", {("iga", "proofs", "iss#a")}),
        ("snapshot", {("iga", "snapshots", "sys"), ("pam", "snapshots", "pam")}),
        ("deny", {("iga", "denies", "a", "app:y@*")}),
        ("revocation", {("revocations", "subjects", "z")}),
    ],
)
def test_what_is_taken_away_is_gone_and_nothing_else(what: str, paths: set[tuple[Any, ...]]) -> None:
    found = made("remove", what)
    assert {edit.path for edit in found} == paths
    for edit in found:
        assert edit.value is GONE
        expected = copy.deepcopy(DOCUMENTS)
        where: Any = expected
        for name in edit.path[:-1]:
            where = where[name]
        del where[edit.path[-1]]
        changed = changes.apply(DOCUMENTS, [edit])
        assert changed is not None
        assert {**DOCUMENTS, **changed} == expected


def test_all_approvers_of_a_list_can_go_at_once() -> None:
    changed = changes.apply(DOCUMENTS, made("remove", "approval"))
    assert changed is not None
    assert changed["pam"]["elevations"]["a"]["e-1"]["approvers"] == []
    assert changed["pam"]["mandates"]["s"]["m-1"]["approvals"]["t"]["approvers"] == []


def test_a_suite_has_words_for_what_has_an_id() -> None:
    given = [edit.given for verb in ("grant", "elevation", "break_glass", "mandate") for edit in made("remove", verb)]
    assert given == [
        {"without": {"grants": ["g-1"]}},
        {"without": {"grants": ["g-2"]}},
        {"without": {"elevations": ["e-1"]}},
        {"without": {"elevations": ["e-2"]}},
        {"without": {"break_glass": ["b-1"]}},
        {"without": {"mandates": ["m-1"]}},
    ]


def test_a_deny_is_added_for_what_somebody_holds() -> None:
    changed = changes.apply(DOCUMENTS, made("add", "deny"))
    assert changed is not None
    assert changed["iga"]["denies"] == {
        "a": {"app:y@*": "sys|g-3|9|||", "app:x@*": "sys|g-1|9|||"},
        "s": {"app:x@*": "sys|g-2|9|||"},
    }
    assert changed["iga"]["grants"] == DOCUMENTS["iga"]["grants"]


def test_revocations_are_added_beside_those_that_are_there() -> None:
    changed = changes.apply(DOCUMENTS, made("add", "revocation"))
    assert changed is not None
    kinds = {kind: set(names) for kind, names in changed["revocations"].items()}
    assert kinds == {
        "bundle": {"issued_at"},
        "subjects": {"a", "b", "s", "z"},
        "sessions": {"s-1", "s-2"},
        "elevations": {"e-1", "e-2", "b-1"},
        "mandates": {"m-1"},
    }
    added = [entry for kind, held in changed["revocations"].items() for entry in held.values() if kind != "bundle"]
    assert {abs(entry["from"] - NOON) for entry in added} <= {0, 20 * SECOND, 3600 * SECOND}


def test_a_revocation_never_takes_the_place_of_another() -> None:
    there = {**DOCUMENTS, "revocations": {**DOCUMENTS["revocations"], "subjects": {"a": {"id": "r", "from": NOON}}}}
    found = changes.edits("add", "revocation", there, Random(1))  # noqa: S311  # tries, no secrets
    assert ("revocations", "subjects", "a") not in {edit.path for edit in found}
    assert ("revocations", "subjects", "b") in {edit.path for edit in found}


def test_only_who_is_active_is_disabled() -> None:
    changed = changes.apply(DOCUMENTS, made("disable", "identity"))
    assert changed is not None
    assert changed["iga"]["identities"] == {
        "a": "disabled|human||sys|",
        "b": "disabled|human||sys|",
        "s": "disabled|workload|prod|sys|a",
    }


def test_snapshots_grow_older() -> None:
    found = made("age", "snapshot")
    assert {edit.path for edit in found} == {
        ("iga", "snapshots", "sys", "observed_at"),
        ("pam", "snapshots", "pam", "observed_at"),
    }
    assert all(edit.value < NOON for edit in found)


def test_sets_are_reordered_and_chains_are_not() -> None:
    seen = set()
    for seed in range(20):
        for edit in changes.edits("reorder", "documents", DOCUMENTS, Random(seed)):  # noqa: S311  # tries
            seen.add(edit.path)
            where: Any = DOCUMENTS
            for name in edit.path:
                where = where[name]
            assert sorted(edit.value) == sorted(where)
            assert edit.value != where
    assert seen == {("iga", "guards"), ("pam", "elevations", "a", "e-1", "approvers")}


def test_what_is_not_there_is_no_change() -> None:
    assert changes.apply(DOCUMENTS, [Edit(("iga", "grants", "nobody", "x"), GONE)]) is None
    assert changes.apply(DOCUMENTS, [Edit(("nowhere", "x"), 1)]) is None
    assert changes.apply({}, made("remove", "grant")) is None
    assert changes.edits("remove", "grant", {"iga": {"grants": []}}, Random(1)) == []  # noqa: S311  # tries


def test_a_request_gains_unknown_members_where_nobody_looks() -> None:
    request = {"subject": {"id": "a"}, "action": {"name": "x"}, "resource": {}, "context": {"pep": "p", "uses": {}}}
    seen = set()
    for seed in range(30):
        changed = changes.requests("unknown_member", request, seed)
        assert changed == changes.requests("unknown_member", request, seed)
        seen |= {name for name in changed if "x-unknown" in (changed[name] if name != "x-unknown" else ())}
        seen |= {"top"} if "x-unknown" in changed else set()
        assert "x-unknown" not in changed["context"]["uses"]  # there it would be a counter
    assert seen == {"top", "subject", "action", "context"}
    assert "x-unknown" not in str(request)
    assert changes.requests("unknown_member", [1], 1) == [1]
    assert all(changes.requests("unknown_member", {"context": {}}, seed)["context"] == {} for seed in range(9))


def test_sets_of_a_request_are_reordered() -> None:
    request = {"resource": {"properties": {"parents": ["a:1", "b:2"]}}, "context": {"confirmations": ["c", "d", "e"]}}
    orders = {str(changes.requests("request", request, seed)) for seed in range(300)}
    assert len(orders) == 12


def test_every_change_of_the_schema_is_known() -> None:
    text = resources.files("livegate.regression").joinpath("schemas", "laws.json").read_text("utf-8")
    known = json.loads(text)["definitions"]["law"]["properties"]["change"]["properties"]
    named = {f"{verb} {what}" for verb, words in known.items() for what in words["enum"]}
    others = {"add unknown_member", "reorder request", "move before_valid_until"}
    assert {name for name in named if changes.of_documents(*name.split())} == named - others
