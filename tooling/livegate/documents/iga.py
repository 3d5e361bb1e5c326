"""The ``iga`` document: who exists, and who may hold what."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from livegate.documents import leaves
from livegate.documents.directory import Directory
from livegate.documents.proofnames import ProofNames
from livegate.errors import DocumentError
from livegate.model.records import Effect, Grant, Identity, IdentityType, Status
from livegate.model.snapshot import Quarantined

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from livegate.model.records import AnyRecord
    from livegate.model.snapshot import Snapshot


_NAMED = 5
"""How many of the denies that match nobody a refusal names."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What a snapshot counts for among those of other systems.

    Attributes:
        secondary: it enters no identity; of those that a primary lists, its status counts where it is the stricter.
        names: issuer and identity attribute (``id`` or ``external_id``) that make a proof name ``issuer#attribute``.
        guards: nothing is allowed while it is too old, even if it lists no identity and no deny.
        ignore_unmatched_denies: a deny whose subject matches no identity is left out, and the document not refused.
    """

    secondary: bool = False
    guards: bool = False
    ignore_unmatched_denies: bool = False
    names: tuple[tuple[str, str], ...] = ()


PRIMARY = Rules()
"""What a source's snapshot counts for that says nothing of it."""


@dataclass(frozen=True, slots=True)
class Input:
    """One snapshot on its way into a document: its head and records, how its subjects are named, what it counts for."""

    head: Snapshot
    records: Iterable[AnyRecord]
    correlate: str
    rules: Rules = PRIMARY


@dataclass(slots=True)
class Built:
    """A document without its stamp, the identities it knows, and what could not be matched."""

    document: dict[str, Any]
    directory: Directory
    quarantined: list[Quarantined] = field(default_factory=list)


class Part:
    """What one snapshot gives to the document, gathered batch by batch: a run hands its records over as it
    writes them, so that they are never held together, nor read again.

    Args:
        system: whose snapshot it is.
        correlate: attribute of identities that the grants' subjects are matched by.
        rules: what it counts for among the others.
    """

    def __init__(self, system: str, correlate: str, rules: Rules = PRIMARY) -> None:
        self.system = system
        self.correlate = correlate
        self.rules = rules
        self.quarantined: list[Quarantined] = []
        self.identities: dict[str, str] = {}
        self.directory = Directory()
        self.proofs = ProofNames()
        self.unnamed: set[str] = set()
        """Responsible people whom no leaf can name."""
        self.severed: set[str] = set()
        """People whose leaf does not name the manager whom they have."""
        self.held: dict[Effect, dict[str, dict[str, str]]] = {effect: {} for effect in Effect}
        """Effect → subject, as the source names it → key → leaf."""

    def add(self, records: Iterable[AnyRecord]) -> None:
        """Gather some records; those of other kinds than grants and identities are passed over."""
        held, system = self.held, self.system
        grant_key, grant_leaf = leaves.grant_key, leaves.grant_leaf
        for record in records:
            if isinstance(record, Grant):
                subjects = held[record.effect]
                keys = subjects.get(record.subject)
                if keys is None:
                    keys = subjects[record.subject] = {}
                key = grant_key(record.entitlement, record.scope)
                leaf = grant_leaf(record, system)
                keys[key] = leaves.preferred(keys[key], leaf) if key in keys else leaf
            elif isinstance(record, Identity):
                self._identity(record)

    def _identity(self, record: Identity) -> None:
        self.directory.add(record)
        for name in (*record.names, *self._made(record)):
            if not self.proofs.add(name, record.id):
                self._tell(record, f"the proof name {name[:80]!r} is neither a SPIFFE ID nor issuer#subject")
        if self.rules.secondary:  # nobody asks it who is responsible, so that nothing is lost with that
            record = replace(record, owners=(), sponsor="", manager="")
        self.identities[record.id] = leaves.identity_leaf(record, self.system)
        unnamed = leaves.unnamed(record)
        if unnamed:
            role = "manager" if record.type is IdentityType.HUMAN and not leaves.owned(record) else "owner or sponsor"
            for person in unnamed:
                reason = f"its {role} {person[:80]!r} holds one of | , % and cannot be looked up: it is suspended; "
                self._tell(record, f"{reason}use another attribute as id", critical=True)
            self.unnamed.update(unnamed)
        if leaves.owned(record):
            reason = "a person with owners or a sponsor is an account of theirs: it is suspended; "
            self._tell(record, f"{reason}give it the type service_account, or export it without them", critical=True)
        if record.type is IdentityType.HUMAN and record.manager != leaves.manager(self.identities[record.id]):
            self.severed.add(record.id)

    def _made(self, identity: Identity) -> Iterator[str]:
        """The names that the rules make of the identity's own attributes."""
        for issuer, attribute in self.rules.names:
            if value := getattr(identity, attribute):
                yield f"{issuer}#{value}"

    def _tell(self, identity: Identity, reason: str, *, critical: bool = False) -> None:
        where = f"{self.system}: identity {identity.id}"
        self.quarantined.append(Quarantined(where=where, reason=reason, critical=critical))


