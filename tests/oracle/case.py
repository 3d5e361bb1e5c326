"""One decision's situation: a request, the documents and the instant, in the words of the specification."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from tests.oracle.digest import digest
from tests.oracle.values import MISSING, at, items, number, text, texts
from tests.oracle.verdict import FOREVER

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from fractions import Fraction

T = TypeVar("T")
_PARENT = re.compile(r"\A[a-z][a-z0-9_-]*:.+\Z")
_STATUS = {"active", "disabled", "suspended", "deleted"}
_TYPES = {"human", "service_account", "workload", "api_key_holder", "agent"}


@dataclass(frozen=True, slots=True)
class Identity:
    """What the IGA knows of an id. ``responsible``: a person's manager, anybody else's owners and sponsor."""

    active: bool
    type: str
    environment: str
    system: str
    responsible: tuple[str, ...]

    @property
    def human(self) -> bool:
        """Whether it is a person."""
        return self.type == "human"


class Case:
    """A request under documents at an instant (ns). Everything is worked out when it is first asked for.

    ``documents``: root → document (``catalog``, ``config``, ``iga``, ``pam``, ``trust``, ``revocations``), any of them
    missing or broken; ``proof`` is filled in by the proof gate's module (see :mod:`tests.oracle.proof`).
    """

    def __init__(self, request: Any, documents: Mapping[str, Any], now: int) -> None:
        self.request = request
        self.documents = documents
        self.now = now
        self._identities: dict[str, Identity | None] = {}
        self._known: dict[str, Any] = {}

    def once(self, name: str, work: Callable[[Case], T]) -> T:
        """What ``work`` makes of this case, worked out when it is first asked for by this name."""
        if name not in self._known:
            self._known[name] = work(self)
        found: T = self._known[name]
        return found

    def document(self, root: str, *path: str) -> Any:
        """A member of a document, or MISSING."""
        return at(self.documents.get(root, MISSING), *path)

    # -- the request ---------------------------------------------------------------------------------------------

    @cached_property
    def subject(self) -> str:
        """The subject's id; empty where it has none."""
        return text(at(self.request, "subject", "id")) or ""

    @cached_property
    def subject_type(self) -> str:
        """The subject's type, as the request says."""
        return text(at(self.request, "subject", "type")) or ""

    @cached_property
    def action_name(self) -> str:
        """The action's name."""
        return text(at(self.request, "action", "name")) or ""

    @cached_property
    def resource_type(self) -> str:
        """The resource's type."""
        return text(at(self.request, "resource", "type")) or ""

    @cached_property
    def resource_id(self) -> str:
        """The resource's id."""
        return text(at(self.request, "resource", "id")) or ""

    @cached_property
    def resource(self) -> str:
        """``type:id`` of the resource."""
        return f"{self.resource_type}:{self.resource_id}"

    @cached_property
    def parameters(self) -> dict[str, Any]:
        """``action.properties``."""
        return items(at(self.request, "action", "properties"))

    @cached_property
    def digest(self) -> str:
        """The digest of the parameters."""
        return digest(self.parameters)

    def context(self, *path: str) -> Any:
        """A member of the context, or MISSING."""
        return at(self.request, "context", *path)

    # -- the catalogue -------------------------------------------------------------------------------------------

    @cached_property
    def action(self) -> dict[str, Any]:
        """The action as the catalogue has it; empty where it has not."""
        return items(self.document("catalog", "actions", self.resource_type, self.action_name))

    @cached_property
    def application(self) -> dict[str, Any]:
        """The application of the action."""
        return items(self.document("catalog", "applications", text(self.action.get("application")) or ""))

    @cached_property
    def tier(self) -> dict[str, Any]:
        """The tier of the action."""
        return items(self.document("config", "tiers", text(self.action.get("tier")) or ""))

    @cached_property
    def privileged(self) -> bool:
        """Whether the action is privileged; one that does not say is."""
        return self.action.get("privileged") is not False

    @cached_property
    def contextless(self) -> bool:
        """Whether the request has no context, or an empty one."""
        return self.context() is MISSING or self.context() == {}

    @cached_property
    def profile(self) -> dict[str, Any] | None:
        """The application's legacy profile, where the request is a legacy request by it."""
        name = text(self.application.get("profile"))
        if not self.contextless or name is None:
            return None
        profile = items(self.document("catalog", "profiles", name))
        return profile if at(profile, "actions", self.resource_type, self.action_name) is True else None

    @cached_property
    def pep(self) -> str:
        """The PEP; empty where there is none."""
        return text(self.context("pep") if self.profile is None else self.profile.get("pep")) or ""

    def asserts(self, what: str) -> bool:
        """Whether the PEP may assert ``what``."""
        return self.document("trust", "peps", self.pep, "asserts", what) is True

    def asserted(self, name: str, what: str) -> Any:
        """``context[name]`` where the PEP may assert ``what``, else MISSING."""
        return self.context(name) if self.asserts(what) else MISSING

    @cached_property
    def listed(self) -> Any:
        """The resource as the catalogue has it, or MISSING."""
        return self.document("catalog", "resources", self.resource)

    @cached_property
    def said_parents(self) -> list[str] | None:
        """``resource.properties.parents`` where they count, None where they do not."""
        said = texts(at(self.request, "resource", "properties", "parents"))
        if said is None or not self.asserts("parents") or len(said) > 8:
            return None
        return said if all(_PARENT.match(name) for name in said) else None

    @cached_property
    def scopes(self) -> tuple[str, ...]:
        """``*``, the resource, its parents."""
        parents = texts(at(self.listed, "parents")) if self.listed is not MISSING else self.said_parents
        return ("*", self.resource, *(parents or ()))

    @cached_property
    def environment(self) -> str:
        """The resource's environment; empty where it has none."""
        return text(at(self.listed, "environment")) or text(self.application.get("environment")) or ""

    @cached_property
    def keys(self) -> frozenset[str]:
        """``entitlement@scope`` for each entitlement that permits the action and each scope."""
        permits = texts(self.document("catalog", "permits", self.resource_type, self.action_name)) or []
        return frozenset(f"{entitlement}@{scope}" for entitlement in permits for scope in self.scopes)

    @cached_property
    def action_key(self) -> str:
        """``#action@type:id``."""
        return f"#{self.action_name}@{self.resource}"

    # -- documents' ends -----------------------------------------------------------------------------------------

    @cached_property
    def leeway(self) -> int | Fraction:
        """How far ahead a source's clock may be, ns."""
        found = number(self.document("config", "leeway"))
        return -FOREVER if found is None else found

    def system_end(self, domain: str, system: Any, *, emergency: bool) -> int | Fraction:
        """Until when what ``system`` listed may be relied on; 0 where that cannot be told."""
        snapshot = self.document(domain, "snapshots", system if isinstance(system, str) else "")
        observed, expires = number(at(snapshot, "observed_at")), number(at(snapshot, "expires_at"))
        if observed is None or expires is None or observed > self.now + self.leeway:
            return 0
        if emergency:
            longest = number(self.document("config", "break_glass", "ages", domain))
            return 0 if longest is None else observed + longest
        age = number(at(self.tier, "ages", domain))
        if age is None:
            return 0
        if domain == "pam":
            bundle = number(self.document("pam", "bundle", "expires_at"))
            return 0 if bundle is None else min(expires, observed + age, bundle)
        return min(expires, observed + age)

    def revoked_from(self, kind: str, name: str, issued: int | Fraction | None = None) -> int | Fraction:
        """From when ``revocations[kind][name]`` hits what was issued at ``issued`` (None: unknown); 0: it hits now."""
        entries = self.document("revocations", kind)
        if not isinstance(entries, dict):
            return 0
        if name not in entries:
            return FOREVER
        entry = entries[name]
        start = number(at(entry, "from"))
        if start is None:
            return 0
        until = start if at(entry, "issued_until") is MISSING else number(at(entry, "issued_until"))
        if issued is not None and until is not None and issued > until:
            return FOREVER
        return start if start > self.now else 0

    # -- people --------------------------------------------------------------------------------------------------

    def identity(self, name: str) -> Identity | None:
        """What the IGA knows of an id; None where it is not listed, or not readable."""
        if name not in self._identities:
            leaf = self.document("iga", "identities", name)
            self._identities[name] = _identity(leaf) if isinstance(leaf, str) else None
        return self._identities[name]

    def persons(self, name: str) -> frozenset[str]:
        """The persons behind an id."""
        known = self.identity(name)
        return frozenset({name}) if known is None or known.human else frozenset(known.responsible)

    def superiors(self, name: str) -> frozenset[str]:
        """The superiors of a person, three levels."""
        found: set[str] = set()
        level = {name}
        for _ in range(3):
            known = [self.identity(one) for one in level]
            level = {manager for one in known if one is not None and one.human for manager in one.responsible}
            found |= level
        return frozenset(found)

    def active_until(self, name: Any) -> int | Fraction | None:
        """Until when ``name`` is an active person; None where it is none now."""
        known = self.identity(name) if isinstance(name, str) else None
        if known is None or not known.human or not known.active:
            return None
        end = self.revoked_from("subjects", name)
        return end if end > self.now else None

    @cached_property
    def behind_subject(self) -> frozenset[str]:
        """The persons behind the subject."""
        return self.persons(self.subject)

    @cached_property
    def principals(self) -> frozenset[str]:
        """The person whom the mandate is for that an agent names, of its own; nobody of who is no agent."""
        name = text(self.context("mandate"))
        if not self.agent or name is None:
            return frozenset()
        person = text(self.document("pam", "mandates", self.subject, name, "subject"))
        return frozenset() if person is None else frozenset({person})

    @cached_property
    def agent(self) -> bool:
        """Whether request or IGA calls the subject an agent."""
        known = self.identity(self.subject)
        return self.subject_type == "agent" or (known is not None and known.type == "agent")


def _identity(leaf: str) -> Identity | None:
    parts = leaf.split("|")
    if len(parts) != 5 or parts[0] not in _STATUS or parts[1] not in _TYPES:
        return None
    status, type_, environment, system, responsible = parts
    return Identity(status == "active", type_, environment, system, tuple(filter(None, responsible.split(","))))
