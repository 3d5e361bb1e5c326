"""The documents of one side as questions are made from them: who could reach what, and by what. Pure."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

Deed = tuple[str, str]
"""Type of resource and action."""

_RECORDS = ("elevations", "break_glass", "mandates")


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource as it is asked for. ``parents``: those that an enforcement point asserts; the catalogue's without."""

    type: str
    id: str
    parents: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """``type:id``."""
        return f"{self.type}:{self.id}"

    @property
    def shown(self) -> str:
        """As it is told to people."""
        return f"{self.name} below {', '.join(self.parents)}" if self.parents else self.name

    def asked(self) -> dict[str, Any]:
        """As it stands in a request."""
        made: dict[str, Any] = {"type": self.type, "id": self.id}
        return made | {"properties": {"parents": list(self.parents)}} if self.parents else made


@dataclass(frozen=True, slots=True)
class World:
    """The documents of one side, and what they say by subject, by entitlement and by scope."""

    documents: Mapping[str, Any] = field(repr=False)
    permitted: Mapping[str, Sequence[Deed]] = field(repr=False)
    names: Mapping[str, Sequence[str]] = field(repr=False)

    @classmethod
    def of(cls, documents: Mapping[str, Any]) -> World:
        """The world of these documents, root by root."""
        permitted: dict[str, list[Deed]] = defaultdict(list)
        for kind, actions in documents["catalog"].get("permits", {}).items():
            for action, entitlements in actions.items():
                for entitlement in entitlements:
                    permitted[entitlement].append((kind, action))
        names: dict[str, list[str]] = defaultdict(list)
        for name, identity in documents["iga"].get("proofs", {}).items():
            names[identity].append(name)
        return cls(documents, dict(permitted), dict(names))

    @property
    def actions(self) -> Mapping[str, Mapping[str, Any]]:
        """Type → action → what the catalogue says of it."""
        found: Mapping[str, Mapping[str, Any]] = self.documents["catalog"].get("actions", {})
        return found

    def action(self, deed: Deed) -> Mapping[str, Any]:
        """What the catalogue says of an action; nothing if it does not know it."""
        found: Mapping[str, Any] = self.actions.get(deed[0], {}).get(deed[1], {})
        return found

    def deeds(self) -> Iterator[Deed]:
        """Every action of the catalogue."""
        for kind, actions in self.actions.items():
            for action in actions:
                yield kind, action

    def subjects(self) -> dict[str, str]:
        """Whoever is named as a subject → its type; those of whom no identity is known are people."""
        iga, pam = self.documents["iga"], self.documents["pam"]
        found = {subject: self.kind(subject) for subject in iga.get("identities", {})}
        for listed in (iga.get("grants", {}), iga.get("denies", {}), *(pam.get(name, {}) for name in _RECORDS)):
            for subject in listed:
                if subject not in found:
                    found[subject] = "agent" if subject in pam.get("mandates", {}) else "human"
        return found

    def kind(self, subject: str) -> str:
        """The type of a listed identity; ``human`` of another."""
        parts = self.leaf(subject)
        return parts[1] if parts else "human"

    def leaf(self, subject: str) -> tuple[str, str, str, str, str] | None:
        """Status, type, environment, system and responsible people of an identity."""
        leaf = self.documents["iga"].get("identities", {}).get(subject)
        parts = leaf.split("|") if isinstance(leaf, str) else []
        return (parts[0], parts[1], parts[2], parts[3], parts[4]) if len(parts) == 5 else None

    def behind(self, subject: str) -> frozenset[str]:
        """The persons behind an identity, itself included."""
        parts = self.leaf(subject)
        if parts is None or parts[1] == "human":
            return frozenset({subject})
        return frozenset({subject, *filter(None, parts[4].split(","))})

    def people(self) -> Iterator[str]:
        """Active people, by id."""
        for subject in sorted(self.documents["iga"].get("identities", {})):
            parts = self.leaf(subject)
            if parts and parts[0] == "active" and parts[1] == "human":
                yield subject

    def peps(self, kind: str) -> list[str]:
        """The enforcement points that may ask for a type of resource."""
        listed = self.documents["trust"].get("peps", {})
        return sorted(name for name, pep in listed.items() if pep.get("resource_types", {}).get(kind) is True)

    def asserts(self, pep: str, what: str) -> bool:
        """Whether an enforcement point may assert something."""
        listed = self.documents["trust"].get("peps", {})
        return listed.get(pep, {}).get("asserts", {}).get(what) is True

    def scopes(self, resource: Resource) -> tuple[str, ...]:
        """The scopes of a resource, as the gates see it."""
        listed = self.documents["catalog"].get("resources", {}).get(resource.name)
        parents = listed.get("parents", ()) if listed is not None else resource.parents
        return ("*", resource.name, *parents)

    def records(self, name: str, subject: str) -> Mapping[str, Any]:
        """Elevations, break-glass or mandates of a subject, by id."""
        found: Mapping[str, Any] = self.documents["pam"].get(name, {}).get(subject, {})
        return found

    def leaves(self, subject: str) -> Iterator[tuple[str, str]]:
        """Key and leaf of every grant and deny of a subject."""
        for name in ("grants", "denies"):
            yield from self.documents["iga"].get(name, {}).get(subject, {}).items()

    def keys(self, deed: Deed, resource: Resource) -> set[str]:
        """Keys under which grants and elevations for this are looked up, and those of the action in mandates."""
        permits = self.documents["catalog"].get("permits", {}).get(deed[0], {}).get(deed[1], ())
        scopes = self.scopes(resource)
        return {f"{name}@{scope}" for name in (*permits, f"#{deed[1]}") for scope in scopes}

    def held(self, subject: str) -> set[str]:
        """Every key that a subject holds in any way, live or not."""
        found = {key for key, _ in self.leaves(subject)}
        for name in ("elevations", "break_glass"):
            for record in self.records(name, subject).values():
                found.update(record.get("keys", ()))
        for record in self.records("mandates", subject).values():
            found.update(record.get("authority", ()))
        return found

    def all_scopes(self) -> Iterator[str]:
        """Every scope that the catalogue or somebody's key names."""
        yield from self.documents["catalog"].get("resources", {})
        for subject in self.subjects():
            for key in self.held(subject):
                yield key.partition("@")[2]