def build(inputs: Iterable[Input]) -> Built:
    """The ``iga`` document of these snapshots, in their order; see :func:`join`."""
    return join((source.head, gather(source)) for source in inputs)


def gather(source: Input) -> Part:
    """The part of one snapshot, all of whose records are read."""
    part = Part(source.head.system, source.correlate, source.rules)
    part.add(source.records)
    return part


def join(parts: Iterable[tuple[Snapshot, Part]]) -> Built:
    """The ``iga`` document of these parts, in their order, each with the head of its snapshot. It takes them over.

    A grant whose subject matches no one identity is quarantined; a deny holds for everyone whom its subject
    matches. An identity that several systems list is as active as the strictest of them says; where two
    primaries differ in what it is, it counts as suspended, because nobody can say which is right. So does one
    whose responsible people cannot all be named, and whoever could pass for a stranger because of that.

    Raises:
        DocumentError: a deny matches nobody, and its source is not configured to leave such denies out.
    """
    identities: dict[str, str] = {}
    built = Built({}, Directory())
    snapshots: dict[str, Any] = {}
    gathered = []
    for snapshot, part in parts:
        snapshots[part.system] = head(snapshot)
        built.quarantined += part.quarantined
        gathered.append(part)
    names = ProofNames()
    for part in gathered:
        if not part.rules.secondary:
            _enter(identities, part, built)
            names.merge(part.proofs)
    for name, several in names.ambiguous():
        reason = f"{', '.join(several)} have the proof name {name!r}; it names none of them"
        built.quarantined.append(Quarantined(where="iga: proofs", reason=reason))
    for part in gathered:
        if part.rules.secondary:
            _restrict(identities, part, built)
    _suspend(identities, gathered, built)
    grants: dict[str, dict[str, str]] = {}
    denies: dict[str, dict[str, str]] = {}
    unmatched: list[str] = []
    for part in gathered:
        _hold(grants, part, built)
        unmatched += _deny(denies, part, built)
    if unmatched:
        raise _refusal(unmatched)
    built.document = {
        "snapshots": snapshots,
        "listed": {system: snapshot["id"] for system, snapshot in snapshots.items()},
        "guards": sorted(part.system for part in gathered if _guards(part)),
        "identities": identities,
        "proofs": names.certain(),
        "grants": grants,
        "denies": denies,
    }
    return built


def head(snapshot: Snapshot) -> dict[str, Any]:
    """What the documents say of a snapshot."""
    return {
        "id": snapshot.id,
        "sequence": snapshot.sequence,
        "observed_at": snapshot.observed_at,
        "expires_at": snapshot.expires_at,
        "count": snapshot.count,
        "sha256": snapshot.sha256,
    }


def _guards(part: Part) -> bool:
    return bool(part.rules.guards or part.identities or part.held[Effect.DENY])


def _enter(identities: dict[str, str], part: Part, built: Built) -> None:
    built.directory.merge(part.directory)
    for identity, leaf in part.identities.items():
        known = identities.setdefault(identity, leaf)
        if known is leaf:
            continue
        both = leaves.joined(known, leaf)
        if {leaves.manager(known), leaves.manager(leaf)} - {"", leaves.manager(both)}:
            part.severed.add(identity)
        for one in (known, leaf):
            both = leaves.at_most(both, leaves.status(one))
        identities[identity] = both
        if differences := leaves.differences(known, leaf):
            identities[identity] = leaves.at_most(identities[identity], Status.SUSPENDED)
            built.quarantined.append(
                Quarantined(
                    where=f"{leaves.system(known)} and {part.system}: identity {identity}",
                    reason=f"they differ in {', '.join(differences)}; nobody can tell which is right: it is suspended",
                )
            )


