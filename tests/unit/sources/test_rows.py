"""Rows that give no record: quarantined with a reason, critical when a deny or a disable may be lost."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from livegate.errors import SourceError
from livegate.model import instants
from livegate.model.records import (
    Approval,
    Authority,
    Constraint,
    Delegation,
    Elevation,
    Grant,
    Identity,
    Limit,
    Mandate,
    Parent,
    Recording,
    TaskApproval,
)
from livegate.model.snapshot import Quarantined
from livegate.sources.fields import instant
from livegate.sources.file import FileSource

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from livegate.sources.config import SourceConfig
    from livegate.sources.protocol import Effects, Row

    Put = Callable[..., Path]
    Config = Callable[..., SourceConfig]
    Read = Callable[..., Row]

_TIMES = {"not_before": "2026-11-23T17:00:00Z", "expires_at": "2026-11-23T19:00:00Z"}
GOOD: dict[str, dict[str, Any]] = {
    "identity": {"id": "a", "type": "human", "status": "active"},
    "grant": {"id": "g", "subject": "a", "entitlement": "x", "scope": "*", "effect": "allow", "hold": "standing"},
    "elevation": {"id": "e", "subject": "a", "entitlement": "x", "scope": "*", **_TIMES},
    "breakglass": {
        "id": "b",
        "subject": "a",
        "resource": "database:orders",
        "actions": ["restore"],
        "justification": "the database is gone",
        "review_due_at": "2026-11-24T17:00:00Z",
        **_TIMES,
    },
    "mandate": {
        "id": "m",
        "agent": "bot",
        "subject": "a",
        "state": "active",
        **_TIMES,
        "tasks": ["t"],
        "authorities": [{"actions": ["read"], "scope": "*"}],
    },
}
CSV_KINDS = [kind for kind in GOOD if kind != "mandate"]
DIGEST = "sha-256:" + "A" * 43


def authority(**more: Any) -> dict[str, Any]:
    """A mandate's one authority, changed by ``more``."""
    return {"authorities": [{"actions": ["read"], "scope": "*"} | more]}


def constraint(**operators: Any) -> dict[str, Any]:
    """A mandate whose one authority has this constraint on the amount."""
    return authority(constraints={"amount": operators})


def task_approval(**more: Any) -> dict[str, Any]:
    """A mandate whose task has this approval."""
    return {"approvals": {"t": {"id": "ta", "approvers": ["a"]} | more}}


def as_csv(rows: list[dict[str, Any]]) -> str:
    """The rows as CSV: lists joined by semicolons, an approval as columns of its own."""
    flat = []
    for row in rows:
        cells = {key: value for key, value in row.items() if key != "approval"}
        cells |= {f"approval.{key}": value for key, value in row.get("approval", {}).items()}
        flat.append({key: ";".join(value) if isinstance(value, list) else value for key, value in cells.items()})
    columns = list(dict.fromkeys(key for row in flat for key in row))
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, restval="")
    writer.writeheader()
    writer.writerows(flat)
    return text.getvalue()


