"""The ``pam`` document: who is elevated to what, until when, and by whose approval."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from livegate.documents import leaves, mandates
from livegate.documents.iga import Built, Input, head
from livegate.model.records import BreakGlass, Elevation, Mandate
from livegate.model.snapshot import Quarantined

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from livegate.documents.directory import Directory
    from livegate.model.records import Approval

    Match = Callable[[str], str | None]
    """The identity of a name in the source's own terms, or none."""
    Taken = dict[tuple[str, str, str], list[str]]
    """Collection, subject and id, to each place that gave it."""


def build(inputs: Iterable[Input], directory: Directory) -> Built:
    """The ``pam`` document of these snapshots.

    Subjects, requesters, approvers, agents and delegates are matched to identities. What is for somebody who
    matches nobody is for nobody; an approver who matches nobody does not count, because nobody can say that it is
    somebody else; an elevation whose approval was given for somebody who matches nobody is quarantined, because
    nobody can say that it was approved for this one. An id that several give one subject gives nothing.
    """
    built = Built({"snapshots": {}, "listed": {}, "elevations": {}, "break_glass": {}, "mandates": {}}, directory)
    chain = mandates.Chain()
    taken: Taken = {}
    for source in inputs:
        system = source.head.system
        built.document["snapshots"][system] = head(source.head)
        built.document["listed"][system] = source.head.id

        def match(name: str, attribute: str = source.correlate) -> str | None:
            return directory.find(attribute, name)

        for record in source.records:
            try:
                if isinstance(record, Elevation):
                    entry = _elevation(record, system, match)
                    _place(built, taken, "elevations", record.subject, record.id, entry, match)
                elif isinstance(record, BreakGlass):
                    entry = _break_glass(record, system, match)
                    _place(built, taken, "break_glass", record.subject, record.id, entry, match)
                elif isinstance(record, Mandate):
                    entry = mandates.entry(record, system, match)
                    _place(built, taken, "mandates", record.agent, record.id, entry, match)
                    chain.add(record, system, match)
            except mandates.UnmatchedError as error:
                kind = "mandates" if isinstance(record, Mandate) else "elevations"
                built.quarantined.append(Quarantined(where=f"{system}: {kind} {record.id}", reason=str(error)))
    chain.forget(_take_out(built, taken))
    built.quarantined += chain.settle(built.document["mandates"])
    return built


def _place(
    built: Built, taken: Taken, collection: str, name: str, key: str, entry: dict[str, Any], match: Match
) -> None:
    subject = match(name)
    where = f"{entry['system']}: {collection} {key}"
    if subject is None:
        built.quarantined.append(Quarantined(where=where, reason=f"its subject {name!r} matches no one identity"))
    else:
        taken.setdefault((collection, subject, key), []).append(where)
        built.document[collection].setdefault(subject, {})[key] = entry


def _take_out(built: Built, taken: Taken) -> set[tuple[str, str]]:
    """Take out what several gave one subject under one id, as a use, a revocation or a child of one would count
    for the other; gives holder and id of the mandates among that."""
    gone = set()
    for (collection, subject, key), places in taken.items():
        if len(places) > 1:
            held = built.document[collection]
            del held[subject][key]
            if not held[subject]:
                del held[subject]
            reason = "several gave this subject this id, and nobody can say which is meant; none of them gives anything"
            built.quarantined += [Quarantined(where=where, reason=reason) for where in places]
            if collection == "mandates":
                gone.add((subject, key))
    return gone


def _elevation(record: Elevation, system: str, match: Match) -> dict[str, Any]:
    approval = record.approval
    entry = {
        "system": system,
        "keys": _keys(record),
        "not_before": record.not_before,
        "expires_at": record.expires_at,
        "requester": match(approval.requester) or "",
        "approvers": mandates.known(approval.approvers, match),
        "required": approval.required,
        "approved_until": approval.approved_until or record.expires_at,
        "recording": record.recording.value,
        "session": record.session,
        "ticket": approval.ticket,
        "justification": record.justification,
    }
    if approved := _approved(approval, match):
        entry["approved"] = approved
    if record.recording_ref:
        entry["recording_ref"] = record.recording_ref
    if record.parameters:
        entry["parameters"] = record.parameters
    if record.max_uses:
        entry["max_uses"] = record.max_uses
    return entry


def _approved(approval: Approval, match: Match) -> dict[str, Any]:
    """What the approval was given for, as far as the PAM says."""
    found: dict[str, Any] = {}
    if approval.subject:
        subject = match(approval.subject)
        if subject is None:
            raise mandates.UnmatchedError(
                f"its approval was given for {approval.subject!r}, who matches no one identity"
            )
        found["subject"] = subject
    if approval.entitlement or approval.resource:
        found["keys"] = _keys(approval)
    if approval.parameters:
        found["parameters"] = approval.parameters
    return found


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


def _keys(record: Elevation | Approval) -> list[str]:
    if record.entitlement:
        return [leaves.grant_key(record.entitlement, record.scope)]
    return _action_keys(record.resource, record.actions)


def _action_keys(resource: str, actions: Iterable[str]) -> list[str]:
    return [leaves.action_key(action, resource) for action in dict.fromkeys(actions)]