def _suspend(identities: dict[str, str], parts: list[Part], built: Built) -> None:
    """Suspend whoever could pass for a stranger where he is none, as not all leaves name whom they should.

    That is who cannot be named, and everyone below a person whose manager is lost: no superior of his is known
    beyond that one.
    """
    for identity in sorted({person for part in parts for person in part.unnamed} & identities.keys()):
        identities[identity] = leaves.at_most(identities[identity], Status.SUSPENDED)
        reason = "somebody's manager, owner or sponsor, and its id holds one of | , %: it is suspended; "
        reason += "use another attribute as id"
        built.quarantined.append(Quarantined(where=f"iga: identity {identity}", reason=reason, critical=True))
    severed = {identity for part in parts for identity in part.severed}
    below = _below(identities, severed) if severed else set()
    for identity in below:
        identities[identity] = leaves.at_most(identities[identity], Status.SUSPENDED)
    if below:
        named = ", ".join(sorted(below)[:_NAMED])
        reason = f"{len(below)} people have a manager above them whose own is in doubt ({named}); they are suspended"
        built.quarantined.append(Quarantined(where="iga: identities", reason=reason, critical=True))


def _below(identities: dict[str, str], severed: set[str]) -> set[str]:
    """Everyone who has one of these among his superiors, and is none of them."""
    staff: dict[str, list[str]] = {}
    for identity, leaf in identities.items():
        if manager := leaves.manager(leaf):
            staff.setdefault(manager, []).append(identity)
    reached = set(severed)
    waiting = list(severed)
    while waiting:
        found = set(staff.get(waiting.pop(), ())) - reached
        reached |= found
        waiting += found
    return reached - severed


def _restrict(identities: dict[str, str], part: Part, built: Built) -> None:
    strangers = 0
    for identity, leaf in part.identities.items():
        if identity in identities:
            identities[identity] = leaves.at_most(identities[identity], leaves.status(leaf))
        else:
            strangers += 1
    if strangers:
        built.quarantined.append(
            Quarantined(where=f"{part.system}: identities", reason=f"no primary source lists {strangers} of them")
        )


def _hold(target: dict[str, dict[str, str]], part: Part, built: Built) -> None:
    for subject, keys in part.held[Effect.ALLOW].items():
        identity = built.directory.find(part.correlate, subject)
        if identity is None:
            built.quarantined.append(
                Quarantined(
                    where=f"{part.system}: subject {subject}",
                    reason=f"no one identity has this {part.correlate}; {len(keys)} allow grants give nothing",
                )
            )
            continue
        known = target.setdefault(identity, keys)
        if known is not keys:
            _merge(known, keys)


def _deny(target: dict[str, dict[str, str]], part: Part, built: Built) -> list[str]:
    """Put the part's denies on everyone whom they may mean; gives those that match nobody and may not be left out."""
    unmatched = []
    for subject, keys in part.held[Effect.DENY].items():
        # a secondary's own names are not in the document's directory, and may mean yet another one
        found = {
            identity
            for directory in (built.directory, part.directory)
            for identity in directory.candidates(part.correlate, subject)
        }
        for identity in sorted(found):
            _merge(target.setdefault(identity, {}), keys)
        where = f"{part.system}: subject {subject}"
        if len(found) > 1:
            reason = f"{len(found)} identities have this {part.correlate}; {len(keys)} denies hold for each of them"
            built.quarantined.append(Quarantined(where=where, reason=reason))
        elif not found and part.rules.ignore_unmatched_denies:
            reason = f"no identity has this {part.correlate}; {len(keys)} denies deny nobody"
            built.quarantined.append(Quarantined(where=where, reason=reason))
        elif not found:
            unmatched.append(f"{part.system}: {subject!r}")
    return unmatched


def _merge(known: dict[str, str], keys: dict[str, str]) -> None:
    for key, leaf in keys.items():
        known[key] = leaves.preferred(known[key], leaf) if key in known else leaf


def _refusal(unmatched: list[str]) -> DocumentError:
    named = "; ".join(unmatched[:_NAMED])
    more = f"; and {len(unmatched) - _NAMED} more" if len(unmatched) > _NAMED else ""
    return DocumentError(
        f"denies match no identity, and without them more would be allowed ({named}{more})",
        where="iga",
        todo="correct the subject, or `correlate` of the source; or configure it with `unmatched_denies: ignore`",
    )
