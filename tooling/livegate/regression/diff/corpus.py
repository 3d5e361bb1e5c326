"""Questions generated from the documents of both sides: every subject, action and resource that either side can reach.

Whoever holds anything for an action (a grant, a deny, an elevation, break-glass or a mandate, live or not) is asked
in every form of :mod:`forms`, at the instant and around each end of what is held. Whoever holds nothing is asked
once; of those, a sample by a fixed seed where there are too many. Pure.
"""

from __future__ import annotations

import itertools
import random
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from livegate.regression.diff.forms import Form, Forms
from livegate.regression.diff.moments import around, grant_ends, record_ends
from livegate.regression.diff.values import Edge
from livegate.regression.diff.windows import window_ends
from livegate.regression.diff.world import Resource, World

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from livegate.regression.diff.world import Deed

Row = tuple[int, int, int, int]
"""Positions of subject, resource, form and moment in the tables of the corpus."""
Reached = dict[int, tuple[set[str], set[str]]]

LIMIT = 200_000
SEED = 1
NOBODY, OTHER = "livegate-nobody", "livegate-any-other"
"""Ids that nobody and nothing has."""
_FRESH = 6
_RECORDS = ("elevations", "break_glass", "mandates")


@dataclass(frozen=True, slots=True)
class Moment:
    """An instant (ns), and whether the listings are moved there or stay as old as they are by then."""

    instant: int
    moved: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """How much of what is possible is asked: pairs of a subject with an action on a resource, and decisions."""

    held: int
    held_asked: int
    others: int
    others_asked: int
    decisions: int

    @property
    def complete(self) -> bool:
        """Whether nothing was left out."""
        return self.held == self.held_asked and self.others == self.others_asked


