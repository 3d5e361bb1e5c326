"""The ``pam`` document: who is elevated to what, until when, and by whose approval."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from livegate.documents import leaves
from livegate.documents.iga import Built, Input, head
from livegate.model.records import BreakGlass, Elevation, Mandate
from livegate.model.snapshot import Quarantined

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from livegate.documents.directory import Directory

    Match = Callable[[str], str | None]
    """The identity of a name in the source's own terms, or none."""


def build(inputs: Iterable[Input], directory: Directory) -> Built:
    """The ``pam`` document of these snapshots.

    Subjects, requesters and approvers are matched to identities. An elevation whose subject matches
    nobody elevates nobody; an approver who matches nobody does not count, because nobody can say that
    it is somebody else.
    """
    built = Built({"snapshots": {}, "elevations": {}, "break_glass": {}, "mandates": {}}, directory)
    for source in inputs:
        system = source.head.system
        built.document["snapshots"][system] = head(source.head)

        def match(name: str, attribute: str = source.correlate) -> str | None:
            return directory.find(attribute, name)

        for record in source.records:
            if isinstance(record, Elevation):
                _place(built, "elevations", record.subject, record.id, _elevation(record, system, match), match)
            elif isinstance(record, BreakGlass):
                _place(built, "break_glass", record.subject, record.id, _break_glass(record, system, match), match)
            elif isinstance(record, Mandate):
                _place(built, "mandates", record.agent, record.id, _mandate(record, system), match)
    return built


def _place(built: Built, collection: str, name: str, key: str, entry: dict[str, Any], match: Match) -> None:
    subject = match(name)
    where = f"{entry['system']}: {collection} {key}"
    if subject is None:
        built.quarantined.append(Quarantined(where=where, reason=f"its subject {name!r} matches no one identity"))
    elif key in built.document[collection].setdefault(subject, {}):
        built.quarantined.append(Quarantined(where=where, reason="another system gave this subject this id already"))
    else:
        built.document[collection][subject][key] = entry


def _elevation(record: Elevation, system: str, match: Match) -> dict[str, Any]:
    approval = record.approval
    keys = (
        [leaves.grant_key(record.entitlement, record.scope)]
        if record.entitlement
        else _action_keys(record.resource, record.actions)
    )
    return {
        "system": system,
        "keys": keys,
        "not_before": record.not_before,
        "expires_at": record.expires_at,
        "requester": match(approval.requester) or "",
        "approvers": [identity for name in approval.approvers if (identity := match(name)) is not None],
        "required": approval.required,
        "approved_until": approval.approved_until or record.expires_at,
        "recording": record.recording.value,
        "session": record.session,
        "ticket": approval.ticket,
        "justification": record.justification,
    }


def _break_glass(record: BreakGlass, system: str, match: Match) -> dict[str, Any]:
    return {
        "system": system,
        "keys": _action_keys(record.resource, record.actions),
        "not_before": record.not_before,
        "expires_at": record.expires_at,
        "justification": record.justification,
        "incident": record.incident,
        "activated_by": match(record.activated_by) or "",
        "review_due_at": record.review_due_at,
    }


def _mandate(record: Mandate, system: str) -> dict[str, Any]:
    return {
        "system": system,
        "subject": record.subject,
        "state": record.state,
        "expires_at": record.expires_at,
        "entitlements": list(record.entitlements),
        "issuer": record.issuer,
        "goal": record.goal,
    }


def _action_keys(resource: str, actions: Iterable[str]) -> list[str]:
    return [f"#{action}@{resource}" for action in actions]
