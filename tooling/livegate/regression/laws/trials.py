"""What laws are tried on: the cases of suites, and every request that the documents suggest."""

from __future__ import annotations

import copy
import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from livegate.errors import ConfigError, SuiteError
from livegate.regression.ask import Question
from livegate.regression.diff.forms import Forms
from livegate.regression.diff.world import Resource, World

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from random import Random

    from livegate.regression.cases import Case, Suite
    from livegate.regression.diff.world import Deed
    from livegate.regression.issuers import Issuers

_FORMS = 4
_UNKNOWN = "law-unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """An organisation that is asked: its documents, root by root, and who mints its credentials.

    Attributes:
        own: those of its documents that are not what OPA has loaded; put in their place in each question.
    """

    name: str
    documents: Mapping[str, Any] = field(repr=False)
    issuers: Issuers = field(repr=False)
    own: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def under(self, changed: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        """The documents of a question, some of them changed; for questions that share them, to be made once."""
        return {**self.own, **changed} if changed else self.own


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One request to be decided, its credential not minted yet. See :class:`~livegate.regression.cases.Case`.

    Attributes:
        origin: where it comes from, for people.
    """

    request: Any
    instant: int
    place: Place
    origin: str
    credential: Mapping[str, Any] | None = None
    signed: Mapping[str, Any] | None = None

    def question(self, documents: Mapping[str, Any], *, change: Any = None) -> Question:
        """What is asked, with a fresh credential.

        Args:
            documents: as :meth:`Place.under` gave them. change: made to the request before it is signed, a function.

        Raises:
            SuiteError: nobody can mint the credential; names the case.
        """
        request = self.request if change is None else change(self.request)
        if isinstance(request, dict) and not isinstance(request.get("context", {}), dict):
            return Question(request=request, instant=self.instant, documents=documents)  # nowhere to put it
        try:
            made = self.place.issuers.equip(request, self.credential, self.signed, now=self.instant)
        except ConfigError as error:
            raise SuiteError(error.what, where=self.origin, todo=error.todo) from error
        return Question(request=made, instant=self.instant, documents=documents)


def of_case(case: Case, suite: Suite, place: Place) -> Probe:
    """The probe of a case."""
    return Probe(
        request=case.request,
        instant=case.instant,
        place=place,
        origin=f"{suite.file}:{case.line}",
        credential=case.credential,
        signed=case.signed,
    )


def corpus(place: Place, instant: int, most: int, random: Random) -> tuple[list[Probe], str | None]:
    """Every subject with every action on every resource that the documents name, in the forms in which it would ask.

    Beside those there are one subject and one resource of each type that nobody knows. An action has up to four forms:
    whoever holds something for it asks as it has to, and at the edge of what is permitted.

    Args:
        most: how many pairs of subject and resource at most, about; of more, some of the subjects are drawn.

    Returns:
        The probes, and what was left out, for people; None for nothing.
    """
    world = World.of(place.documents)
    resources = _resources(place.documents)
    known = {**world.subjects(), _UNKNOWN: "human"}
    pairs = [
        (deed, resource)
        for deed in world.deeds()
        for resource in (*resources.get(deed[0], ()), Resource(deed[0], _UNKNOWN))
    ]
    pairs = random.sample(pairs, min(len(pairs), most))
    subjects = random.sample(sorted(known), min(len(known), max(1, most // max(1, len(pairs)))))
    made = [
        probe
        for subject in subjects
        for deed, resource in pairs
        for probe in _asking(Forms(world), place, instant, (subject, known[subject]), deed, resource)
    ]
    left = len(known) - len(subjects)
    return made, f"requests of {left} of {len(known)} subjects that the documents suggest" if left else None


def _asking(
    forms: Forms, place: Place, instant: int, subject: tuple[str, str], deed: Deed, resource: Resource
) -> Iterator[Probe]:
    for form in itertools.islice(forms.every(subject[0], deed, resource), _FORMS):
        request: dict[str, Any] = {
            "subject": {"type": subject[1], "id": subject[0]},
            "action": copy.deepcopy(dict(form.action)),
            "resource": resource.asked(),
        }
        if form.context is not None:
            request["context"] = copy.deepcopy(dict(form.context))
        yield Probe(
            request=request,
            instant=instant,
            place=place,
            origin="corpus",
            credential=form.credential,
            signed={"pep": request["context"]["pep"]} if form.signed else None,
        )


def _resources(documents: Mapping[str, Any]) -> dict[str, list[Resource]]:
    """Type → resources that the catalogue lists, or a grant, a record of PAM or a mandate is about."""
    names = set(documents["catalog"].get("resources", {}))
    names |= {scope for key in _keys(documents) if ":" in (scope := key.rpartition("@")[2])}
    types = set(documents["catalog"].get("actions", {}))
    found: dict[str, list[Resource]] = {}
    for name in sorted(names):
        kind, _, id_ = name.partition(":")
        if kind in types and id_:
            found.setdefault(kind, []).append(Resource(kind, id_))
    return found


def _keys(documents: Mapping[str, Any]) -> Iterable[str]:
    for name in ("grants", "denies"):
        for held in documents["iga"].get(name, {}).values():
            yield from held
    for name in ("elevations", "break_glass", "mandates"):
        for held in documents["pam"].get(name, {}).values():
            for record in held.values():
                yield from record.get("keys", ())
                yield from record.get("authority", ())
