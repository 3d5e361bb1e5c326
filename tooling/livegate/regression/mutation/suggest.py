"""The missing case: a variation of a case that there is which the policy decides otherwise than its mutant.

Requests lose or change a member, the clock stands at the edges of what the documents know, subjects and resources are
exchanged, a document is changed where its schema allows it. What is found is what the policy says today: whether that
is right, a person says.
"""

from __future__ import annotations

import contextlib
import copy
import itertools
import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from livegate import schema
from livegate.errors import LivegateError
from livegate.model.instants import LEAST, MOST, show
from livegate.regression import ask, compare, paste
from livegate.regression.mutation import data, outline
from livegate.regression.mutation.bench import Bench, QueryError, TimeOutError
from livegate.regression.mutation.run import learnt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from livegate.regression.mutation.cases import Trial
    from livegate.regression.mutation.data import DataMutant
    from livegate.regression.mutation.mutants import Mutant
    from livegate.regression.mutation.tree import Module

_BATCH = 250


@dataclass(frozen=True, slots=True)
class Variation:
    """A case that is changed in one thing.

    Attributes:
        raw: the request without its credential; ``request``: with it. instant: ns. given: as in a suite, what is
            changed in the documents. documents: root → document, with that change.
    """

    trial: Trial
    what: str
    raw: Any = field(repr=False)
    request: Any = field(repr=False)
    instant: int
    documents: Mapping[str, Any] = field(repr=False)
    given: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A case to judge. ``text``: ready to paste. ``like``: the case that it varies. ``what``: in what."""

    text: str
    like: str
    what: str


class Suggester:
    """Variations of all cases, the policy's answers to them, and the first that a mutant answers otherwise.

    Args:
        trials: cases. documents: root → document of the organisation. seed: draws the variations.
        count: how many are tried on each mutant. closed: gates that can be asked alone (:mod:`outline`).
    """

    def __init__(
        self,
        trials: Sequence[Trial],
        documents: Mapping[str, Any],
        *,
        seed: int,
        count: int,
        closed: frozenset[str] = frozenset(),
    ) -> None:
        self._own = [trial for trial in trials if not trial.documents]
        self._instants = sorted(set(_instants(documents)))
        self._values = _values([trial.case.request for trial in self._own])
        self._changes = data.mutants(documents)
        self._seed, self._count = seed, count
        self._closed = closed
        self._gate = ""
        self._made: tuple[list[Variation], Mapping[int, Any]] = ([], {})

    def search(self, bench: Bench, mutant: Mutant) -> Suggestion | None:
        """A case that tells the mutant, which the bench has taken, from the policy; None if none was found.

        Raises:
            EngineError: OPA ended, or cannot be asked.
        """
        pool, said = self._pool(bench, mutant.gate)
        gate = learnt(bench, mutant, self._closed)
        if bench.choose(mutant) is not None:
            return None
        for start in range(0, len(pool), _BATCH):
            part = pool[start : start + _BATCH]
            try:
                if gate is not None:
                    part = bench.told_apart(gate, part)
                answers = bench.answers(part)
            except QueryError:
                answers = [None] * len(part)
            except TimeOutError:
                return None
            for variation, after in zip(part, answers, strict=True):
                before = said[id(variation)]
                if not ask.problem(variation, before) and _said(before) != _said(after):
                    return _suggestion(mutant, variation, before, after)
        return None

    def _pool(self, bench: Bench, gate: str) -> tuple[list[Variation], Mapping[int, Any]]:
        """The variations for a gate and what the policy says to each; the bench keeps them."""
        if self._gate != gate:
            bench.unchosen()
            pool = list(self._variations(gate))
            bench.keep(pool)
            said: dict[int, Any] = {}
            for start in range(0, len(pool), _BATCH):
                part = pool[start : start + _BATCH]
                said.update(zip(map(id, part), bench.answers(part), strict=True))
            self._gate, self._made = gate, (pool, said)
        return self._made

    def _variations(self, gate: str) -> Iterator[Variation]:
        """``count`` of them, those of the gate's own cases and of what is allowed before all others."""
        rng = random.Random(f"{self._seed} {gate}")  # noqa: S311  # nothing secret hangs on it
        near = [trial for trial in self._own if any(name.startswith(f"{gate}.") for name in trial.case.expect.reasons)]
        near += [trial for trial in self._own if trial.case.expect.allow]
        changes = itertools.cycle(rng.sample(self._changes, len(self._changes)) or [None])
        made = 0
        while made < self._count and self._own:
            trial = rng.choice(near if near and rng.random() < 0.8 else self._own)
            change = next(changes) if rng.random() < 0.4 else None
            variation = _redocumented(trial, change) if change else self._vary(trial, rng)
            if variation is not None:
                made += 1
                yield variation

    def _vary(self, trial: Trial, rng: random.Random) -> Variation | None:
        raw, instant = trial.case.request, trial.instant
        if rng.random() < 0.5 and self._instants:
            near = [one for one in self._instants if abs(one - instant) < _YEAR] or self._instants
            instant = rng.choice(near) + rng.choice((-1, 0, 1))
            what = f"asked at {show(instant)}" if LEAST <= instant <= MOST else ""
        else:
            raw, what = _changed(raw, self._values, rng)
        placed = not isinstance(raw, dict) or isinstance(raw.get("context", {}), dict)
        if not what or (not placed and (trial.case.credential or trial.case.signed)):
            return None  # what is left of it has no place for a credential
        try:
            request = trial.equip(raw, instant)
        except LivegateError:
            return None
        return Variation(trial, what, raw, request, instant, trial.documents)


