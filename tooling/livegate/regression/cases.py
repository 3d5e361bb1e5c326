"""What a suite says once it is read: cases, what is expected of them, and the organisation that they are asked of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from livegate.model.records import Revocation
    from livegate.regression.places import Spot

BASES = ("example", "empty", "synced", "live")
"""Populations that need no file; see :class:`Given`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """What a person judged right. What is None is not judged; ``reasons`` and ``obligations`` are complete.

    Attributes:
        allow: the decision. reasons: ids. obligations: types, sorted. valid_until: ns. evidence: a part of it, by gate.
        context: a part of the answer's whole context, as it is in there.
    """

    allow: bool
    reasons: frozenset[str] = frozenset()
    obligations: tuple[str, ...] | None = None
    valid_until: int | None = None
    evidence: Mapping[str, Any] | None = None
    context: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """Which organisation, and what is changed in it before its bundles are signed: equal ones can share one OPA.

    Attributes:
        population: its name, as the suite has it.
        base: what it is made of: ``example`` (the example organisation), ``empty`` (no identities, but the project's
            rules, catalogue, configuration and trust), ``synced`` (what the last sync wrote into the project),
            ``documents`` (those in ``documents``), ``live`` (an OPA that runs elsewhere: nothing is made). Empty for
            the one that the population is called after.
        synced: when its sources are read and its documents issued (ns); None for the base's own instant.
        revocations: entered as ``livegate revoke`` would.
        outage: for how long (ns) its IGA and PAM systems could not be reached, when all else was issued again.
        overlay: records put in and taken out and merge patches of documents, as the canonical JSON of
            :class:`livegate.regression.overlay.Overlay`; empty for none.
        spoilt: what is changed after all checks, as :mod:`livegate.regression.spoilt` has it; empty for nothing.
        documents: root → document as canonical JSON, where the base is ``documents``.
        places: ``file:line:column`` of what the overlay says, by :data:`livegate.regression.overlay.Place`, for errors.
    """

    population: str
    base: str = ""
    synced: int | None = None
    revocations: tuple[Revocation, ...] = ()
    outage: int = 0
    overlay: str = ""
    spoilt: str = ""
    documents: str = field(default="", repr=False)
    places: Mapping[tuple[str, str], Spot] = field(default_factory=dict, compare=False, repr=False)

    @property
    def made_of(self) -> str:
        """The base."""
        return self.base or self.population

    @property
    def live(self) -> bool:
        """Whether it is an OPA that runs elsewhere, whose clock and documents are its own."""
        return self.made_of == "live"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One request at one instant (ns) and what is expected of it. ``request`` is any JSON value.

    Attributes:
        given: the organisation that it is asked of. line: where it stands in its file, from 1; of a table, its row.
        entry: line at which its whole entry begins: its own, or that of its table or scene; 0 for its own.
        instant: 0 where the population is live.
        tags: words to choose cases by. scene: of which it is a step.
        credential: what is minted and put into the request when it is asked; times in its claims are ns.
        signed: the enforcement point that signs the request, as ``pep``, and how.
    """

    name: str
    controls: tuple[str, ...]
    instant: int
    request: Any
    expect: Expectation
    line: int
    given: Given
    tags: tuple[str, ...] = ()
    scene: str | None = None
    entry: int = 0
    credential: Mapping[str, Any] | None = None
    signed: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """The cases of one file. ``given`` is what a case of it is asked of that says nothing else."""

    title: str
    file: str
    given: Given
    cases: tuple[Case, ...]
    tags: tuple[str, ...] = ()
