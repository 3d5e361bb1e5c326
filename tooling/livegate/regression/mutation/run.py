"""Mutants → which of them no case notices: one plain OPA a processor, one change of one module a mutant."""

from __future__ import annotations

import contextlib
import queue
import threading
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from livegate.errors import EngineError, LivegateError
from livegate.regression.ask import Question
from livegate.regression.mutation import outline
from livegate.regression.mutation.bench import Bench, QueryError, TimeOutError
from livegate.regression.mutation.data import DataMutant
from livegate.regression.mutation.order import Order

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path
    from typing import Any

    from livegate.regression.ask import Asked
    from livegate.regression.mutation.cases import Prepared, Trial
    from livegate.regression.mutation.mutants import Mutant
    from livegate.regression.mutation.tree import Module

    Change = Mutant | DataMutant

_UNIT = 120
"""Mutants of one file that one OPA takes in a row: enough to learn which cases kill there."""


class Verdict(StrEnum):
    """What became of a mutant: a case noticed, none did, it loops, it does not compile."""

    KILLED = "killed"
    SURVIVED = "survived"
    TIMEOUT = "timeout"
    STILLBORN = "stillborn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One mutant's end. ``by``: the case that noticed it; ``why``: what differed, or what OPA had against it."""

    mutant: Change
    verdict: Verdict
    by: str | None = None
    why: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """All that was tried.

    Attributes:
        results: in the order of the mutants. untried: mutants that were not come to.
        trials: the cases that were asked.
        broken: cases that differ without any mutant, and were left out; what differs.
        error: what ended it before its time.
    """

    results: tuple[Result, ...]
    untried: int
    trials: tuple[Trial, ...] = field(repr=False)
    broken: tuple[tuple[str, str], ...] = ()
    error: LivegateError | None = None

    @property
    def complete(self) -> bool:
        """Whether every mutant was tried."""
        return not self.untried and self.error is None


def run(
    engine: Path,
    modules: Sequence[Module],
    mutants: Sequence[Change],
    prepared: Prepared,
    *,
    folder: Path,
    jobs: int,
    stopped: Callable[[], bool] = lambda: False,
    progress: Callable[[int, int], None] = lambda *_: None,
    seconds: float = 20.0,
    started: Callable[[Bench], None] = lambda _: None,
) -> Outcome:
    """Every mutant against every case, for as long as no case has noticed it.

    Args:
        engine: OPA's binary. modules: the whole policy. mutants: what to try, in order.
        jobs: OPAs side by side. stopped: asked between mutants. progress: told (tried, survived) after each.
        seconds: for which one answer is waited for. started: told of each OPA.

    Raises:
        EngineError: OPA does not start, or does not take the policy.
    """
    shared = _Shared(mutants, outline.closed(modules), stopped, progress)
    with contextlib.ExitStack() as stack:
        benches = [
            stack.enter_context(
                Bench(engine, modules, prepared.documents, folder=folder / f"opa-{number}", seconds=seconds)
            )
            for number in range(max(1, min(jobs, len(shared.units))))
        ]
        trials, broken = sound(benches[0], prepared.trials)
        for bench in benches:
            bench.keep(trials)
            started(bench)
        threads = [threading.Thread(target=shared.work, args=(bench, trials)) for bench in benches]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    if shared.unforeseen is not None:
        raise shared.unforeseen
    results = tuple(result for _, result in sorted(shared.results.items()))
    return Outcome(
        results=results,
        untried=len(mutants) - len(results),
        trials=trials,
        broken=broken,
        error=shared.error,
    )


def sound(bench: Bench, trials: Sequence[Trial]) -> tuple[tuple[Trial, ...], tuple[tuple[str, str], ...]]:
    """The cases that come out as judged without any mutant, and the others with what differs: those prove nothing.

    Raises:
        EngineError: OPA ended, or cannot be asked.
    """
    kept, broken = [], []
    for trial, answer in zip(trials, bench.answers(trials), strict=True):
        if wrong := trial.killed_by(answer):
            broken.append((trial.where, wrong))
        else:
            kept.append(trial)
    return tuple(kept), tuple(broken)


def take(bench: Bench, unit: Sequence[Change]) -> Mapping[int, str]:
    """Have mutants of one file at hand; which do not compile. See :meth:`Bench.take`."""
    policy = [mutant for mutant in unit if not isinstance(mutant, DataMutant)]
    return bench.take(policy[0].module, policy) if policy else {}


def learnt(bench: Bench, one: Change, closed: frozenset[str]) -> str | None:
    """The gate that mutants of this file can be told apart by, once the bench has learnt it; None for all others.

    Raises:
        EngineError: OPA ended, or cannot be asked.
    """
    if isinstance(one, DataMutant) or (gate := outline.gate_of(one.module)) not in closed:
        return None
    bench.learn(gate)
    return gate


