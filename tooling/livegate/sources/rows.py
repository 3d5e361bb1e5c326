"""Values of one row → one record, the same for CSV and JSON Lines; and what becomes of a row that has none.

Speed matters here (a million grants): each maker takes the values of its kind's fields by position, in
the order of ``fields.FIELDS``, and what never changes is bound once for an export.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast

from msgspec import UNSET, UnsetType

from livegate.model.records import (
    AnyRecord,
    Approval,
    BreakGlass,
    Delegation,
    Effect,
    Elevation,
    Grant,
    Hold,
    Identity,
    IdentityType,
    Mandate,
    Parent,
    Recording,
    Status,
    TaskApproval,
)
from livegate.model.snapshot import Quarantined
from livegate.sources import mandates
from livegate.sources.fields import Layout, Shape, Text, Texts, Vocabulary, instant

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from enum import StrEnum

    Maker = Callable[..., AnyRecord]

Word = TypeVar("Word", bound="StrEnum")

_REASON_LIMIT = 200


def maker(layout: Layout) -> Maker:
    """The function from the values of a row, in the order of ``layout.fields``, to its record.

    It raises ``ValueError`` with a reason for people when the row is no such record.
    """
    make = _MAKERS[layout.kind](layout)
    swaps = [
        (position, layout.values[item.name])
        for position, item in enumerate(layout.fields)
        if item.shape is Shape.TEXT and item.name in layout.values
    ]
    if not swaps:
        return make

    def translated(*values: Any) -> AnyRecord:
        row = list(values)
        for position, mapping in swaps:
            given = row[position]
            if given is not UNSET:
                row[position] = mapping.get(given or "", given)
        return make(*row)

    return translated


class Judge:
    """Decides what a row that gave no record is worth.

    It is critical when it was, or may have been, a deny or a disable: a grant whose effect is not
    plainly allow, an identity whose status is not plainly active. So it is when it names a manager: those
    below would lose the superiors above, who may not profit from their approval. Anything else left out
    only closes doors: who is not there may do nothing.
    """

    def __init__(self, layout: Layout) -> None:
        name = {"grant": "effect", "identity": "status"}.get(layout.kind)
        self._position = next((n for n, item in enumerate(layout.fields) if item.name == name), None)
        self._manager = next((n for n, item in enumerate(layout.fields) if item.name == "manager"), None)
        self._harmless = (
            {given for given, word in layout.vocabulary(name).items() if word in {Effect.ALLOW, Status.ACTIVE}}
            if name
            else set()
        )

    def row(self, where: str, reason: str, values: Sequence[Any]) -> Quarantined:
        """The row at ``where`` with these values, left out for ``reason``."""
        critical = False
        if self._position is not None:
            value = values[self._position]
            critical = not isinstance(value, str | None | UnsetType) or value not in self._harmless
        if self._manager is not None and values[self._manager] is not UNSET:
            critical = critical or values[self._manager] not in (None, "")  # no set: it may be a list
        return Quarantined(where=where, reason=_cut(reason), critical=critical)


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _REASON_LIMIT else f"{line[: _REASON_LIMIT - 1]}…"


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:38]}…{text[0]}"


def _unknown(name: str, value: Text) -> ValueError:
    return ValueError(f"{name} is {'empty' if not value else _short(value)}, which is not known; see `values`")


def _word(table: Vocabulary, name: str, value: Text, words: type[Word]) -> Word:
    word = table.get(value)
    if word is None:
        raise _unknown(name, value)
    return words(word)


def _texts(name: str, value: Texts) -> tuple[str, ...]:
    if not value:
        return ()
    if "" in value:
        raise ValueError(f"{name} has an empty element")
    return value


def _scope(value: Text, layout: Layout) -> str:
    # exporters leave out what is null: neither that nor an empty cell may become the widest scope by itself
    if value is UNSET:
        if layout.default_scope:
            return layout.default_scope
        key = f"file.exports.{layout.kind}.default_scope"
        raise ValueError(f'scope is absent; export it, or say in {key} what that means ("*" is everything)')
    if not value:
        raise ValueError("scope is empty; write * where an entitlement is held on everything")
    return value


def _identity(layout: Layout) -> Maker:
    types = layout.vocabulary("type")
    states = layout.vocabulary("status")

    def make(  # the values of a row, by position
        id_: Text,
        type_: Text,
        status: Text,
        owners: Texts,
        sponsor: Text,
        environment: Text,
        user_name: Text,
        external_id: Text,
        manager: Text,
        names: Texts,
    ) -> Identity:
        return Identity(
            id=id_ or "",
            type=_word(types, "type", type_, IdentityType),
            status=_word(states, "status", status, Status),
            owners=_texts("owners", owners),
            sponsor=sponsor or "",
            environment=environment or "",
            user_name=user_name or "",
            external_id=external_id or "",
            manager=manager or "",
            names=_texts("names", names),
        )

    return make


def _grant(layout: Layout) -> Maker:
    effects = cast("dict[Text, Effect]", layout.vocabulary("effect"))
    holds = cast("dict[Text, Hold]", layout.vocabulary("hold"))

    def make(  # the values of a row, by position
        id_: Text,
        subject: Text,
        entitlement: Text,
        scope: Text,
        effect: Text,
        hold: Text,
        not_before: Text,
        expires_at: Text,
        via: Text,
    ) -> Grant:
        if effect not in effects:
            raise _unknown("effect", effect)
        if hold not in holds:
            raise _unknown("hold", hold)
        place = scope if scope.__class__ is str and scope else _scope(scope, layout)
        return Grant(
            # without an id of its own, a grant is what it says; two that say the same are duplicates
            id=f"{subject}/{entitlement}@{place}" if id_ is UNSET else id_ or "",
            subject=subject or "",
            entitlement=entitlement or "",
            scope=place,
            effect=effects[effect],
            hold=holds[hold],
            not_before=instant(not_before) if not_before else 0,
            expires_at=instant(expires_at) if expires_at else 0,
            via=via or "",
        )

    return make


def _elevation(layout: Layout) -> Maker:
    recordings = layout.vocabulary("recording")

    def make(  # the values of a row, by position
        id_: Text,
        subject: Text,
        entitlement: Text,
        scope: Text,
        resource: Text,
        actions: Texts,
        not_before: Text,
        expires_at: Text,
        recording: Text,
        recording_ref: Text,
        session: Text,
        justification: Text,
        parameters: Text,
        max_uses: int | UnsetType | None,
        *approval: Any,
    ) -> Elevation:
        if actions and not resource:
            raise ValueError("actions are of a resource; an entitlement cannot be narrowed to some")
        if resource and scope and scope != "*":
            raise ValueError("scope is of an entitlement; a resource cannot be narrowed by it")
        return Elevation(
            id=id_ or "",
            subject=subject or "",
            entitlement=entitlement or "",
            scope=_scope(scope, layout) if entitlement else scope or "*",  # one on a resource needs none
            resource=resource or "",
            actions=_texts("actions", actions),
            not_before=_given("not_before", not_before),
            expires_at=instant(expires_at),  # the record refuses an elevation without an end
            recording=_word(recordings, "recording", recording, Recording),
            recording_ref=recording_ref or "",
            session=session or "",
            justification=justification or "",
            parameters=_said("parameters", parameters),
            max_uses=_positive("max_uses", max_uses),
            approval=_approval(layout, *approval),
        )

    return make


def _approval(  # the values of a row, by position
    layout: Layout,
    id_: Text,
    requester: Text,
    approvers: Texts,
    required: int | UnsetType | None,
    approved_at: Text,
    approved_until: Text,
    ticket: Text,
    subject: Text,
    entitlement: Text,
    scope: Text,
    resource: Text,
    actions: Texts,
    parameters: Text,
) -> Approval:
    if required is None:
        raise ValueError("approval.required is empty")
    needed = 1 if required is UNSET else required
    if needed < 0:
        raise ValueError("approval.required is below 0")
    target = (entitlement, scope, resource, actions)
    if not any(target) and set(target) != {UNSET}:
        raise ValueError("what the approval was given for is empty: nothing; leave it out where it is not known")
    return Approval(
        id=id_ or "",
        requester=requester or "",
        approvers=_texts("approval.approvers", approvers),
        required=needed,
        approved_at=instant(approved_at),
        approved_until=0 if approved_until is UNSET else _given("approval.approved_until", approved_until),
        ticket=ticket or "",
        subject=_said("approval.subject", subject),
        entitlement=entitlement or "",
        scope=_scope(scope, layout) if entitlement else scope or "",
        resource=resource or "",
        actions=_texts("approval.actions", actions),
        parameters=_said("approval.parameters", parameters),
    )


def _breakglass(_: Layout) -> Maker:
    def make(  # the values of a row, by position
        id_: Text,
        subject: Text,
        resource: Text,
        actions: Texts,
        not_before: Text,
        expires_at: Text,
        justification: Text,
        review_due_at: Text,
        incident: Text,
        activated_by: Text,
    ) -> BreakGlass:
        return BreakGlass(
            id=id_ or "",
            subject=subject or "",
            resource=resource or "",
            actions=_texts("actions", actions),
            not_before=_given("not_before", not_before),
            expires_at=_given("expires_at", expires_at),
            justification=justification or "",
            review_due_at=_given("review_due_at", review_due_at),
            incident=incident or "",
            activated_by=activated_by or "",
        )

    return make


def _mandate(_: Layout) -> Maker:
    def make(  # the values of a row, by position
        id_: Text,
        agent: Text,
        subject: Text,
        state: Text,
        not_before: Text,
        expires_at: Text,
        tasks: Texts,
        authorities: tuple[mandates.AuthorityRow, ...] | UnsetType | None,
        limits: dict[str, mandates.Number] | UnsetType | None,
        delegation: Delegation | UnsetType | None,
        parent: Parent | UnsetType | None,
        approvals: dict[str, mandates.ApprovalRow] | UnsetType | None,
        issuer: Text,
        goal: Text,
    ) -> Mandate:
        if limits is None or parent is None:
            # a limit that got lost would free the agent, and a parent its chain
            raise ValueError(f"{'limits' if limits is None else 'parent'} is null; leave it out where there is none")
        return Mandate(
            id=id_ or "",
            agent=agent or "",
            subject=subject or "",
            state=state or "",
            not_before=_given("not_before", not_before),
            expires_at=_given("expires_at", expires_at),
            tasks=_texts("tasks", tasks),
            authorities=tuple(map(mandates.authority, authorities or ())),
            limits=mandates.limits(limits or {}),
            delegation=delegation or None,
            parent=parent or None,
            approvals=tuple(_task_approval(task, row) for task, row in sorted((approvals or {}).items())),
            issuer=issuer or "",
            goal=goal or "",
        )

    return make


def _task_approval(task: str, row: mandates.ApprovalRow) -> TaskApproval:
    until = 0 if row.approved_until is UNSET else _given("approved_until", row.approved_until)
    return mandates.approval(task, row, until)


def _said(name: str, value: Text) -> str:
    """A text that restricts; empty only where it is absent: what is empty may be a restriction that got lost."""
    if value is UNSET:
        return ""
    if not value:
        raise ValueError(f"{name} is empty; leave it out where there is no such restriction")
    return value


def _positive(name: str, value: int | UnsetType | None) -> int:
    """A count of at least 1; 0 where it is absent, which means without a limit."""
    if value is UNSET:
        return 0
    if value is None:
        raise ValueError(f"{name} is empty; leave it out where there is no limit")
    if value < 1:
        raise ValueError(f"{name} is below 1")
    return value


def _given(name: str, value: Text) -> int:
    moment = instant(value)
    if not moment:
        raise ValueError(f"{name} is empty")
    return moment


_MAKERS: dict[str, Callable[[Layout], Maker]] = {
    "identity": _identity,
    "grant": _grant,
    "elevation": _elevation,
    "breakglass": _breakglass,
    "mandate": _mandate,
}