def _redocumented(trial: Trial, change: DataMutant) -> Variation | None:
    """The same case where a document is another, if that could be built and signed."""
    documents = {change.root: change.document}
    if change.root == "trust" or not schema.validator("livegate.documents", change.root).is_valid(change.document):
        return None
    what = f"with {change.where} {change.name}"
    given = {"documents": {change.root: change.patch()}}
    return Variation(trial, what, trial.case.request, trial.request, trial.instant, documents, given)


_YEAR = 366 * 86_400 * 1_000_000_000


def _changed(request: Any, values: Mapping[str, Sequence[Any]], rng: random.Random) -> tuple[Any, str]:
    """A request in which one member is gone or another, and what; empty where there is nothing to change."""
    paths = [path for path in _paths(request, ()) if path and path[0] != "credential"]
    if not paths:
        return request, ""
    path = rng.choice(paths)
    made = copy.deepcopy(request)
    around = made
    for step in path[:-1]:
        around = around[step]
    name = ".".join(map(str, path))
    known = [value for value in values.get(str(path[-1]), ()) if value != around[path[-1]]]
    odd: list[Any] = ["", None, 0, -1, 1.5, [], {}, "another", True, 10**12, 10**13]
    choice = rng.random()
    if choice < 0.25:
        del around[path[-1]]
        return made, f"without {name}"
    value = around[path[-1]]
    if choice < 0.45 and isinstance(value, int | float) and not isinstance(value, bool):
        around[path[-1]] = value + rng.choice((-1, 1, 0.01))
    else:
        around[path[-1]] = rng.choice(known) if known and choice < 0.85 else rng.choice(odd)
    return made, f"{name} changed"


def _paths(value: Any, path: tuple[str | int, ...]) -> Iterator[tuple[str | int, ...]]:
    yield path
    if isinstance(value, dict):
        for key in sorted(value):
            yield from _paths(value[key], (*path, key))
    elif isinstance(value, list):
        for index, member in enumerate(value):
            yield from _paths(member, (*path, index))


def _values(requests: Sequence[Any]) -> dict[str, list[Any]]:
    """Name of a member → the values that it has in any request, each once."""
    found: dict[str, dict[str, Any]] = {}
    for request in requests:
        for path in _paths(request, ()):
            value = request
            for step in path:
                value = value[step]
            if path:
                found.setdefault(str(path[-1]), {}).setdefault(repr(value), value)
    return {name: list(values.values()) for name, values in found.items()}


