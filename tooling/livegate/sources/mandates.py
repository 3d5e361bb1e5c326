"""How an export writes a mandate: lists and objects, as JSON alone can hold them, and what becomes of them.

    {"id": "m-1", "agent": "agent-recon", "subject": "carol", "state": "active",
     "not_before": "2026-11-01T00:00:00Z", "expires_at": "2026-12-01T00:00:00Z", "tasks": ["reconcile-2026-10"],
     "authorities": [{"actions": ["read"], "scope": "*", "tools": ["ledger"], "constraints": {"amount": {"max": 500}}}],
     "limits": {"calls": 1000}, "delegation": {"max_depth": 1, "delegates": ["agent-fx"]},
     "parent": {"agent": "agent-lead", "id": "m-0"},
     "approvals": {"reconcile-2026-10": {"id": "a-1", "approvers": ["carol"], "approved_until": "…"}}}

A member that is not known here makes the row no record: it may have been a restriction. So does ``null`` in
the place of one.
"""

from __future__ import annotations

import msgspec
from msgspec import UNSET, UnsetType

from livegate.model.records import Authority, Constraint, Delegation, Limit, Parent, TaskApproval

Number = int | float
Scalar = str | int | float | bool


class ConstraintRow(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A constraint; the value that it is on is the key it stands under."""

    max: Number | UnsetType = UNSET
    min: Number | UnsetType = UNSET
    equals: Scalar | UnsetType = UNSET
    one_of: tuple[Scalar, ...] | UnsetType = UNSET
    required: bool | UnsetType = UNSET


class AuthorityRow(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """Actions on one scope, and what holds there."""

    actions: tuple[str, ...]
    scope: str
    tools: tuple[str, ...] | UnsetType = UNSET
    constraints: dict[str, ConstraintRow] | UnsetType = UNSET
    parameters: str | UnsetType = UNSET


class ApprovalRow(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """The approval of a task; the task is the key it stands under."""

    id: str
    approvers: tuple[str, ...]
    required: int = 1
    approved_until: str | UnsetType = UNSET
    parameters: str | UnsetType = UNSET
    max_uses: int | UnsetType = UNSET


AUTHORITIES = tuple[AuthorityRow, ...]
"""The form of ``authorities``."""

LIMITS = dict[str, Number]
"""The form of ``limits``: counter to the most it may be."""

APPROVALS = dict[str, ApprovalRow]
"""The form of ``approvals``: task to the approval of it."""

DELEGATION = Delegation
"""The form of ``delegation``."""

PARENT = Parent
"""The form of ``parent``."""


def authority(row: AuthorityRow) -> Authority:
    """The authority that a row says.

    Raises:
        ValueError: it is none; the message is fit for a person.
    """
    constraints = row.constraints or {}
    return Authority(
        actions=row.actions,
        scope=row.scope,
        tools=None if row.tools is UNSET else row.tools,
        constraints=tuple(_constraint(name, constraints[name]) for name in sorted(constraints)),
        parameters=_digest(row.parameters),
    )


def limits(rows: dict[str, Number]) -> tuple[Limit, ...]:
    """The limits, by name. Raises as :func:`authority`."""
    return tuple(Limit(name, rows[name]) for name in sorted(rows))


def approval(task: str, row: ApprovalRow, until: int) -> TaskApproval:
    """The approval of ``task``, good ``until`` (ns; 0 for as long as the mandate). Raises as :func:`authority`."""
    return TaskApproval(
        task=task,
        id=row.id,
        approvers=row.approvers,
        required=row.required,
        approved_until=until,
        parameters=_digest(row.parameters),
        max_uses=0 if row.max_uses is UNSET else _positive(row.max_uses),
    )


def _constraint(name: str, row: ConstraintRow) -> Constraint:
    given = {key: value for key, value in msgspec.structs.asdict(row).items() if value is not UNSET}
    return Constraint(name=name, **given)


def _digest(value: str | UnsetType) -> str:
    if value == "":
        raise ValueError("parameters is empty; leave it out where any will do")
    return "" if value is UNSET else value


def _positive(value: int) -> int:
    if value < 1:
        raise ValueError("max_uses is below 1")
    return value
