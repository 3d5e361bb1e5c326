"""What a legitimate request of this subject for this action would say beside subject and resource. Pure.

The ticket that its elevation names, the mandate that covers it, parameters within the limits and at their very edge,
as far as the enforcement point may assert it: so that whoever can be allowed is allowed in at least one form. And
what must not pass: values just beyond a limit, and histories that a separation of duties is there for.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from livegate.regression.diff import values
from livegate.regression.diff.values import Edge

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from livegate.regression.diff.world import Deed, Resource, World

SEPARATED = "separation"
COMBINED = "combination"
LEGACY = "legacy"

_ORDER = ("access-token", "jwt-svid", "x509-svid", "wit", "txn-token", "kubernetes")
_CHAIN = "c-1"
_MANY = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """One way to ask.

    Attributes:
        action: the request's. context: the request's, None where it has none.
        variant: ``least``, ``most``, ``beyond``, ``separation``, ``combination`` or ``legacy``.
        credential: what to mint, in a suite's words. signed: whether the enforcement point signs.
    """

    action: Mapping[str, Any]
    context: Mapping[str, Any] | None
    variant: str
    credential: Mapping[str, Any] | None = None
    signed: bool = False

    @property
    def key(self) -> str:
        """Equal for equal forms."""
        return json.dumps([self.action, self.context, self.credential, self.signed], sort_keys=True)


@dataclass(frozen=True, slots=True)
class Forms:
    """Forms by one world. ``known``: digest of parameters → parameters, as cases and captured requests show them."""

    world: World
    known: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def plain(self, subject: str, deed: Deed) -> Iterator[Form]:
        """The usual form for somebody who holds nothing for it."""
        for pep in self.world.peps(deed[0]) or [""]:
            made = _Draft(self, subject, deed, pep).form(Edge.LEAST)
            yield from self._proven(made, subject, pep, deed)

    def every(self, subject: str, deed: Deed, resource: Resource) -> Iterator[Form]:
        """Every form in which somebody who holds something for it would ask."""
        for pep in self.world.peps(deed[0]) or [""]:
            for draft in self._drafts(subject, deed, resource, pep):
                for form in draft.forms():
                    yield from self._proven(form, subject, pep, deed)
        if self._legacy(deed):
            yield Form(action={"name": deed[1]}, context=None, variant=LEGACY)

    def _legacy(self, deed: Deed) -> bool:
        catalog = self.world.documents["catalog"]
        application = catalog.get("applications", {}).get(self.world.action(deed).get("application"), {})
        profile = catalog.get("profiles", {}).get(application.get("profile"), {})
        return profile.get("actions", {}).get(deed[0], {}).get(deed[1]) is True

    def _drafts(self, subject: str, deed: Deed, resource: Resource, pep: str) -> Iterator[_Draft]:
        keys = self.world.keys(deed, resource)
        own = f"#{deed[1]}@{resource.name}"
        matching = [
            (id_, record)
            for id_, record in self.world.records("elevations", subject).items()
            if any(key in keys and (not key.startswith("#") or key == own) for key in record.get("keys", ()))
        ]
        mandates: list[tuple[str | None, str | None]] = [
            (id_, task)
            for id_, record in list(self.world.records("mandates", subject).items())[:_MANY]
            for task in sorted(record.get("tasks", {}))[:_MANY] or [None]
        ]
        chosen: list[tuple[str, Any] | None] = [*matching[:_MANY]]
        chosen = chosen or [None]
        for mandate, task in mandates or [(None, None)]:
            for elevation in chosen:
                yield _Draft(self, subject, deed, pep, keys=keys, elevation=elevation, mandate=mandate, task=task)

    def _proven(self, form: Form, subject: str, pep: str, deed: Deed) -> Iterator[Form]:
        """The form with the proof that the action's tier asks for; bare where nobody's word but a token's counts."""
        action = self.world.action(deed)
        tier = self.world.documents["config"].get("tiers", {}).get(action.get("tier"), {})
        accepted = {kind for kind in tier.get("proofs", {}) if kind in action.get("proofs", tier.get("proofs", {}))}
        bound, signed = tier.get("bound") is True, tier.get("signed") is True
        if "pep" in accepted and self.world.asserts(pep, "subject"):
            yield _with(form, None, signed=bound or signed)
            return
        found = self._credential(subject, accepted, pep, bound=bound)
        yield _with(form, found, signed=signed)

    def _credential(self, subject: str, accepted: set[str], pep: str, *, bound: bool) -> dict[str, Any] | None:
        trust = self.world.documents["trust"]
        audiences = trust.get("peps", {}).get(pep, {}).get("audiences")
        for kind in _ORDER:
            if kind not in accepted:
                continue
            for name in sorted(self.world.names.get(subject, ())):
                if made := _minted(kind, name, trust, bound=bound):
                    if audiences:
                        terms = trust["issuers"].get(kind, {}).get(made["issuer"], {}).get("audiences", {})
                        if common := sorted(set(terms) & set(audiences)):
                            made["claims"]["aud"] = common[0]
                    return made
        return None


