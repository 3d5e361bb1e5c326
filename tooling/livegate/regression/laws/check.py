"""Laws tried on cases, on what the documents suggest, and on random requests and documents."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from livegate.errors import LivegateError, SuiteError
from livegate.pipeline import example
from livegate.regression.laws import changes, found, rego
from livegate.regression.laws.bench import Bench
from livegate.regression.laws.trial import Trial
from livegate.regression.laws.trials import Place, corpus, of_case
from livegate.regression.laws.variation import Words, vary
from livegate.regression.population import as_loaded, issued, serving
from livegate.regression.scratch import temporary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from livegate.opa.engine import Engine
    from livegate.project import Project
    from livegate.regression.cases import Case, Given, Suite
    from livegate.regression.laws.bench import Judged
    from livegate.regression.laws.found import Counterexample
    from livegate.regression.laws.law import Book, Law
    from livegate.regression.laws.trials import Probe
    from livegate.regression.population import Served

_LOOKED = 500
ROUNDS = 8
"""Least number of variants of the documents that a change of them is tried in, where it has so many."""

POPULATIONS = 8
"""How many populations are made, unless it is said: each takes the time of some five hundred decisions."""
CORPUS = 20_000
"""About how many pairs of subject and resource the documents suggest at most, unless it is said."""
SMALL = 10
"""How many counterexamples are made small, unless it is said: whoever broke more laws than this mends the first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What became of one law.

    Attributes:
        tried: decisions of which it speaks, or comparisons. broken: of these. excepted: not compared, by its exception.
        found: the first counterexample, made small.
    """

    law: Law
    tried: int
    broken: int
    excepted: int = 0
    found: Counterexample | None = None

    @property
    def vacuous(self) -> bool:
        """Whether nothing tried it, though it does not say that this may be."""
        return self.tried == 0 and self.law.may_be_vacuous is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All of it. ``asked``: what kind of question → how many. ``undecided``: where from, and why it says nothing."""

    results: tuple[Result, ...]
    asked: Mapping[str, int]
    seed: int
    count: int
    undecided: tuple[tuple[str, str], ...] = ()
    skipped: tuple[str, ...] = ()


@dataclass(slots=True)
class _Ledger:
    """What is counted, and the first breach of each law."""

    tried: Counter[int] = field(default_factory=Counter)
    broken: Counter[int] = field(default_factory=Counter)
    excepted: Counter[int] = field(default_factory=Counter)
    first: dict[int, Trial] = field(default_factory=dict)
    undecided: list[tuple[str, str]] = field(default_factory=list)

    def breach(self, trial: Trial) -> None:
        self.broken[trial.number] += 1
        self.first.setdefault(trial.number, trial)


def run(
    project: Project,
    book: Book,
    suites: Sequence[Suite],
    engine: Engine,
    *,
    count: int,
    seed: int,
    populations: int = POPULATIONS,
    most: int = CORPUS,
    small: int = SMALL,
    progress: Callable[[str], None] = lambda _: None,
) -> Report:
    """Try every law.

    Args:
        project: rules and documents. suites: whose cases, and variations of them, are tried. engine: OPA.
        count: random requests; and about as many comparisons for every four laws about a change. seed: of all that is
            random: the same seed tries the same.
        populations: how many are made, those with the most cases; 0 for all.
        most: pairs of subject and resource that the documents suggest, about; of more, some are drawn.
        small: how many counterexamples are made small; the others are told as found. progress: told each step.

    Raises:
        SuiteError: a law is wrong, or there is no case. LivegateError: a population cannot be made.
        EngineError: OPA did not start, ended, or refused.
    """
    groups: dict[Given, list[tuple[Case, Suite]]] = {}
    for suite in suites:
        for case in suite.cases:
            groups.setdefault(case.given, []).append((case, suite))
    here = sorted((given for given in groups if not given.live), key=lambda given: -len(groups[given]))
    if not here:
        raise SuiteError("no case to try laws on", where="laws", todo="name suites with --suites")
    left = here[populations:] if populations else []
    skipped = [f"{sum(len(groups[given]) for given in left)} cases of {len(left)} other populations"] if left else []
    here = [given for given in here if given not in left]
    if live := sum(len(cases) for given, cases in groups.items() if given.live):
        skipped.append(f"{live} cases of a live population")
    progress(f"population {here[0].population}: sync, sign, start OPA")
    with temporary("laws") as scratch, serving(project, here[0], engine) as served:
        client = served.opa.client()
        with client.session:
            rego.install(client, book)
        places = {here[0]: Place(name=here[0].population, documents=served.documents, issuers=served.issuers)}
        for number, given in enumerate(here[1:], 2):
            progress(f"population {given.population}, number {number} of {len(here)}: sync, sign, verify")
            places[given] = _place(project, given, served, Path(scratch) / str(number))
        suggested, left_out = corpus(
            places[here[0]],
            here[0].synced or example.INSTANT,
            most,
            Random(seed),  # noqa: S311  # tries, no secrets
        )
        if left_out:
            skipped.append(left_out)
        probes = {
            "cases": [of_case(case, suite, places[given]) for given in here for case, suite in groups[given]],
            "corpus": suggested,
        }
        report = _tried(Bench(served.opa, book), probes, count=count, seed=seed, small=small, progress=progress)
    return replace(report, skipped=tuple(skipped))


