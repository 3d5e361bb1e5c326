"""Records refuse what no record may be."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from livegate.model.records import (
    AnyRecord,
    Approval,
    BreakGlass,
    Elevation,
    Grant,
    Identity,
    Revocation,
    RevocationKind,
)

T = 1_795_000_000_000_000_000
ELEVATION: dict[str, Any] = {
    "id": "e", "subject": "a", "entitlement": "x", "not_before": T, "expires_at": T + 1, "approval": Approval(),
}  # fmt: skip
GRANT: dict[str, Any] = {"id": "g", "subject": "a", "entitlement": "x"}
ON_RESOURCE: dict[str, Any] = {"entitlement": "", "resource": "t:i"}
REVOKED: dict[str, Any] = {"id": "r", "kind": RevocationKind.SUBJECT, "target": "a", "effective_at": T}
GLASS: dict[str, Any] = {
    "id": "b", "subject": "a", "resource": "t:i", "actions": ("x",), "not_before": T, "expires_at": T + 1,
    "justification": "long enough", "review_due_at": T,
}  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "values", "says"),
    [
        pytest.param(Grant, GRANT | {"id": ""}, "empty", id="grant without id"),
        pytest.param(Grant, GRANT | {"entitlement": "x@y"}, "@", id="separator in an entitlement"),
        pytest.param(Grant, GRANT | {"entitlement": "#dump"}, "marks an action", id="a grant of an action"),
        pytest.param(Elevation, ELEVATION | {"entitlement": "#dump"}, "marks an action", id="an action as entitlement"),
        pytest.param(Elevation, ELEVATION | {"entitlement": "x@t:i"}, "@", id="separator in an elevation"),
        pytest.param(Grant, GRANT | {"expires_at": 1_900_000_000}, "2001", id="seconds"),
        pytest.param(Grant, GRANT | {"not_before": T, "expires_at": T}, "after", id="empty window"),
        pytest.param(Elevation, ELEVATION | {"expires_at": 0}, "without an end", id="elevation for ever"),
        pytest.param(Elevation, ELEVATION | {"expires_at": T - 1}, "after", id="end before start"),
        pytest.param(Elevation, ELEVATION | {"resource": "t:i", "actions": ("x",)}, "not both", id="both forms"),
        pytest.param(Elevation, ELEVATION | {"entitlement": ""}, "not both", id="neither form"),
        pytest.param(Elevation, ELEVATION | ON_RESOURCE | {"actions": ("*",)}, "one by one", id="all actions"),
        pytest.param(Elevation, ELEVATION | ON_RESOURCE, "one by one", id="no action"),
        pytest.param(BreakGlass, GLASS | {"justification": "short"}, "justification", id="no reason given"),
        pytest.param(BreakGlass, GLASS | {"actions": ("*",)}, "one by one", id="break-glass for everything"),
        pytest.param(BreakGlass, GLASS | {"expires_at": 0}, "without an end", id="break-glass for ever"),
        pytest.param(Revocation, REVOKED | {"target": ""}, "target", id="nobody"),
        pytest.param(Revocation, REVOKED | {"effective_at": 5}, "2001", id="seconds"),
    ],
)  # fmt: skip
def test_refused(kind: type[Any], values: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        kind(**values)


def test_records_round_trip_through_json_by_kind() -> None:
    records: list[AnyRecord] = [
        Grant(id="g", subject="a", entitlement="x"),
        Elevation(**ELEVATION),
        BreakGlass(**GLASS),
        msgspec.json.decode(b'{"record":"identity","id":"a","type":"human","status":"active"}', type=Identity),
    ]
    for record in records:
        assert msgspec.json.decode(msgspec.json.encode(record), type=AnyRecord) == record


def test_records_do_not_change() -> None:
    with pytest.raises(AttributeError):
        Grant(id="g", subject="a", entitlement="x").subject = "b"  # type: ignore[misc]  # the very thing