@dataclass(frozen=True, slots=True)
class _Draft:
    """One request in the making."""

    of: Forms
    subject: str
    deed: Deed
    pep: str
    keys: set[str] = field(default_factory=set)
    elevation: tuple[str, Mapping[str, Any]] | None = None
    mandate: str | None = None
    task: str | None = None

    def forms(self) -> Iterator[Form]:
        """The usual form, those at the edge, and those that must not pass."""
        yield self.form(Edge.LEAST)
        if self._edged():
            yield self.form(Edge.MOST)
            yield self.form(Edge.BEYOND)
        yield from self._histories()

    def form(self, edge: Edge) -> Form:
        """The request with its values at ``edge``."""
        parameters = self._parameters(edge)
        context = self._context(edge, parameters)
        action = {"name": self.deed[1]} | ({"properties": parameters} if parameters else {})
        return Form(action=action, context=context, variant=edge.value)

    @property
    def _said(self) -> Mapping[str, Any]:
        return self.of.world.action(self.deed)

    @property
    def _limits(self) -> Mapping[str, Any]:
        limits: Mapping[str, Any] = self._said.get("limits", {})
        return limits

    def _mandates(self) -> list[Mapping[str, Any]]:
        """The mandate, and those it was derived from."""
        if self.mandate is None:
            return []
        own = self.of.world.records("mandates", self.subject)[self.mandate]
        above = [self.of.world.records("mandates", one["agent"]).get(one["id"], {}) for one in own.get("ancestors", ())]
        return [own, *above]

    def _entries(self) -> list[Mapping[str, Any]]:
        """The authority of each mandate for this, the first that covers it."""
        found = []
        for mandate in self._mandates():
            covering = [entry for key, entry in mandate.get("authority", {}).items() if key in self.keys]
            found += covering[:1]
        return found

    def _counted(self) -> dict[str, float]:
        """Counter → the least that it may be, of the action and all mandates."""
        found: dict[str, float] = {}
        for limits in (self._limits.get("counters", {}), *(one.get("limits", {}) for one in self._mandates())):
            for name, most in limits.items():
                found[name] = min(most, found.get(name, most))
        return found

    def _asked(self) -> list[Mapping[str, Any]]:
        return [self._limits.get("parameters", {}), *(entry.get("constraints", {}) for entry in self._entries())]

    def _edged(self) -> bool:
        return (
            values.constrained((*self._asked(), self._limits.get("conditions", {}), self._counted()))
            or "persons" in self._limits
            or any("max_uses" in one for one in self._used().values())
        )

    def _parameters(self, edge: Edge) -> dict[str, Any]:
        digests = [entry["parameters"] for entry in self._entries() if "parameters" in entry]
        digests += [self.elevation[1]["parameters"]] if self.elevation and "parameters" in self.elevation[1] else []
        digests += [one["parameters"] for one in self._approvals() if "parameters" in one]
        for digest in digests:
            if digest in self.of.known:
                return dict(self.of.known[digest])
        return values.properties(self._asked(), self._counted(), edge)

    def _approvals(self) -> list[Mapping[str, Any]]:
        own = self._mandates()[:1]
        return [one["approvals"][self.task] for one in own if self.task in one.get("approvals", {})]

    def _used(self) -> dict[str, Mapping[str, Any]]:
        found = {one["id"]: one for one in self._approvals() if "id" in one}
        return found | ({self.elevation[0]: self.elevation[1]} if self.elevation else {})

    def _context(self, edge: Edge, parameters: Mapping[str, Any]) -> dict[str, Any]:
        context: dict[str, Any] = {"pep": self.pep}
        for name in self._said.get("context", ()):
            context[name] = {"session": "s-1", "task": self.task}.get(name) or "x-1"
        if ticket := self._ticket():
            context["ticket"] = ticket
        if self.mandate is not None or self.of.world.kind(self.subject) == "agent":
            context |= self._commission()
        self._assert(context, edge, parameters)
        return context

    def _ticket(self) -> str | None:
        named = self.elevation[1].get("ticket") if self.elevation else None
        pattern = self._limits.get("ticket")
        if named:
            return str(named)
        if pattern is not None:
            return values.text(pattern) or "T-1"
        return "T-1" if "ticket" in self._said.get("context", ()) else None

    def _commission(self) -> dict[str, Any]:
        made: dict[str, Any] = {"mandate": self.mandate or "none", "task": self.task or "none"}
        tools = [sorted(entry["tools"]) for entry in self._entries() if entry.get("tools")]
        if tools:
            common = [tool for tool in tools[0] if all(tool in one for one in tools)]
            made["tool"] = (common or tools[0])[0]
        if self.of.world.asserts(self.pep, "history"):
            made["chain"] = {"id": _CHAIN, "history": []}
        return made

    def _assert(self, context: dict[str, Any], edge: Edge, parameters: Mapping[str, Any]) -> None:
        world, pep = self.of.world, self.pep
        counted = self._counted()
        if counted and world.asserts(pep, "counters"):
            context["counters"] = {
                name: _before(most, 1 if name == "calls" else parameters.get(name), edge)
                for name, most in sorted(counted.items())
            }
        used = {id_: one for id_, one in self._used().items() if "max_uses" in one}
        if used and world.asserts(pep, "uses"):
            context["uses"] = {
                id_: {Edge.LEAST: 0, Edge.MOST: one["max_uses"] - 1, Edge.BEYOND: one["max_uses"]}[edge]
                for id_, one in sorted(used.items())
            }
        if "conditions" in self._limits and world.asserts(pep, "conditions"):
            context["conditions"] = values.properties([self._limits["conditions"]], (), edge)
        if "separation" in self._limits and world.asserts(pep, "history"):
            context["history"] = []
        if "persons" in self._limits and world.asserts(pep, "confirmations"):
            context["confirmations"] = self._confirmed(edge)

    def _confirmed(self, edge: Edge) -> list[str]:
        behind = self.of.world.behind(self.subject)
        needed = self._limits["persons"] - (self.of.world.kind(self.subject) == "human")
        count = {Edge.LEAST: self._limits["persons"], Edge.MOST: needed, Edge.BEYOND: max(0, needed - 1)}[edge]
        found: list[str] = []
        for person in self.of.world.people():
            if len(found) == count:
                break
            if person not in behind:
                found.append(person)
        return found

    def _histories(self) -> Iterator[Form]:
        """What a separation of duties is there to stop."""
        usual = self.form(Edge.LEAST)
        world = self.of.world
        if usual.context is None or not world.asserts(self.pep, "history"):
            return
        for action in self._limits.get("separation", ())[:_MANY]:
            for doer in sorted(world.behind(self.subject))[:_MANY]:
                history = [{"action": action, "subject": doer}]
                yield Form(action=usual.action, context={**usual.context, "history": history}, variant=SEPARATED)
        for kind, action in _before_this(world, self._said.get("labels", {})):
            chain = {"id": _CHAIN, "history": [{"action": action, "type": kind}]}
            yield Form(action=usual.action, context={**usual.context, "chain": chain}, variant=COMBINED)