def as_jsonl(rows: list[dict[str, Any]]) -> str:
    """The rows as JSON Lines."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


@pytest.fixture(params=["csv", "jsonl"])
def read_one(request: pytest.FixtureRequest, put: Put, config: Config, effects: Effects) -> Read:
    """The one row of an export, in either format."""

    def read(kind: str, row: dict[str, Any], **section: Any) -> Row:
        name = f"x.{request.param}"
        put(name, as_csv([row]) if request.param == "csv" else as_jsonl([row]), rows=1)
        (found,) = FileSource(config(**{kind: {"path": name} | section}), effects).listing().rows
        return found

    return read


@pytest.fixture
def read_line(put: Put, config: Config, effects: Effects) -> Read:
    """The one row of a JSON Lines export."""

    def read(kind: str, row: dict[str, Any], **section: Any) -> Row:
        put("x.jsonl", as_jsonl([row]), rows=1)
        (found,) = FileSource(config(**{kind: {"path": "x.jsonl"} | section}), effects).listing().rows
        return found

    return read


@pytest.mark.parametrize("kind", CSV_KINDS)
def test_good(read_one: Read, kind: str) -> None:
    assert not isinstance(read_one(kind, GOOD[kind]), Quarantined)


@pytest.mark.parametrize(
    ("kind", "change", "says", "critical"),
    [
        pytest.param("identity", {"status": "terminated"}, "status is 'terminated'", True, id="unknown-status"),
        pytest.param("identity", {"status": ""}, "status is empty", True, id="empty-status"),
        pytest.param("identity", {"status": "Active"}, "status is 'Active'", True, id="status-in-other-case"),
        pytest.param("identity", {"type": "robot"}, "type is 'robot'", False, id="unknown-type"),
        pytest.param("identity", {"type": "robot", "status": "disabled"}, "type is", True, id="disabled-unknown-type"),
        pytest.param("identity", {"id": ""}, "id is empty", False, id="empty-id"),
        pytest.param("identity", {"owners": ["a", ""]}, "owners has an empty element", False, id="empty-owner"),
        pytest.param("grant", {"effect": "block"}, "effect is 'block'", True, id="unknown-effect"),
        pytest.param("grant", {"effect": ""}, "effect is empty", True, id="empty-effect"),
        pytest.param("grant", {"effect": "deny", "subject": ""}, "must not be empty", True, id="deny-of-nobody"),
        pytest.param("grant", {"subject": ""}, "must not be empty", False, id="empty-subject"),
        pytest.param("grant", {"id": ""}, "must not be empty", False, id="empty-grant-id"),
        pytest.param("grant", {"scope": ""}, "scope is empty", False, id="empty-scope"),
        pytest.param("grant", {"hold": "maybe"}, "hold is 'maybe'", False, id="unknown-hold"),
        pytest.param("grant", {"entitlement": "x@y"}, "holds '@'", False, id="at-sign"),
        pytest.param("grant", {"expires_at": "tomorrow"}, "not an RFC 3339 time", False, id="no-time"),
        pytest.param("grant", {"expires_at": "2026-11-23T18:00:00"}, "not an RFC 3339 time", False, id="no-zone"),
        pytest.param("grant", {"expires_at": "1970-01-01T00:00:00Z"}, "outside", False, id="epoch"),
        pytest.param("grant", {"expires_at": "2026-02-30T00:00:00Z"}, "not an RFC 3339 time", False, id="no-such-day"),
        pytest.param("grant", {"expires_at": "2026-11-23T24:00:00Z"}, "not an RFC 3339 time", False, id="no-such-hour"),
        pytest.param(
            "grant",
            {"not_before": "2026-11-24T00:00:00Z", "expires_at": "2026-11-23T00:00:00Z"},
            "expires_at is not after not_before",
            False,
            id="end-before-start",
        ),
        pytest.param("elevation", {"expires_at": ""}, "without an end", False, id="endless-elevation"),
        pytest.param("elevation", {"not_before": ""}, "not_before is empty", False, id="elevation-from-ever"),
        pytest.param("elevation", {"expires_at": "2026-11-23T17:00:00Z"}, "not after", False, id="no-time-at-all"),
        pytest.param("elevation", {"recording": "perhaps"}, "recording is", False, id="unknown-recording"),
        pytest.param("elevation", {"resource": "r:1", "actions": ["x"]}, "not both", False, id="both"),
        pytest.param(
            "elevation", {"entitlement": "", "resource": "r:1", "actions": ["*"]}, "one by one", False, id="any"
        ),
        pytest.param("elevation", {"approval": {"approvers": [""]}, "id": ""}, "empty", False, id="nobody-approved"),
        pytest.param("breakglass", {"expires_at": ""}, "expires_at is empty", False, id="endless-break-glass"),
        pytest.param("breakglass", {"review_due_at": ""}, "review_due_at is empty", False, id="no-review"),
        pytest.param("breakglass", {"justification": "x"}, "at least 10", False, id="no-justification"),
        pytest.param("identity", {"names": ["spiffe://a/b", ""]}, "names has an empty", False, id="empty-name"),
        pytest.param("elevation", {"parameters": "sha-256:x"}, "no digest", False, id="no-digest"),
        pytest.param("elevation", {"max_uses": 0}, "max_uses is below 1", False, id="no-use-is-not-any-use"),
        pytest.param("elevation", {"max_uses": -1}, "max_uses", False, id="uses-below-0"),
        pytest.param(
            "elevation", {"entitlement": "", "resource": "r:1", "actions": ["x@y"]}, "holds '@'", False, id="action-at"
        ),
        pytest.param(
            "elevation", {"approval": {"entitlement": "x"}}, "scope is absent", False, id="approved-for-no-scope"
        ),
        pytest.param(
            "elevation", {"approval": {"scope": "r:1"}}, "names its scope, and only", False, id="approved-for-a-scope"
        ),
        pytest.param(
            "elevation", {"approval": {"resource": "r:1"}}, "names its actions", False, id="approved-for-no-action"
        ),
        pytest.param(
            "elevation", {"approval": {"actions": ["x"]}}, "names its actions", False, id="approved-for-no-resource"
        ),
        pytest.param(
            "elevation",
            {"approval": {"resource": "r:1", "actions": ["*"]}},
            "names its actions",
            False,
            id="approved-for-any-action",
        ),
        pytest.param(
            "elevation",
            {"approval": {"entitlement": "x", "scope": "*", "resource": "r:1", "actions": ["x"]}},
            "not of both",
            False,
            id="approved-for-both",
        ),
        pytest.param("elevation", {"approval": {"parameters": "md5:1"}}, "no digest", False, id="approved-no-digest"),
        # what is empty may have been a restriction that got lost
        pytest.param("elevation", {"parameters": ""}, "parameters is empty", False, id="any-parameters"),
        pytest.param("elevation", {"max_uses": ""}, "max_uses", False, id="any-uses"),
        pytest.param("elevation", {"approval": {"subject": ""}}, "approval.subject is empty", False, id="for-anybody"),
        pytest.param(
            "elevation",
            {"approval": {"parameters": ""}},
            "approval.parameters is empty",
            False,
            id="for-any-parameters",
        ),
        pytest.param("elevation", {"approval": {"required": ""}}, "approval.required", False, id="by-how-many"),
        pytest.param(
            "elevation", {"approval": {"approved_until": ""}}, "approval.approved_until is empty", False, id="for-ever"
        ),
        pytest.param("elevation", {"approval": {"entitlement": ""}}, "nothing", False, id="for-any-entitlement"),
        pytest.param("elevation", {"approval": {"resource": ""}}, "nothing", False, id="for-any-resource"),
        pytest.param("elevation", {"approval": {"scope": ""}}, "nothing", False, id="for-any-scope"),
        pytest.param(
            "elevation", {"approval": {"entitlement": "", "resource": ""}}, "nothing", False, id="for-anything"
        ),
        pytest.param("elevation", {"actions": ["read"]}, "actions", False, id="actions-of-an-entitlement"),
        pytest.param(
            "elevation",
            {"entitlement": "", "resource": "r:1", "actions": ["x"], "scope": "account:test"},
            "scope",
            False,
            id="scope-of-a-resource",
        ),
        # nobody below this one would have the superiors above it any more
        pytest.param("identity", {"type": "robot", "manager": "boss"}, "type is", True, id="superior-lost"),
    ],
)
def test_quarantined(read_one: Read, kind: str, change: dict[str, Any], says: str, critical: bool) -> None:
    row = read_one(kind, GOOD[kind] | change)
    assert isinstance(row, Quarantined)
    assert says in row.reason
    assert row.critical is critical
    assert row.where in {"x.csv:2", "x.jsonl:1"}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        pytest.param({"not_before": ""}, "not_before is empty", id="from-ever"),
        pytest.param({"expires_at": ""}, "expires_at is empty", id="endless"),
        pytest.param({"expires_at": _TIMES["not_before"]}, "not after", id="no-time-at-all"),
        pytest.param({"id": ""}, "id is empty", id="without-id"),
        pytest.param({"agent": ""}, "agent is empty", id="of-nobody"),
        pytest.param({"subject": None}, "subject is empty", id="for-nobody"),
        pytest.param({"state": ""}, "state is empty", id="without-state"),
        pytest.param({"tasks": ["t", ""]}, "tasks has an empty element", id="empty-task"),
        pytest.param(authority(actions=[]), "one by one", id="no-action"),
        pytest.param(authority(actions=["*"]), "one by one", id="any-action"),
        pytest.param(authority(actions=["a@b"]), "holds '@'", id="action-at"),
        pytest.param(authority(actions=["read", "read"]), "there twice", id="action-twice"),
        pytest.param({"authorities": 2 * authority()["authorities"]}, "there twice", id="key-twice"),
        pytest.param(authority(scope=""), "neither * nor type:id", id="empty-scope"),
        pytest.param(authority(scope="payment"), "neither * nor type:id", id="scope-of-a-type"),
        pytest.param({"authorities": [{"actions": ["read"]}]}, "scope", id="no-scope"),
        pytest.param(authority(type="payment"), "type", id="unknown-restriction"),
        pytest.param(authority(tools=None), "tools", id="null-is-not-any-tool"),
        pytest.param(authority(tools=[""]), "tool without a name", id="empty-tool"),
        pytest.param(authority(parameters=""), "parameters is empty", id="empty-is-not-any-parameter"),
        pytest.param(authority(parameters="sha-256:" + "A" * 42), "no digest", id="short-digest"),
        pytest.param(authority(constraints=None), "constraints", id="null-constraints"),
        pytest.param(constraint(), "says nothing", id="constraint-of-nothing"),
        pytest.param(constraint(maximum=5), "maximum", id="unknown-operator"),
        pytest.param(constraint(max=5, regex=".*"), "regex", id="unknown-operator-beside-a-known"),
        pytest.param(constraint(max="5"), "max", id="bound-as-text"),
        pytest.param(constraint(max=True), "max", id="bound-as-truth"),
        pytest.param(constraint(max=None, min=1), "max", id="null-bound"),
        pytest.param(constraint(equals=None), "equals", id="equals-null"),
        pytest.param(constraint(equals=[1]), "equals", id="equals-a-list"),
        pytest.param(constraint(one_of=[]), "met by no value", id="one-of-none"),
        pytest.param(constraint(required="no"), "required", id="required-as-text"),
        pytest.param({"limits": {"calls": -1}}, "below 0", id="limit-below-0"),
        pytest.param({"limits": {"calls": "5"}}, "limits", id="limit-as-text"),
        pytest.param({"limits": {"Calls": 5}}, "no name of a counter", id="limit-of-no-counter"),
        pytest.param({"limits": None}, "limits is null", id="null-is-not-unlimited"),
        pytest.param({"parent": None}, "parent is null", id="null-is-not-underived"),
        pytest.param({"parent": {"agent": "x"}}, "id", id="parent-without-id"),
        pytest.param({"parent": {"agent": "", "id": "m"}}, "parent names an agent", id="parent-of-nobody"),
        pytest.param({"delegation": {"max_depth": -1, "delegates": []}}, "below 0", id="depth-below-0"),
        pytest.param({"delegation": {"max_depth": 1.5, "delegates": []}}, "max_depth", id="half-a-link"),
        pytest.param({"delegation": {"max_depth": 1, "delegates": [""]}}, "empty element", id="empty-delegate"),
        pytest.param(task_approval(id=""), "names the task and itself", id="approval-without-id"),
        pytest.param(
            {"approvals": {"": task_approval()["approvals"]["t"]}}, "names the task", id="approval-of-no-task"
        ),
        pytest.param(task_approval(required=0), "at least one approver", id="approved-by-nobody"),
        pytest.param(task_approval(approvers=[""]), "empty element", id="approved-by-somebody"),
        pytest.param(task_approval(approved_until=""), "approved_until is empty", id="approved-until-whenever"),
        pytest.param(task_approval(approved_until="never"), "not an RFC 3339 time", id="approved-until-never"),
        pytest.param(task_approval(max_uses=0), "max_uses is below 1", id="no-use-is-not-any-use"),
        pytest.param(task_approval(parameters="x"), "no digest", id="approved-no-digest"),
        pytest.param(task_approval(conditions=[]), "conditions", id="approval-with-more"),
    ],
)
def test_a_mandate_that_is_none(read_line: Read, change: dict[str, Any], says: str) -> None:
    row = read_line("mandate", GOOD["mandate"] | change)
    assert isinstance(row, Quarantined)
    assert says in row.reason
    assert not row.critical


def test_a_mandate_does_not_fit_into_csv(put: Put, config: Config, effects: Effects) -> None:
    put("x.csv", as_csv([{key: str(value) for key, value in GOOD["mandate"].items()}]), rows=1)
    with pytest.raises(SourceError, match="does not fit into CSV"):
        FileSource(config(mandate={"path": "x.csv"}), effects).listing()


@pytest.mark.parametrize(
    ("kind", "line", "critical"),
    [
        ("grant", '{"subject":"a","entitlement":1}', False),
        ("grant", '{"subject":"a","entitlement":"x","effect":["deny"]}', True),
        ("grant", '{"subject":"a","entitlement":"x","effect":null}', True),
        ("grant", '{"subject":"a","entitlement":"x","effect":"deny","scope":7}', True),
        ("grant", '{"subject":"a"}', False),
        ("grant", '{"subject":"a","effect":"deny"}', True),
        ("identity", '{"id":"a","type":"human"}', True),
        ("identity", '{"id":"a","type":"human","status":true}', True),
        ("identity", '{"id":7,"type":"human","status":"active"}', False),
        ("identity", '{"id":"a","type":"human","status":"active","manager":["boss"]}', True),
        ("identity", '{"id":7,"type":"human","status":"active","manager":null}', False),
        ("elevation", '{"id":"e","subject":"a","entitlement":"x","approval":{"required":"2"}}', False),
        ("elevation", '{"id":"e","subject":"a","entitlement":"x","approval":[]}', False),
    ],
)
def test_wrong_json_types(  # fixtures and a table
    put: Put, config: Config, effects: Effects, kind: str, line: str, critical: bool
) -> None:
    put("x.jsonl", line + "\n", rows=1)
    (row,) = FileSource(config(**{kind: {"path": "x.jsonl"}}), effects).listing().rows
    assert isinstance(row, Quarantined)
    assert row.critical is critical


@pytest.mark.parametrize("name", ["subject", "parameters", "required", "approved_until", "entitlement", "actions"])
def test_null_is_not_approved_for_anything(read_line: Read, name: str) -> None:
    row = read_line("elevation", GOOD["elevation"] | {"approval": {"approvers": ["b"], name: None}})
    assert isinstance(row, Quarantined)


@pytest.mark.parametrize("name", ["parameters", "max_uses"])
def test_null_is_not_unrestricted(read_line: Read, name: str) -> None:
    assert isinstance(read_line("elevation", GOOD["elevation"] | {name: None}), Quarantined)


def test_an_approval_of_one_thing_may_leave_the_other_empty(read_one: Read) -> None:
    approval = {"entitlement": "e", "scope": "r:1", "resource": ""}
    row = read_one("elevation", GOOD["elevation"] | {"approval": approval})
    assert isinstance(row, Elevation)
    assert row.approval == Approval(entitlement="e", scope="r:1")


@pytest.mark.parametrize("required", ["-1", "x", "1e3", "९", "9999999999"])
def test_required_approvals_are_a_small_number(put: Put, config: Config, effects: Effects, required: str) -> None:
    put("x.csv", as_csv([GOOD["elevation"] | {"approval": {"required": required}}]), rows=1)
    (row,) = FileSource(config(elevation={"path": "x.csv"}), effects).listing().rows
    assert isinstance(row, Quarantined)
    assert "approval.required" in row.reason


def test_a_list_of_values_is_the_whole_vocabulary(read_one: Read) -> None:
    section = {"values": {"effect": {"permit": "allow", "": "allow", "forbid": "deny"}}}
    for given_, critical in (("permit", None), ("", None), ("forbid", None), ("allow", True), ("deny", True)):
        row = read_one("grant", GOOD["grant"] | {"effect": given_}, **section)
        assert (row.critical if isinstance(row, Quarantined) else None) is critical, given_


def test_line_numbers_count_quoted_newlines(put: Put, config: Config, effects: Effects) -> None:
    put("x.csv", 'subject,entitlement,scope\n"a\n\nb",x,*\n\n,y,*\n', rows=2)
    first, second = FileSource(config(grant={"path": "x.csv"}), effects).listing().rows
    assert isinstance(first, Grant)
    assert isinstance(second, Quarantined)
    assert second.where == "x.csv:6"


def test_line_numbers_count_empty_lines(put: Put, config: Config, effects: Effects) -> None:
    put("x.jsonl", '{"subject":"a","entitlement":"x","scope":"*"}\n\n \n{"subject":"","entitlement":"x"}\n', rows=2)
    first, second = FileSource(config(grant={"path": "x.jsonl"}), effects).listing().rows
    assert isinstance(first, Grant)
    assert isinstance(second, Quarantined)
    assert second.where == "x.jsonl:4"


def test_one_bad_line_among_many_leaves_the_others(put: Put, config: Config, effects: Effects) -> None:
    lines = [json.dumps({"subject": f"u{n}", "entitlement": "x", "scope": "*"}) for n in range(5000)]
    lines[3000] = '{"subject":"u3000","entitlement":null}'
    put("x.jsonl", "\n".join(lines), rows=5000)
    rows = list(FileSource(config(grant={"path": "x.jsonl"}), effects).listing().rows)
    assert [row.where for row in rows if isinstance(row, Quarantined)] == ["x.jsonl:3001"]
    assert [row.id for row in rows if isinstance(row, Grant)] == [f"u{n}/x@*" for n in range(5000) if n != 3000]


@pytest.mark.parametrize(("kind", "critical"), [("grant", False), ("elevation", False), ("deny", True)])
def test_an_absent_scope_is_not_the_widest(read_one: Read, kind: str, critical: bool) -> None:
    row = {"grant": GOOD["grant"], "elevation": GOOD["elevation"], "deny": GOOD["grant"] | {"effect": "deny"}}[kind]
    kind = "grant" if kind == "deny" else kind
    row = {name: value for name, value in row.items() if name != "scope"}
    found = read_one(kind, row)
    assert isinstance(found, Quarantined)
    assert "scope is absent" in found.reason
    assert f"file.exports.{kind}.default_scope" in found.reason
    assert found.critical is critical
    for scope in ("*", "database:orders"):
        found = read_one(kind, row, default_scope=scope)
        assert isinstance(found, Grant | Elevation)
        assert found.scope == scope
        assert read_one(kind, row | {"scope": "x:1"}, default_scope=scope).scope == "x:1"  # type: ignore[union-attr]  # else the test fails
    found = read_one(kind, row | {"scope": ""}, default_scope="*")  # it is there, and says nothing
    assert isinstance(found, Quarantined)
    assert "scope is empty" in found.reason


def test_null_is_no_absent_scope(put: Put, config: Config, effects: Effects) -> None:
    put("x.jsonl", '{"subject":"a","entitlement":"x","scope":null}\n', rows=1)
    (row,) = FileSource(config(grant={"path": "x.jsonl", "default_scope": "*"}), effects).listing().rows
    assert isinstance(row, Quarantined)
    assert "scope is empty" in row.reason


@pytest.mark.parametrize("scope", [{}, {"scope": ""}])
def test_an_elevation_on_a_resource_needs_no_scope(read_one: Read, scope: dict[str, str]) -> None:
    row = {"id": "e", "subject": "a", "resource": "r:1", "actions": ["x"], **_TIMES, **scope}
    for section in ({}, {"default_scope": "type:id"}):
        found = read_one("elevation", row, **section)
        assert isinstance(found, Elevation)
        assert (found.resource, found.actions, found.scope) == ("r:1", ("x",), "*")


def test_long_values_are_cut(read_one: Read) -> None:
    row = read_one("grant", GOOD["grant"] | {"effect": "s3cret" * 1000, "expires_at": "x" * 5000})
    assert isinstance(row, Quarantined)
    assert len(row.reason) <= 200
    row = read_one("grant", GOOD["grant"] | {"expires_at": "x" * 5000})
    assert isinstance(row, Quarantined)
    assert len(row.reason) <= 200


def test_empty_is_the_default_where_that_widens_nothing(read_one: Read) -> None:
    row = read_one("grant", GOOD["grant"] | {"expires_at": "", "not_before": "", "via": ""})
    assert row == Grant(id="g", subject="a", entitlement="x")
    row = read_one("elevation", GOOD["elevation"] | {"recording": ""})
    assert isinstance(row, Elevation)
    assert row.recording is Recording.UNKNOWN


# ---- CSV and JSON Lines of the same population give the same records -----------------------------------------

_text = st.text(st.characters(codec="utf-8", exclude_characters=";\x00"), max_size=12)
_some = _text.filter(bool)
_times = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC)).map(datetime.isoformat)  # noqa: DTZ001  # Hypothesis adds the zone
_lists = st.lists(_some, max_size=3)
_approvals = st.fixed_dictionaries(
    {"requester": _text, "approvers": _lists, "required": st.integers(0, 9), "approved_at": _times, "ticket": _text}
)
_rows: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "identity": st.fixed_dictionaries(
        {
            "id": _text,
            "type": st.sampled_from(["human", "agent", "robot"]),
            "status": st.sampled_from(["active", "deleted", "?"]),
            "owners": _lists,
            "sponsor": _text,
        }
    ),
    "grant": st.fixed_dictionaries(
        {
            "subject": _text,
            "entitlement": _text,
            "scope": _text,
            "effect": st.sampled_from(["allow", "deny", "none"]),
            "expires_at": st.one_of(_times, st.just("")),
            "via": _text,
        }
    ),
    "elevation": st.fixed_dictionaries(
        {
            "id": _some,
            "subject": _some,
            "entitlement": _some,
            "scope": _text,
            "not_before": _times,
            "expires_at": _times,
            "recording": st.sampled_from(["on", "off", "", "maybe"]),
            "approval": _approvals,
        }
    ),
}


@pytest.mark.parametrize("kind", _rows)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_csv_and_jsonl_agree(put: Put, config: Config, effects: Effects, kind: str, data: st.DataObject) -> None:
    rows = data.draw(st.lists(_rows[kind], min_size=1, max_size=5))
    put("p.csv", as_csv(rows), rows=len(rows))
    put("p.jsonl", as_jsonl(rows), rows=len(rows))
    found = []
    for name in ("p.csv", "p.jsonl"):
        listed = FileSource(config(**{kind: {"path": name}}), effects).listing().rows
        found.append([(row.reason, row.critical) if isinstance(row, Quarantined) else row for row in listed])
    assert found[0] == found[1]
    assert len(found[0]) == len(rows)
    for row, record in zip(rows, found[0], strict=True):  # and what is kept is what was written
        if isinstance(record, Grant):
            assert (record.subject, record.entitlement, record.scope) == (
                row["subject"],
                row["entitlement"],
                row["scope"],
            )
        elif isinstance(record, Identity):
            assert (record.id, list(record.owners)) == (row["id"], row["owners"])
        elif isinstance(record, Elevation):
            assert list(record.approval.approvers) == row["approval"]["approvers"]
            assert record.expires_at == instants.parse(row["expires_at"])


@given(
    st.one_of(
        st.datetimes(datetime(2000, 1, 1), datetime(2270, 1, 1)).map(lambda t: t.strftime("%Y-%m-%dT%H:%M:%SZ")),  # noqa: DTZ001  # written with Z
        st.text("0123456789-:TZ+ W", min_size=18, max_size=22),
    )
)
def test_the_short_way_of_a_time_is_the_long_way(text: str) -> None:
    try:
        expected: int | str = instants.parse(text)
    except ValueError as error:
        expected = str(error)
    for _ in range(2):  # the first time may be the one that teaches the short way
        try:
            found: int | str = instant(text)
        except ValueError as error:
            found = str(error)
        assert found == expected


def test_halves_of_two_times_make_no_third_that_is_wrong() -> None:
    for day in ("2001-09-09", "2026-11-23", "2024-02-29", "2262-04-10", "2262-04-11"):
        for clock in ("01:46:40", "12:00:00", "23:47:16"):
            text = f"{day}T{clock}Z"
            assert instant(text) == instants.parse(text)
    for text in ("2001-09-09T00:00:00Z", "2262-04-11T23:59:59Z", "2026-11-23t12:00:00Z", "2026-11-23T12:00:00z"):
        assert _or_error(instant, text) == _or_error(instants.parse, text)


def _or_error(parse: Callable[[str], int], text: str) -> int | str:
    try:
        return parse(text)
    except ValueError as error:
        return str(error)


def test_mandate(read_line: Read) -> None:
    assert read_line("mandate", GOOD["mandate"]) == Mandate(
        id="m",
        agent="bot",
        subject="a",
        state="active",
        not_before=instants.parse("2026-11-23T17:00:00Z"),
        expires_at=instants.parse("2026-11-23T19:00:00Z"),
        tasks=("t",),
        authorities=(Authority(actions=("read",), scope="*"),),
    )


def test_a_mandate_in_full(read_line: Read) -> None:
    row = read_line(
        "mandate",
        GOOD["mandate"]
        | {
            "authorities": [
                {
                    "actions": ["create", "read"],
                    "scope": "payment:4711",
                    "tools": [],
                    "constraints": {"b": {"one_of": ["EUR", 1, True]}, "a": {"max": 1.5, "min": 0, "required": False}},
                    "parameters": DIGEST,
                },
                {"actions": ["read"], "scope": "*"},
            ],
            "limits": {"calls": 5, "amount": 0.5},
            "delegation": {"max_depth": 2, "delegates": ["x"]},
            "parent": {"agent": "p", "id": "m-0"},
            "approvals": {
                "t": {
                    "id": "ta",
                    "approvers": ["a", "b"],
                    "required": 2,
                    "approved_until": "2026-11-23T18:00:00Z",
                    "parameters": DIGEST,
                    "max_uses": 1,
                }
            },
            "issuer": "a",
            "goal": "why",
        },
    )
    assert isinstance(row, Mandate)
    first = Authority(
        actions=("create", "read"),
        scope="payment:4711",
        tools=(),
        constraints=(
            Constraint(name="a", max=1.5, min=0, required=False),
            Constraint(name="b", one_of=("EUR", 1, True)),
        ),
        parameters=DIGEST,
    )
    assert row.authorities == (first, Authority(actions=("read",), scope="*"))
    assert row.limits == (Limit("amount", 0.5), Limit("calls", 5))
    assert row.delegation == Delegation(max_depth=2, delegates=("x",))
    assert row.parent == Parent(agent="p", id="m-0")
    until = instants.parse("2026-11-23T18:00:00Z")
    assert row.approvals == (
        TaskApproval(
            task="t", id="ta", approvers=("a", "b"), required=2, approved_until=until, parameters=DIGEST, max_uses=1
        ),
    )
    assert (row.issuer, row.goal) == ("a", "why")


def test_names_and_manager(read_one: Read) -> None:
    row = read_one("identity", GOOD["identity"] | {"names": ["spiffe://a/b", "https://i#s"], "manager": "boss"})
    assert isinstance(row, Identity)
    assert (row.names, row.manager) == (("spiffe://a/b", "https://i#s"), "boss")


def test_what_an_approval_was_given_for(read_one: Read) -> None:
    given_for = {"subject": "a", "resource": "r:1", "actions": ["x", "y"], "parameters": DIGEST}
    row = read_one(
        "elevation",
        GOOD["elevation"] | {"approval": given_for, "parameters": DIGEST, "max_uses": 3, "recording_ref": "r"},
    )
    assert isinstance(row, Elevation)
    assert (row.parameters, row.max_uses, row.recording_ref) == (DIGEST, 3, "r")
    assert row.approval == Approval(subject="a", resource="r:1", actions=("x", "y"), parameters=DIGEST)
    row = read_one("elevation", GOOD["elevation"] | {"approval": {"entitlement": "e", "scope": "r:1"}})
    assert isinstance(row, Elevation)
    assert row.approval == Approval(entitlement="e", scope="r:1")
