"""Mandates in the ``pam`` document: what an agent may do, for whom, and by which chain of mandates.

A derived mandate carries all that it was derived from, the first one first, so that the decision looks up a
handful of keys and follows nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from livegate.documents import leaves
from livegate.model.snapshot import Quarantined

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from livegate.model.records import Authority, Constraint, Mandate, TaskApproval

    Match = Callable[[str], str | None]
    Key = tuple[str, str, str]
    """The system that gave a mandate, its agent and its id."""

MOST_ANCESTORS = 8
"""How long a chain of derived mandates may be."""

_OPERATORS = ("max", "min", "equals", "one_of", "required")


class UnmatchedError(Exception):
    """Something is for somebody who matches no one identity; ``str()`` is for people."""


def known(names: Iterable[str], match: Match) -> list[str]:
    """The identities of those names that match one, each once: two names of one person are one person."""
    return list(dict.fromkeys(identity for name in names if (identity := match(name)) is not None))


def entry(record: Mandate, system: str, match: Match) -> dict[str, Any]:
    """The mandate as the document has it, but for its ancestors.

    Raises:
        UnmatchedError: the person that it is for matches no one identity.
    """
    subject = match(record.subject)
    if subject is None:
        raise UnmatchedError(f"it is for {record.subject!r}, who matches no one identity")
    made: dict[str, Any] = {
        "system": system,
        "subject": subject,
        "state": record.state,
        "not_before": record.not_before,
        "expires_at": record.expires_at,
        "tasks": dict.fromkeys(record.tasks, True),
        "authority": {
            leaves.action_key(action, item.scope): _authority(item)
            for item in record.authorities
            for action in item.actions
        },
    }
    if record.limits:
        made["limits"] = {item.name: item.most for item in record.limits}
    if record.delegation is not None:
        made["delegation"] = {
            "max_depth": record.delegation.max_depth,
            "delegates": dict.fromkeys(known(record.delegation.delegates, match), True),
        }
    if record.approvals:
        made["approvals"] = {item.task: _approval(item, record, match) for item in record.approvals}
    if record.issuer:
        made["issuer"] = record.issuer
    if record.goal:
        made["goal"] = record.goal
    return made


def _authority(item: Authority) -> dict[str, Any]:
    made: dict[str, Any] = {}
    if item.tools is not None:
        made["tools"] = dict.fromkeys(item.tools, True)
    if item.constraints:
        made["constraints"] = {constraint.name: _constraint(constraint) for constraint in item.constraints}
    if item.parameters:
        made["parameters"] = item.parameters
    return made


def _constraint(item: Constraint) -> dict[str, Any]:
    said = {name: getattr(item, name) for name in _OPERATORS}
    return {name: list(value) if name == "one_of" else value for name, value in said.items() if value is not None}


def _approval(item: TaskApproval, record: Mandate, match: Match) -> dict[str, Any]:
    made: dict[str, Any] = {
        "id": item.id,
        "approvers": known(item.approvers, match),
        "required": item.required,
        "approved_until": item.approved_until or record.expires_at,
    }
    if item.parameters:
        made["parameters"] = item.parameters
    if item.max_uses:
        made["max_uses"] = item.max_uses
    return made


class Chain:
    """Which mandate was derived from which; each from one of its own system, as another knows nothing of it."""

    def __init__(self) -> None:
        self._parents: dict[Key, Key | str | None] = {}

    def add(self, record: Mandate, system: str, match: Match) -> None:
        """Enter a mandate that is in the document, of this system."""
        agent = match(record.agent)
        if agent is None:  # then it is not in the document
            return
        parent: Key | str | None = None
        if record.parent is not None:
            giver = match(record.parent.agent)
            parent = (system, giver, record.parent.id) if giver is not None else record.parent.agent
        self._parents[system, agent, record.id] = parent

    def forget(self, taken: set[tuple[str, str]]) -> None:
        """Leave out the mandates of these agents and ids, of whatever system: they are not in the document."""
        if taken:
            self._parents = {key: parent for key, parent in self._parents.items() if key[1:] not in taken}

    def settle(self, mandates: dict[str, dict[str, dict[str, Any]]]) -> Iterator[Quarantined]:
        """Give each mandate its ancestors; one that has none it could have is taken out and told."""
        for key, parent in self._parents.items():
            if parent is None:
                continue
            _, agent, name = key
            ancestors, wrong = self._ancestors(key)
            if wrong:
                taken = mandates[agent].pop(name)
                yield Quarantined(where=f"{taken['system']}: mandates {name}", reason=f"{wrong}; it gives nothing")
                if not mandates[agent]:
                    del mandates[agent]
            else:
                mandates[agent][name]["ancestors"] = [{"agent": giver, "id": of} for _, giver, of in ancestors]

    def _ancestors(self, start: Key) -> tuple[list[Key], str]:
        """The mandates that one was derived from, the first one first; and what is wrong with them, if anything."""
        found: list[Key] = []
        at = self._parents[start]
        while at is not None:
            if isinstance(at, str):
                return [], f"a mandate that it derives from is of {at!r}, who matches no one identity"
            if at == start or at in found:
                return [], "the mandates that it derives from go in a circle"
            if at not in self._parents:
                return [], f"{at[0]} has no mandate {at[2]!r} of {at[1]!r}, which it derives from"
            if len(found) == MOST_ANCESTORS:
                return [], f"it derives from more than {MOST_ANCESTORS} mandates"
            found.append(at)
            at = self._parents[at]
        return found[::-1], ""