@dataclass(slots=True)
class Corpus:
    """Tables, and rows of positions in them: a million questions in a few dozen megabytes."""

    subjects: list[dict[str, str]] = field(default_factory=list)
    resources: list[Resource] = field(default_factory=list)
    forms: list[tuple[Form, Deed]] = field(default_factory=list)
    moments: list[Moment] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    reach: Reach = Reach(held=0, held_asked=0, others=0, others_asked=0, decisions=0)

    def request(self, row: Row) -> dict[str, Any]:
        """The request of a row, without credential and signature."""
        subject, resource, form, _ = row
        made = self.forms[form][0]
        request = {
            "subject": self.subjects[subject],
            "action": dict(made.action),
            "resource": self.resources[resource].asked(),
        }
        return request if made.context is None else request | {"context": dict(made.context)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """How large a corpus is to be. ``complete``: every pair, whatever ``limit`` says. ``limit``: decisions a side."""

    complete: bool = False
    limit: int = LIMIT
    seed: int = SEED


def corpus(
    worlds: Sequence[World],
    instant: int,
    wanted: Wanted,
    *,
    known: Mapping[str, Mapping[str, Any]],
    everywhere: bool,
) -> Corpus:
    """The questions.

    Args:
        worlds: of both sides. instant: ns, at which all is asked.
        wanted: how much of it. known: digest → parameters that are known to have it.
        everywhere: whether rules or hand-kept documents differ; if not, only the ends of those whose records differ
            are asked around.
    """
    return _Maker(worlds, instant, wanted, known).made(everywhere=everywhere)


class _Maker:
    def __init__(
        self, worlds: Sequence[World], instant: int, wanted: Wanted, known: Mapping[str, Mapping[str, Any]]
    ) -> None:
        self._worlds, self._wanted = worlds, wanted
        self._forms = [Forms(world, known) for world in worlds]
        self._made = Corpus(moments=[Moment(instant, moved=False)])
        self._form_at: dict[str, int] = {}
        self._moment_at = {self._made.moments[0]: 0}
        self._plain_at: dict[tuple[str, Deed], list[int]] = {}
        self._deeds: list[Deed] = sorted({deed for world in worlds for deed in world.deeds()})
        self._privileged = {deed for world in worlds for deed in world.deeds() if world.action(deed).get("privileged")}
        self._tables()

    def made(self, *, everywhere: bool) -> Corpus:
        held = self._held()
        pairs = sorted(held, key=lambda pair: (pair[1] not in self._privileged, pair))
        rows: list[Row] = []
        asked = 0
        for pair in pairs:  # privileged ones first, so that they stay where there are too many
            if len(rows) >= self._wanted.limit and not self._wanted.complete:
                break
            rows += [(pair[0], pair[2], form, 0) for form in self._every(pair)]
            asked += 1
        for row in self._around(pairs[:asked], everywhere=everywhere):
            if len(rows) >= self._wanted.limit and not self._wanted.complete:
                break
            rows.append(row)
        total = sum(len(self._made.subjects) * len(self._by_type[deed[0]]) for deed in self._deeds)
        count = 0
        for subject, deed, resource in self._others(held, total, self._wanted.limit - len(rows)):
            rows += [(subject, resource, form, 0) for form in self._plain(subject, deed)]
            count += 1
        self._made.rows = rows
        self._made.reach = Reach(
            held=len(pairs), held_asked=asked, others=total - len(pairs), others_asked=count, decisions=len(rows)
        )
        return self._made

    def _tables(self) -> None:
        found: dict[tuple[str, str], None] = {}
        for world in self._worlds:
            for subject, kind in sorted(world.subjects().items()):
                found[subject, kind] = None
        found[NOBODY, "human"] = None
        self._made.subjects = [{"type": kind, "id": subject} for subject, kind in found]
        self._asserting = {
            kind: any(world.asserts(pep, "parents") for world in self._worlds for pep in world.peps(kind))
            for kind in {deed[0] for deed in self._deeds}
        }
        resources = dict.fromkeys(itertools.chain.from_iterable(self._named(world) for world in self._worlds))
        self._made.resources = list(resources)
        self._by_type: dict[str, list[int]] = defaultdict(list)
        for number, resource in enumerate(self._made.resources):
            self._by_type[resource.type].append(number)

    def _named(self, world: World) -> Iterator[Resource]:
        """The catalogue's resources, those of scopes, and unknown ones, below every parent that may be asserted."""
        kinds = list(self._asserting)
        scopes = sorted(set(world.all_scopes()))
        for scope in scopes:
            kind, mark, id_ = scope.partition(":")
            if mark and id_ and kind in self._asserting:
                yield Resource(kind, id_)
        for kind in kinds:
            yield Resource(kind, OTHER)
            if self._asserting[kind]:
                for scope in scopes:
                    if ":" in scope and scope.partition(":")[0] not in self._asserting:
                        yield Resource(kind, OTHER, (scope,))

    def _held(self) -> set[tuple[int, Deed, int]]:
        """Everybody with what he holds anything for, on either side."""
        found: set[tuple[int, Deed, int]] = set()
        for world in self._worlds:
            reached: dict[str, list[tuple[Deed, int]]] = defaultdict(list)
            for deed in self._deeds:
                for number in self._by_type[deed[0]]:
                    for key in world.keys(deed, self._made.resources[number]):
                        reached[key].append((deed, number))
            for subject, entry in enumerate(self._made.subjects):
                for key in world.held(entry["id"]):
                    found.update((subject, deed, number) for deed, number in reached.get(key, ()))
        return found

    def _every(self, pair: tuple[int, Deed, int]) -> Iterator[int]:
        subject, deed, resource = pair
        seen = set()
        for forms in self._forms:
            if not forms.world.action(deed):
                continue
            for form in forms.every(self._made.subjects[subject]["id"], deed, self._made.resources[resource]):
                number = self._form(form, deed)
                if number not in seen:
                    seen.add(number)
                    yield number

    def _plain(self, subject: int, deed: Deed) -> list[int]:
        id_ = self._made.subjects[subject]["id"]
        # most of what holds nothing is asked alike, so that its form is made once
        like = "" if self._ordinary(id_, deed) else id_
        if (like, deed) not in self._plain_at:
            self._plain_at[like, deed] = list(
                dict.fromkeys(
                    self._form(form, deed)
                    for forms in self._forms
                    if forms.world.action(deed)
                    for form in forms.plain(id_, deed)
                )
            )
        return self._plain_at[like, deed]

    def _ordinary(self, subject: str, deed: Deed) -> bool:
        if any(
            world.kind(subject) != "human" or "persons" in world.action(deed).get("limits", {})
            for world in self._worlds
        ):
            return False
        return all(form.credential is None for forms in self._forms for form in forms.plain(subject, deed))

    def _form(self, form: Form, deed: Deed) -> int:
        key = f"{deed[0]} {form.key}"
        if key not in self._form_at:
            self._form_at[key] = len(self._made.forms)
            self._made.forms.append((form, deed))
        return self._form_at[key]

    def _moment(self, moment: Moment) -> int:
        if moment not in self._moment_at:
            self._moment_at[moment] = len(self._made.moments)
            self._made.moments.append(moment)
        return self._moment_at[moment]

    def _around(self, pairs: Sequence[tuple[int, Deed, int]], *, everywhere: bool) -> Iterator[Row]:
        """Each pair around every end of what is held for it; and a few of each action around the ends of listings."""
        instant = self._made.moments[0].instant
        changed = None if everywhere else self._changed()
        fresh: dict[Deed, int] = defaultdict(int)
        for pair in pairs:
            subject, deed, resource = pair
            id_ = self._made.subjects[subject]["id"]
            forms = [number for number in self._every(pair) if self._made.forms[number][0].variant == Edge.LEAST]
            if changed is None or id_ in changed:
                ends = set(self._ends(id_, deed, self._made.resources[resource], instant))
                for end in sorted(around(ends, but=instant)):
                    at = self._moment(Moment(end, moved=True))
                    yield from ((subject, resource, form, at) for form in forms)
            if everywhere and fresh[deed] < _FRESH and self._promising(id_, deed, resource):
                fresh[deed] += 1
                for end in sorted(around(set(self._ages(deed)), but=instant)):
                    at = self._moment(Moment(end, moved=False))
                    yield from ((subject, resource, form, at) for form in forms[:1])

    def _promising(self, subject: str, deed: Deed, resource: int) -> bool:
        """Whether somebody holds enough to be allowed perhaps."""
        for world in self._worlds:
            keys = world.keys(deed, self._made.resources[resource])
            granted = any(key in keys for key, _ in world.leaves(subject))
            raised = any(
                key in keys
                for name in ("elevations", "break_glass")
                for record in world.records(name, subject).values()
                for key in record.get("keys", ())
            )
            if granted and (raised or deed not in self._privileged):
                return True
        return False

    def _ends(self, subject: str, deed: Deed, resource: Resource, instant: int) -> Iterator[int]:
        for world in self._worlds:
            keys = world.keys(deed, resource)
            for key, leaf in world.leaves(subject):
                if key in keys:
                    yield from grant_ends(leaf)
            for name in _RECORDS:
                for record in world.records(name, subject).values():
                    if keys & {*record.get("keys", ()), *record.get("authority", ())}:
                        yield from record_ends(record)
            limits = world.action(deed).get("limits", {})
            if limits.get("freezes"):
                for freeze in world.documents["catalog"].get("freezes", {}).values():
                    yield from (freeze["from"], freeze["to"])
            yield from window_ends(limits.get("windows", ()), instant)

    def _ages(self, deed: Deed) -> Iterator[int]:
        """When what was listed is too old for an action."""
        for world in self._worlds:
            ages = world.documents["config"].get("tiers", {}).get(world.action(deed).get("tier"), {}).get("ages", {})
            for root in ("catalog", "iga", "pam", "trust", "revocations"):
                document = world.documents[root]
                if "bundle" in document:
                    yield document["bundle"]["expires_at"]
                    if root == "revocations" and root in ages:
                        yield document["bundle"]["issued_at"] + ages[root]
                for snapshot in document.get("snapshots", {}).values():
                    yield snapshot["expires_at"]
                    if root in ages:
                        yield snapshot["observed_at"] + ages[root]

    def _changed(self) -> set[str]:
        """Whose own records are not the same on both sides."""
        base, head = self._worlds
        return {
            entry["id"]
            for entry in self._made.subjects
            if base.leaf(entry["id"]) != head.leaf(entry["id"])
            or dict(base.leaves(entry["id"])) != dict(head.leaves(entry["id"]))
            or any(base.records(name, entry["id"]) != head.records(name, entry["id"]) for name in _RECORDS)
        }

    def _others(self, held: set[tuple[int, Deed, int]], total: int, room: int) -> Iterator[tuple[int, Deed, int]]:
        """Pairs of those who hold nothing: all of them, or of each action as many as there is room for."""
        if self._wanted.complete or total - len(held) <= room:
            for deed in self._deeds:
                for pair in itertools.product(range(len(self._made.subjects)), (deed,), self._by_type[deed[0]]):
                    if pair not in held:
                        yield pair
            return
        chance = random.Random(self._wanted.seed)  # noqa: S311  # a sample that can be drawn again, no secret
        left = max(0, room)
        for position, deed in enumerate(self._deeds):
            share = left // (len(self._deeds) - position)
            resources = self._by_type[deed[0]]
            size = len(self._made.subjects) * len(resources)
            drawn = chance.sample(range(size), min(size, share))
            for number in sorted(drawn):
                pair = (number // len(resources), deed, resources[number % len(resources)])
                if pair not in held:
                    left -= 1
                    yield pair


def known_parameters(requests: Iterable[Any], digest: Any) -> dict[str, Mapping[str, Any]]:
    """Digest → parameters of every request that has any, so that what was approved can be asked for."""
    found: dict[str, Mapping[str, Any]] = {}
    for request in requests:
        action = request.get("action") if isinstance(request, dict) else None
        properties = action.get("properties") if isinstance(action, dict) else None
        if isinstance(properties, dict) and properties:
            found[digest(properties)] = properties
    return found