def judge(bench: Bench, mutant: Change, order: Order, *, gate: str | None = None) -> Result:
    """One of the mutants that a bench has taken, shown the cases until one notices.

    Args:
        gate: of a mutant of a closed gate that the bench has learnt; cases that it says the same of are not asked.

    Raises:
        EngineError: OPA ended, or cannot be asked.
    """
    try:
        if isinstance(mutant, DataMutant):
            return noticed(bench, mutant, order)
        if (refused := bench.choose(mutant)) is not None:
            return Result(mutant=mutant, verdict=Verdict.STILLBORN, why=refused)
        return noticed(bench, mutant, order, gate=gate)
    except TimeOutError as error:
        return Result(mutant=mutant, verdict=Verdict.TIMEOUT, why=error.what)


def noticed(bench: Bench, mutant: Change, order: Order, *, gate: str | None = None) -> Result:
    """Whether a case notices what the bench has in it, or what is put in the place of a document; see :func:`judge`."""
    asking = _in_place(mutant) if isinstance(mutant, DataMutant) else _as_it_is
    for whole in order.batches():
        for batch in [whole] if gate is None else _parts(_told_apart(bench, gate, whole)):
            asked = asking(batch)
            try:
                answers = bench.answers([question for _, question in asked])
            except QueryError as error:  # it decides nothing at all, where every case has its answer
                return Result(mutant=mutant, verdict=Verdict.KILLED, why=error.what)
            for (trial, _), answer in zip(asked, answers, strict=True):
                if why := trial.killed_by(answer):
                    order.killed(trial)
                    return Result(mutant=mutant, verdict=Verdict.KILLED, by=trial.where, why=why)
    return Result(mutant=mutant, verdict=Verdict.SURVIVED)


def _told_apart(bench: Bench, gate: str, trials: Sequence[Trial]) -> Sequence[Trial]:
    try:
        return bench.told_apart(gate, trials)
    except QueryError:  # the gate alone cannot be asked: what it does to decisions, they say
        return trials


def _parts(trials: Sequence[Trial]) -> Iterator[Sequence[Trial]]:
    """A few first: most that a gate tells apart kill."""
    start, size = 0, 4
    while start < len(trials):
        yield trials[start : start + size]
        start, size = start + size, size * 8


def _as_it_is(batch: Sequence[Trial]) -> list[tuple[Trial, Asked]]:
    return [(trial, trial) for trial in batch]


def _in_place(mutant: DataMutant) -> Callable[[Sequence[Trial]], list[tuple[Trial, Asked]]]:
    """The cases of every organisation that has the document, with the changed one in its place."""
    worlds: dict[int, Mapping[str, Any]] = {}

    def asking(batch: Sequence[Trial]) -> list[tuple[Trial, Asked]]:
        return [
            (trial, Question(request=trial.request, instant=trial.instant, documents=changed))
            for trial in batch
            if mutant.root not in trial.documents
            for changed in (worlds.setdefault(id(trial.documents), {**trial.documents, mutant.root: mutant.document}),)
        ]

    return asking


class _Shared:
    """What the threads have in common: units to take, results to give."""

    def __init__(
        self,
        mutants: Sequence[Change],
        closed: frozenset[str],
        stopped: Callable[[], bool],
        progress: Callable[[int, int], None],
    ) -> None:
        self._closed = closed
        self.units = list(_units(mutants))
        self.results: dict[int, Result] = {}
        self.error: LivegateError | None = None
        self.unforeseen: BaseException | None = None
        self._waiting: queue.SimpleQueue[tuple[Change, ...]] = queue.SimpleQueue()
        for unit in self.units:
            self._waiting.put(unit)
        self._stopped, self._progress = stopped, progress
        self._lock = threading.Lock()
        self._survived = 0

    def work(self, bench: Bench, trials: Sequence[Trial]) -> None:
        """Unit after unit, until there is none, it is to stop, or something failed."""
        try:
            while (unit := self._next()) is not None:
                order = Order(trials, unit[0].gate)
                if self._over():
                    return
                stillborn = take(bench, unit)
                gate = learnt(bench, unit[0], self._closed)
                for mutant in unit:
                    if self._over():
                        return
                    if mutant.number in stillborn:
                        why = stillborn[mutant.number]
                        self._enter(Result(mutant=mutant, verdict=Verdict.STILLBORN, why=why))
                    else:
                        self._enter(judge(bench, mutant, order, gate=gate))
        except EngineError as error:
            self.error = self.error or error
        except BaseException as error:  # noqa: BLE001  # raised again by the thread that waits
            self.unforeseen = self.unforeseen or error

    def _next(self) -> tuple[Change, ...] | None:
        try:
            return self._waiting.get_nowait()
        except queue.Empty:
            return None

    def _over(self) -> bool:
        return self.error is not None or self.unforeseen is not None or self._stopped()

    def _enter(self, result: Result) -> None:
        with self._lock:
            self.results[result.mutant.number] = result
            self._survived += result.verdict is Verdict.SURVIVED
            self._progress(len(self.results), self._survived)


def _units(mutants: Iterable[Change]) -> Iterator[tuple[Change, ...]]:
    unit: list[Change] = []
    for mutant in mutants:
        if unit and (len(unit) == _UNIT or unit[0].file != mutant.file):
            yield tuple(unit)
            unit = []
        unit.append(mutant)
    if unit:
        yield tuple(unit)