def _place(project: Project, given: Given, served: Served, folder: Path) -> Place:
    """Another population, by the documents of its bundles, signed and verified as those that OPA loads."""
    made = issued(project, given, folder)
    _, documents = as_loaded(made, given, folder / "verified")
    own = {root: document for root, document in documents.items() if document != served.documents[root]}
    return Place(name=given.population, documents=documents, issuers=made.issuers, own=own)


def _tried(
    bench: Bench,
    probes: Mapping[str, list[Probe]],
    *,
    count: int,
    seed: int,
    small: int,
    progress: Callable[[str], None],
) -> Report:
    random, ledger = Random(seed), _Ledger()  # noqa: S311  # tries that can be repeated, no secrets
    plain = [one for some in probes.values() for one in some]
    places = list({id(one.place): one.place for one in plain}.values())
    words = {id(place): Words.of(place.documents) for place in places}
    varied = [_varied(random, probes, words) for _ in range(count)]
    progress(f"{len(plain) + len(varied)} requests: cases, corpus and random ones")
    judged = list(bench.each([*plain, *varied]))
    for probe, one in judged:
        _count(bench, ledger, probe, one)
    trials = list(_trials(bench, judged, words, places, random, max(ROUNDS, count // 4), ledger))
    progress(f"{len(trials)} changes")
    _compare(bench, trials, ledger)
    counterexamples: dict[int, Counterexample] = {}
    for number, trial in sorted(ledger.first.items()):
        least = len(counterexamples) < small
        progress(f"counterexample to {trial.law.name!r}{': making it small' if least else ''}")
        counterexamples[number] = found.smallest(bench, trial, seed) if least else found.as_found(bench, trial, seed)
    results = [
        Result(
            law=law,
            tried=ledger.tried[number],
            broken=ledger.broken[number],
            excepted=ledger.excepted[number],
            found=counterexamples.get(number),
        )
        for number, law in enumerate(bench.book.laws)
    ]
    asked = {name: len(some) for name, some in probes.items()} | {"random": len(varied), "changed": len(trials)}
    return Report(
        results=tuple(results),
        asked=asked,
        seed=seed,
        count=count,
        undecided=tuple(ledger.undecided),
    )


def _varied(random: Random, probes: Mapping[str, list[Probe]], words: Mapping[int, Words]) -> Probe:
    kinds = [some for some in probes.values() if some]
    probe = random.choice(random.choice(kinds))
    made = replace(vary(random, probe, words[id(probe.place)]), origin=f"random, from {probe.origin}")
    try:
        if made.credential is not None:
            made.question({})
    except LivegateError:  # a credential that nobody could mint, such as one that ends before it begins
        return replace(made, credential=None)
    return made


def _count(bench: Bench, ledger: _Ledger, probe: Probe, one: Judged, edits: tuple[changes.Edit, ...] = ()) -> None:
    """Enter one decision for every law that is a condition."""
    if one.problem:
        ledger.undecided.append((probe.origin, one.problem))
        return
    for number in one.tried:
        law = bench.book.laws[number]
        if law.change is None:
            ledger.tried[number] += 1
            if number in one.broken:
                ledger.breach(Trial(number=number, law=law, probe=probe, edits=edits))


@dataclass(frozen=True, slots=True)
class _Compared:
    """A trial, what was decided before it, and the documents (root → document) that it is asked under after it."""

    trial: Trial
    before: Judged
    documents: Mapping[str, object]


def _trials(
    bench: Bench,
    judged: Sequence[tuple[Probe, Judged]],
    words: Mapping[int, Words],
    places: Sequence[Place],
    random: Random,
    share: int,
    ledger: _Ledger,
) -> Iterator[_Compared]:
    """About ``share`` trials of each law about a change."""
    under = {id(place): place.under() for place in places}
    for number, law in enumerate(bench.book.laws):
        if law.change is None:
            continue
        fit = []
        for probe, one in judged:
            if one.problem or number not in one.tried or not _could(law, one):
                continue
            if number in one.excepted:
                ledger.excepted[number] += 1
            else:
                fit.append((probe, one))
        if changes.of_documents(law.change.verb, law.change.what):
            yield from _of_documents(number, law, fit, places, random, share)
            continue
        made = (
            _changed(Trial(number=number, law=law, probe=probe), random, one, words[id(probe.place)])
            for probe, one in random.sample(fit, len(fit))
        )
        for trial, one in itertools.islice((pair for pair in made if pair is not None), share):
            yield _Compared(trial, one, under[id(trial.probe.place)])


def _changed(trial: Trial, random: Random, one: Judged, words: Words) -> tuple[Trial, Judged] | None:
    """The trial of a change of the request or of the clock; None where that changes nothing."""
    change, probe = trial.law.change, trial.probe
    if change is None:
        return None
    if change.verb == "move":
        moment = _moment(random, probe, one, words)
        return None if moment is None else (replace(trial, moved=moment), one)
    seed = random.randrange(1 << 32)
    if changes.requests(change.what, probe.request, seed) == probe.request:
        return None
    return replace(trial, seed=seed), one


def _could(law: Law, before: Judged) -> bool:
    """Whether the change of this law could do to this decision what it never does."""
    if "changes" in law.never:
        return True
    return ("opens" in law.never and not before.allow) or ("closes" in law.never and before.allow)


def _moment(random: Random, probe: Probe, one: Judged, words: Words) -> int | None:
    """An instant between the decision and its end: the last one, the edge of something, or any."""
    if one.until is None or one.until <= probe.instant + 1:
        return None
    edges = [at + off for at in words.instants for off in (-1, 0) if probe.instant < at + off < one.until]
    picks = [one.until - 1, random.randrange(probe.instant + 1, one.until)]
    return random.choice([*picks, *random.sample(edges, min(2, len(edges)))])


def _of_documents(
    number: int,
    law: Law,
    fit: Sequence[tuple[Probe, Judged]],
    places: Sequence[Place],
    random: Random,
    share: int,
) -> Iterator[_Compared]:
    if law.change is None:
        return
    at = {id(place): [(probe, one) for probe, one in fit if probe.place is place] for place in places}
    able = [place for place in places if at[id(place)]]
    plans = []
    for place in able:
        some = changes.edits(law.change.verb, law.change.what, place.documents, random)
        plans += [(place, made) for made in _variants(random, some)]
    # all edits of the first place together always; of the others, as many variants as there are tries for
    first, rest = plans[:1], plans[1:]
    plans = first + random.sample(rest, min(len(rest), max(ROUNDS, share // 50)))
    for place, made in plans:
        changed = changes.apply(place.documents, made)
        if changed is None:
            continue
        documents = place.under(changed)
        for probe, one in _about(random, made, at[id(place)], max(1, share // len(plans))):
            yield _Compared(Trial(number=number, law=law, probe=probe, edits=made), one, documents)


def _variants(random: Random, some: list[changes.Edit]) -> Iterator[tuple[changes.Edit, ...]]:
    """All edits together, half of them, and the rest in parts, down to one at a time where there are few."""
    if not some:
        return
    order = random.sample(some, len(some))
    yield tuple(order)
    if len(order) > 1:
        yield tuple(order[: len(order) // 2])
        size = -(-len(order) // (2 * ROUNDS))
        yield from (tuple(order[start : start + size]) for start in range(0, len(order), size))


def _about(
    random: Random, made: Sequence[changes.Edit], fit: Sequence[tuple[Probe, Judged]], most: int
) -> list[tuple[Probe, Judged]]:
    """Up to so many, half of them such as name something that is edited."""
    named = {str(name) for edit in made for name in edit.path[2:]}
    near = [
        pair for pair in random.sample(fit, min(len(fit), _LOOKED)) if not named.isdisjoint(_texts(pair[0].request))
    ]
    chosen = random.sample(near, min(len(near), -(-most // 2)))
    return chosen + random.sample(fit, min(len(fit), most - len(chosen)))


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _texts(inner)


def _compare(bench: Bench, trials: Sequence[_Compared], ledger: _Ledger) -> None:
    after = bench.judge([one.trial.after(one.documents) for one in trials])
    for one, judged in zip(trials, after, strict=True):
        trial = one.trial
        moved = trial.probe if trial.moved is None else replace(trial.probe, instant=trial.moved)
        if trial.seed is None and trial.moved is None:
            _count(bench, ledger, moved, judged, trial.edits)
        elif judged.problem:
            ledger.undecided.append((trial.probe.origin, judged.problem))
        if judged.problem:
            continue
        ledger.tried[trial.number] += 1
        if trial.breach(one.before, judged):
            ledger.breach(trial)