def _instants(value: Any) -> Iterator[int]:
    """Every time that the documents know, ns: numbers of that size, and seconds in the texts of grants."""
    if isinstance(value, dict):
        for inner in value.values():
            yield from _instants(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _instants(inner)
    elif isinstance(value, int) and LEAST <= value <= MOST:
        yield value
    elif isinstance(value, str) and "|" in value:
        yield from (int(part) * 1_000_000_000 for part in value.split("|") if len(part) == 10 and part.isdigit())


def _said(answer: Any) -> Any:
    """What a case can judge of an answer."""
    if compare.malformed(answer):
        return None
    context = answer["context"]
    return (
        answer["decision"],
        sorted(reason["id"] for reason in context["reasons"]),
        sorted(item["type"] for item in context["obligations"]),
        context.get("valid_until"),
        context["evidence"],
        {name: value for name, value in context.items() if name in _JUDGED},
    )


_JUDGED = ("reasons", "obligations", "cache", "next_action", "access_request")
"""What else of the context says something of the case, not of the documents and the clock."""


def _differing(mine: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """What a case would say of ``mine`` to tell it from ``other``: members that differ, None for those it has not."""
    made: dict[str, Any] = {name: None for name in other if name not in mine}
    for name, value in mine.items():
        if value != other.get(name):
            deeper = isinstance(value, dict) and isinstance(other.get(name), dict)
            made[name] = _differing(value, other[name]) if deeper else value
    return made


def _suggestion(mutant: Mutant, variation: Variation, before: Any, after: Any) -> Suggestion:
    context, case = before["context"], variation.trial.case
    expect: dict[str, Any] = {"decision": "allow" if before["decision"] else "deny"}
    if not before["decision"]:
        expect["reasons"] = sorted(reason["id"] for reason in context["reasons"])
    mine, other = _said(before), _said(after)
    if other is not None:
        if mine[2] != other[2]:
            expect["obligations"] = mine[2]
        if before["decision"] and mine[3] != other[3]:
            expect["valid_until"] = mine[3]
        if mine[4] != other[4]:
            expect["evidence"] = _differing(mine[4], other[4])
        if mine[:5] == other[:5]:
            expect["context"] = _differing(mine[5], other[5])
    comment = (
        f"Judge this yourself: it is what the policy says today. It notices {mutant.where}, {mutant.name}.\n"
        f"Like {variation.trial.where!r}, {variation.what}."
    )
    text = paste.as_case(
        f"{case.name}, {variation.what}",
        variation.raw,
        variation.instant,
        expect,
        controls=case.controls,
        given=variation.given,
        comment=comment,
        credential=case.credential,
        signed=case.signed,
    )
    return Suggestion(text=text, like=variation.trial.where, what=variation.what)


def suggestions(
    engine: Path,
    modules: Sequence[Module],
    survivors: Sequence[Mutant],
    trials: Sequence[Trial],
    documents: Mapping[str, Any],
    *,
    folder: Path,
    jobs: int,
    seed: int,
    count: int,
    stopped: Callable[[], bool] = lambda: False,
    progress: Callable[[int], None] = lambda _: None,
) -> dict[int, Suggestion | None]:
    """Number of a mutant that survived → a case that would notice it, or None where none was found.

    Args:
        engine: OPA's binary. modules, documents: of the organisation. trials: cases that come out as judged.
        jobs: OPAs side by side. seed: draws the variations. count: how many are tried on each.
        stopped: asked between mutants. progress: told how many are done.

    Raises:
        EngineError: OPA ended, or cannot be asked.
    """
    gates: dict[str, list[Mutant]] = {}
    for mutant in survivors:
        gates.setdefault(mutant.gate, []).append(mutant)
    found: dict[int, Suggestion | None] = {}
    closed = outline.closed(modules)

    def one(bench: Bench, part: Sequence[list[Mutant]]) -> None:
        suggester = Suggester(trials, documents, seed=seed, count=count, closed=closed)
        for listed in part:
            for module in {mutant.file: mutant.module for mutant in listed}.values():
                those = [mutant for mutant in listed if mutant.module is module]
                bench.restore()
                stillborn = bench.take(module, those)
                for mutant in those:
                    if stopped():
                        return
                    found[mutant.number] = None if mutant.number in stillborn else suggester.search(bench, mutant)
                    progress(len(found))

    parts = _shares(list(gates.values()), max(1, min(jobs, len(gates))))
    with contextlib.ExitStack() as stack:
        benches = [
            stack.enter_context(Bench(engine, modules, documents, folder=folder / f"suggest-{number}"))
            for number in range(len(parts))
        ]
        with ThreadPoolExecutor(len(parts)) as pool:
            list(pool.map(one, benches, parts))
    return found


def _shares(listed: Sequence[list[Mutant]], count: int) -> list[list[list[Mutant]]]:
    """So many parts that are about as large, the largest first."""
    parts: list[list[list[Mutant]]] = [[] for _ in range(count)]
    for one in sorted(listed, key=len, reverse=True):
        min(parts, key=lambda part: sum(map(len, part))).append(one)
    return parts