def _before_this(world: World, labels: Mapping[str, Any]) -> Sequence[Deed]:
    """One action for each combination after which nothing with these labels may come."""
    found = []
    for combination in world.documents["catalog"].get("combinations", {}).values():
        if combination.get("then") in labels:
            for deed in world.deeds():
                if combination.get("after") in world.action(deed).get("labels", {}):
                    found.append(deed)
                    break
    return found


def _before(most: float, share: Any, edge: Edge) -> float:
    """What was used before, so that this request's share reaches the limit, or goes one beyond it."""
    if edge is Edge.LEAST:
        return 0
    own: float = share if isinstance(share, int | float) and not isinstance(share, bool) else 0
    return max(0, most - own + (edge is Edge.BEYOND))


def _with(form: Form, credential: Mapping[str, Any] | None, *, signed: bool) -> Form:
    if credential is None and not signed:
        return form
    return Form(action=form.action, context=form.context, variant=form.variant, credential=credential, signed=signed)


def _minted(kind: str, name: str, trust: Mapping[str, Any], *, bound: bool) -> dict[str, Any] | None:
    """The credential of a kind that gives this name, in the words of a suite."""
    if kind in ("jwt-svid", "wit", "x509-svid"):
        if not name.startswith("spiffe://"):
            return None
        domain = name.removeprefix("spiffe://").partition("/")[0]
        known = trust.get("domains", {}) if kind == "x509-svid" else trust.get("issuers", {}).get(kind, {})
        return {"kind": kind, "issuer": domain, "claims": {"sub": name}} if domain in known else None
    issuer, mark, subject = name.partition("#")
    if not mark or issuer not in trust.get("issuers", {}).get(kind, {}):
        return None
    made: dict[str, Any] = {"kind": kind, "issuer": issuer, "claims": {"sub": subject}}
    if kind == "access-token":
        made["claims"]["client_id"] = subject
        if bound:
            made["bound"] = "dpop"
    elif kind == "kubernetes":
        made["claims"] = {
            "sub": "system:serviceaccount:livegate:workload",
            "kubernetes.io": {"namespace": "livegate", "serviceaccount": {"name": "workload", "uid": subject}},
        }
    return made
