"""Documents under other names, place by place, as :mod:`livegate.regression.capture.requests` has requests.

A member that is not known here is a mistake that is told: a name could stay in it.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from livegate.documents.leaves import escape
from livegate.errors import LivegateError
from livegate.regression.capture.requests import Requests

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Renaming(Requests):
    """Renames the requests and documents of one capture; requests are learned before their documents."""

    def documents(self, documents: Mapping[str, Any]) -> dict[str, Any]:
        """Documents under other names.

        Raises:
            LivegateError: there is a root that is not known here.
        """
        return {
            root: _ROOTS[root](self, document) if root in _ROOTS else _unknown(root)
            for root, document in documents.items()
        }

    def _iga(self, value: Mapping[str, Any]) -> dict[str, Any]:
        held = {
            name: {
                self.identity(subject): {self.key(key): self._grant(leaf) for key, leaf in leaves.items()}
                for subject, leaves in value[name].items()
            }
            for name in ("grants", "denies")
        }
        return {
            **self._systems(value),
            **held,
            "identities": {self.identity(one): self._identity(leaf) for one, leaf in value["identities"].items()},
            "proofs": {self._names.of("proof", one): self.identity(whose) for one, whose in value["proofs"].items()},
        }

    def _grant(self, leaf: str) -> str:
        system, name, end, start, hold, via = leaf.split("|")
        told = escape(self._names.of("via", via)) if via else ""
        return "|".join((self._names.of("system", system), self._names.of("grant", name), end, start, hold, told))

    def _identity(self, leaf: str) -> str:
        status, kind, environment, system, people = leaf.split("|")
        named = ",".join(self.identity(one) for one in people.split(",")) if people else ""
        return "|".join((status, kind, environment, self._names.of("system", system), named))

    def _pam(self, value: Mapping[str, Any]) -> dict[str, Any]:
        made = self._systems(value)
        for name, rename in (("elevations", self._elevation), ("break_glass", self._elevation)):
            made[name] = {
                self.identity(subject): {self._names.of("elevation", one): rename(facts) for one, facts in held.items()}
                for subject, held in value[name].items()
            }
        made["mandates"] = {
            self.identity(agent): {self._names.of("mandate", one): self._mandate(facts) for one, facts in held.items()}
            for agent, held in value["mandates"].items()
        }
        return made

    def _elevation(self, value: Mapping[str, Any]) -> dict[str, Any]:
        """An elevation, a break-glass activation, or the approval of a task: their members have one meaning each."""
        made: dict[str, Any] = {}
        for name, inner in value.items():
            if name in ("requester", "activated_by", "subject"):
                made[name] = self.identity(inner)
            elif name == "approvers":
                made[name] = [self.identity(one) for one in inner]
            elif name == "keys":
                made[name] = [self.key(one) for one in inner]
            elif name == "approved":
                made[name] = self._elevation(inner)
            elif name == "parameters":
                made[name] = self._digest(inner)
            elif name == "ticket":
                made[name] = self._ticket(inner)
            elif name in ("system", "session", "incident", "recording_ref", "justification"):
                made[name] = self._names.of(name, inner) if inner else inner
            elif name == "id":
                made[name] = self._names.of("elevation", inner)
            elif name == "recording" or not isinstance(inner, str | list | dict):
                made[name] = inner
            else:
                _unknown(name)
        return made

    def _mandate(self, value: Mapping[str, Any]) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for name, inner in value.items():
            if name == "tasks":
                made[name] = {self._names.of("task", one): known for one, known in inner.items()}
            elif name == "authority":
                made[name] = {self.key(one): self._authority(facts) for one, facts in inner.items()}
            elif name == "approvals":
                made[name] = {self._names.of("task", one): self._elevation(facts) for one, facts in inner.items()}
            elif name == "ancestors":
                made[name] = [
                    {"agent": self.identity(one["agent"]), "id": self._names.of("mandate", one["id"])} for one in inner
                ]
            elif name == "delegation":
                made[name] = {
                    **inner,
                    "delegates": {self.identity(one): known for one, known in inner["delegates"].items()},
                }
            elif name == "subject":
                made[name] = self.identity(inner)
            elif name in ("system", "issuer", "goal"):
                made[name] = self._names.of(name, inner) if inner else inner
            elif name in ("state", "limits") or not isinstance(inner, str | list | dict):
                made[name] = inner
            else:
                _unknown(name)
        return made

    def _authority(self, value: Mapping[str, Any]) -> dict[str, Any]:
        made = dict(value)
        if "tools" in value:
            made["tools"] = {self._names.of("tool", one): known for one, known in value["tools"].items()}
        if "parameters" in value:
            made["parameters"] = self._digest(value["parameters"])
        return made

    def _systems(self, value: Mapping[str, Any]) -> dict[str, Any]:
        """``bundle``, ``snapshots``, ``listed`` and ``guards``, which name systems and what they listed."""
        made: dict[str, Any] = {}
        if "bundle" in value:
            made["bundle"] = {**value["bundle"], "revision": f"{value['bundle']['sequence']}-{'0' * 12}"}
        if "snapshots" in value:
            made["snapshots"] = {
                self._names.of("system", one): {
                    **facts,
                    "id": self._names.of("snapshot", facts["id"]),
                    "count": 1,  # how large the organisation is says something of it
                    "sha256": hashlib.sha256(self._names.of("snapshot", facts["id"]).encode()).hexdigest(),
                }
                for one, facts in value["snapshots"].items()
            }
        if "listed" in value:
            made["listed"] = {
                self._names.of("system", one): self._names.of("snapshot", listed)
                for one, listed in value["listed"].items()
            }
        if "guards" in value:
            made["guards"] = [self._names.of("system", one) for one in value["guards"]]
        return made

    def _trust(self, value: Mapping[str, Any]) -> dict[str, Any]:
        kept = ("resource_types", "asserts", "environment", "reasons")
        made = self._systems(value)
        made["peps"] = {
            self._names.of("pep", pep): {
                **{name: inner for name, inner in facts.items() if name in kept},
                **({"title": self._names.of("title", facts["title"])} if "title" in facts else {}),
            }
            for pep, facts in value["peps"].items()
        }
        return {**made, "callers": {}}

    def _revocations(self, value: Mapping[str, Any]) -> dict[str, Any]:
        made = self._systems(value)
        spaces: dict[str, Callable[[str], str]] = {"subjects": self.identity}
        for name, entries in value.items():
            if name == "bundle":
                continue
            space = name.removesuffix("s")
            rename = spaces.get(name, lambda one, space=space: self._names.of(space, one))
            made[name] = {rename(one): self._revocation(facts) for one, facts in entries.items()}
        return made

    def _revocation(self, value: Mapping[str, Any]) -> dict[str, Any]:
        made = {**value, "id": self._names.of("revocation", value["id"])}
        if "reason" in value:
            made["reason"] = self._names.of("reason", value["reason"]) if value["reason"] else ""
        return made

    def _catalog(self, value: Mapping[str, Any]) -> dict[str, Any]:
        made = {**value, **self._systems(value)}
        made["applications"] = {
            one: {
                **facts,
                "owner": self.identity(facts["owner"]),
                "title": self._names.of("title", facts["title"]),
                **({"profile": self._names.of("profile", facts["profile"])} if "profile" in facts else {}),
            }
            for one, facts in value["applications"].items()
        }
        if "resources" in value:
            made["resources"] = {
                self.scope(one): {
                    **facts,
                    **({"parents": [self.scope(parent) for parent in facts["parents"]]} if "parents" in facts else {}),
                }
                for one, facts in value["resources"].items()
            }
        if "profiles" in value:
            made["profiles"] = {
                self._names.of("profile", one): {**facts, "pep": self._names.of("pep", facts["pep"])}
                for one, facts in value["profiles"].items()
            }
        for collection, space in (("freezes", "freeze"), ("combinations", "combination")):
            if collection in value:
                made[collection] = {
                    self._names.of(space, one): {**facts, "title": self._names.of("title", facts["title"])}
                    for one, facts in value[collection].items()
                }
        made["entitlements"] = {
            one: {**facts, "title": self._names.of("title", facts["title"])}
            for one, facts in value["entitlements"].items()
        }
        made["actions"] = {
            kind: {
                action: {**facts, **({"title": self._names.of("title", facts["title"])} if "title" in facts else {})}
                for action, facts in described.items()
            }
            for kind, described in value["actions"].items()
        }
        return made


_ROOTS: dict[str, Callable[[Renaming, Mapping[str, Any]], Mapping[str, Any]]] = {
    "catalog": Renaming._catalog,
    "config": lambda _, value: value,
    "iga": Renaming._iga,
    "pam": Renaming._pam,
    "trust": Renaming._trust,
    "revocations": Renaming._revocations,
}


def _unknown(name: str) -> Any:
    raise LivegateError(
        f"{name!r} is not known to the renaming of captures, so a name could stay in it",
        todo="say in livegate.regression.capture.rename what it holds",
    )
