"""Suites → results: the signed bundles of each organisation, one OPA, its cases in queries side by side.

Cases are grouped by the organisation that they are asked of (``case.given``). The one with the most cases is loaded by
OPA as it ships. The bundles of the others are built, signed and verified just the same; then their documents stand in
the place of the loaded ones in the queries (:mod:`livegate.regression.ask`): answers are equal, and the start of
another OPA (some 0.3 s) is saved. What is too large for that has an OPA of its own.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from livegate.errors import ConfigError, EngineError, LivegateError, SuiteError
from livegate.opa.process import Limits, OpaProcess
from livegate.regression import ask
from livegate.regression.compare import compare
from livegate.regression.population import as_loaded, issued
from livegate.regression.results import Asked, CaseResult, Outcome, Run, SuiteResult
from livegate.regression.scratch import temporary
from livegate.regression.stock import Stock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from types import TracebackType

    from livegate.opa.engine import Engine
    from livegate.opa.process import Local
    from livegate.project import Project
    from livegate.regression.cases import Case, Given, Suite
    from livegate.regression.issuers import Issuers

LARGE = 4 << 20
"""Bytes of bundles above which documents are not sent along with every query."""

_LIMITS = Limits(stop=2.0, gogc=800, memory=2 << 30)
"""A decision is nearly all evaluation; with Go's own GOGC a quarter of it was garbage collection."""

_EXPLAINED = 100
"""Failed cases of a chunk whose gates are asked for: when thousands fail, they fail alike."""

_TICK = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class _Made:
    """An organisation as it ships, verified. ``seconds``: what that took."""

    local: Local
    issuers: Issuers
    documents: Mapping[str, Any] = field(repr=False)
    large: bool
    seconds: float


@dataclass(frozen=True, slots=True)
class _Posed:
    """A case at its place (suite, number) and the question that it is."""

    place: tuple[int, int]
    case: Case
    question: ask.Question


class Runner:
    """Decides suites, again and again: what it made of an organisation stays warm until :meth:`forget`.

    Args:
        project: rules and documents; nothing of it is written to. engine: OPA.
        progress: told each step. check: called between steps; what it raises ends everything in order.
        sleep, clock: seconds. apart: whether each organisation gets an OPA of its own.
        workers: queries at once; as many as there are processors if left out.

    A context manager: left, every OPA is gone, and so are its keys. Use it from the main thread: an OPA that another
    thread has started would outlive this process if that were killed.
    """

    def __init__(
        self,
        project: Project,
        engine: Engine,
        *,
        progress: Callable[[str], None] = lambda _: None,
        check: Callable[[], None] = lambda: None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        apart: bool = False,
        workers: int | None = None,
    ) -> None:
        self._project, self._engine = project, engine
        self._progress, self._check, self._sleep, self._clock = progress, check, sleep, clock
        self._apart, self._workers = apart, workers or os.cpu_count() or 1
        self._made: dict[Given, _Made] = {}
        self._stock: Stock | None = None
        self._opa: tuple[Given, OpaProcess] | None = None
        self._stack = contextlib.ExitStack()
        self._folder = Path()

    def __enter__(self) -> Self:
        self._folder = Path(self._stack.enter_context(temporary("regress")))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.forget()
        self._stack.close()

    @property
    def opa(self) -> OpaProcess | None:
        """The OPA that is warm, if there is one."""
        return None if self._opa is None else self._opa[1]

    @property
    def _loaded(self) -> Given | None:
        """The organisation whose bundles it has loaded."""
        return None if self._opa is None else self._opa[0]

    def forget(self) -> None:
        """Rules or documents have changed: end OPA and make everything anew."""
        opa, self._opa = self._opa, None
        self._made.clear()
        self._stock = None
        if opa is not None:
            opa[1].stop()

    def run(self, suites: Iterable[Suite], *, fail_fast: bool = False) -> Run:
        """Decide every case; results in the order of the suites.

        An OPA that ends, or an organisation that cannot be made, is the error of its cases alone; all that was decided
        otherwise is kept.

        Args:
            suites: what to decide. fail_fast: ask no more once a case is not as judged; the rest is skipped.

        Raises:
            ConfigError: a suite asks for something that its organisation does not have.
            LivegateError: not a single case could be decided, for this reason.
        """
        begun = self._clock()
        everything = tuple(suites)
        if self.opa is not None and self.opa.poll() is not None:
            self.forget()
        turn = _Turn(everything, fail_fast=fail_fast)
        making, asking = ThreadPoolExecutor(1), ThreadPoolExecutor(self._workers)
        try:
            self._take(turn, making, asking)
        except BaseException:
            turn.cancel()
            self.forget()  # ends the queries that are under way
            raise
        finally:
            making.shutdown(cancel_futures=True)
            asking.shutdown(cancel_futures=True)
        return turn.result(self.opa, self._clock() - begun)

    def _take(self, turn: _Turn, making: ThreadPoolExecutor, asking: ThreadPoolExecutor) -> None:
        order = sorted(turn.groups, key=lambda given: (given != self._loaded, -len(turn.groups[given])))
        begun = {given: making.submit(self._make, given) for given in order if given not in self._made}
        for number, given in enumerate(order, 1):
            try:
                if given in begun:
                    self._progress(f"organisation {number} of {len(order)} ({given.population}): sync, sign, verify")
                    self._made[given] = self._await(begun[given])
                    turn.took(given, self._made[given].seconds)
                self._pose(turn, given, asking)
            except ConfigError:
                raise
            except _RefusedError as error:  # the rules are the same everywhere: no other would start either
                for left in order[number - 1 :]:
                    turn.failed(left, error.why)
                break
            except LivegateError as error:
                turn.failed(given, error)
            if turn.over:
                return
        self._collect(turn)

    def _pose(self, turn: _Turn, given: Given, asking: ThreadPoolExecutor) -> None:
        made = self._made[given]
        with contextlib.ExitStack() as own:
            documents: Mapping[str, Any] = {}
            if self._apart or (made.large and self._loaded not in {None, given}):
                opa = self._started(made)
                own.callback(opa.stop)
            elif self.opa is None:
                opa = self._started(made)
                self._opa = given, opa
            else:
                opa = self.opa
                documents = {} if given == self._loaded else made.documents
            posed = [
                _posed(place, case, turn.file(place), made.issuers, documents) for place, case in turn.groups[given]
            ]
            for part in ask.chunks(posed, ask.size(len(posed), self._workers)):
                turn.jobs[asking.submit(_decided, opa, part, self._clock)] = given
            if opa is not self.opa:
                self._collect(turn)

    def _collect(self, turn: _Turn) -> None:
        while turn.jobs and not turn.over:
            done, _ = wait(turn.jobs, timeout=_TICK, return_when=FIRST_COMPLETED)
            self._check()
            for job in done:
                turn.enter(job)
            if done:
                self._progress(f"{len(turn.results):,} of {turn.count:,} cases decided")

    def _make(self, given: Given) -> _Made:
        begun = self._clock()
        folder = Path(tempfile.mkdtemp(dir=self._folder))
        made = issued(self._project, given, folder, self._stocked())
        # what replaces a loaded document has to be what OPA would have loaded: signed, and verified
        local, documents = as_loaded(made, given, folder / "verified", self._stocked())
        size = sum(path.stat().st_size for path in made.local.bundles)
        return _Made(
            local=local,
            issuers=made.issuers,
            documents=documents,
            large=size > LARGE,
            seconds=self._clock() - begun,
        )

    def _stocked(self) -> Stock:
        if self._stock is None:
            self._stock = Stock.new(Path(tempfile.mkdtemp(dir=self._folder)))
        return self._stock

    def _started(self, made: _Made) -> OpaProcess:
        folder = Path(tempfile.mkdtemp(dir=self._folder))
        local = replace(made.local, small=not made.large)
        opa = OpaProcess(self._engine.path, local, folder=folder, limits=_LIMITS, sleep=self._sleep)
        try:
            opa.start()
        except EngineError as error:
            raise _RefusedError(error) from error
        return opa

    def _await(self, job: Future[_Made]) -> _Made:
        while not job.done():
            wait([job], timeout=_TICK)
            self._check()
        return job.result()


class _RefusedError(Exception):
    """OPA did not start with what it was given."""

    def __init__(self, why: EngineError) -> None:
        super().__init__(str(why))
        self.why = why


class _Turn:
    """One run under way: what is asked, what came of it."""

    def __init__(self, suites: tuple[Suite, ...], *, fail_fast: bool) -> None:
        self._suites, self._fail_fast = suites, fail_fast
        self.groups: dict[Given, list[tuple[tuple[int, int], Case]]] = {}
        self.results: dict[tuple[int, int], CaseResult] = {}
        self.jobs: dict[Future[tuple[list[_Posed], list[CaseResult], float]], Given] = {}
        self._seconds: dict[Given, list[float]] = {}
        self._errors: list[LivegateError] = []
        for number, suite in enumerate(suites):
            for index, case in enumerate(suite.cases):
                self.groups.setdefault(case.given, []).append(((number, index), case))
        self.count = sum(map(len, self.groups.values()))

    @property
    def over(self) -> bool:
        """Whether no more is to be asked."""
        return self._fail_fast and any(result.outcome is not Outcome.PASSED for result in self.results.values())

    def file(self, place: tuple[int, int]) -> str:
        """The file of a case."""
        return self._suites[place[0]].file

    def took(self, given: Given, seconds: float) -> None:
        """It took so long to make this organisation."""
        self._seconds.setdefault(given, [0.0, 0.0])[0] += seconds

    def failed(self, given: Given, error: LivegateError) -> None:
        """None of these cases can be decided."""
        self._errors.append(error)
        for place, case in self.groups[given]:
            self.results[place] = CaseResult(case=case, outcome=Outcome.ERROR, error=str(error))

    def enter(self, job: Future[tuple[list[_Posed], list[CaseResult], float]]) -> None:
        """What a query gave."""
        given = self.jobs.pop(job)
        posed, results, seconds = job.result()
        self._seconds.setdefault(given, [0.0, 0.0])[1] += seconds
        self.results.update({one.place: result for one, result in zip(posed, results, strict=True)})

    def cancel(self) -> None:
        """Ask nothing that is not being asked."""
        for job in self.jobs:
            job.cancel()

    def result(self, opa: OpaProcess | None, seconds: float) -> Run:
        """Everything, in order. Raises the error that nothing at all could be decided for."""
        if len(set(self._errors)) == 1 and {result.error for result in self.results.values()} == {str(self._errors[0])}:
            raise self._errors[0]
        ended = _ending(opa)
        suites = tuple(
            SuiteResult(
                suite=suite,
                results=tuple(self._one((number, index), case, ended) for index, case in enumerate(suite.cases)),
            )
            for number, suite in enumerate(self._suites)
        )
        asked = tuple(
            Asked(
                population=given.population,
                first=f"{self.file(group[0][0])}:{group[0][1].line}",
                cases=len(group),
                made=self._seconds.get(given, [0.0, 0.0])[0],
                decided=self._seconds.get(given, [0.0, 0.0])[1],
            )
            for given, group in self.groups.items()
        )
        return Run(
            suites=suites,
            asked=tuple(sorted(asked, key=lambda one: -(one.made + one.decided))),
            seconds=seconds,
        )

    def _one(self, place: tuple[int, int], case: Case, ended: str | None) -> CaseResult:
        result = self.results.get(place)
        if result is None:
            return CaseResult(case=case, outcome=Outcome.SKIPPED, error="not asked: another case was not as judged")
        if result.outcome is Outcome.ERROR and result.answer is None and ended:
            return CaseResult(case=case, outcome=Outcome.ERROR, error=ended)
        return result


def run(project: Project, suites: Iterable[Suite], engine: Engine, **effects: Any) -> Run:
    """Decide every case once; arguments as :class:`Runner`'s, results and errors as :meth:`Runner.run`'s."""
    with Runner(project, engine, **effects) as runner:
        return runner.run(suites)


def judged(case: Case, answer: Any) -> CaseResult:
    """What an answer (or the error in its place) says of a case."""
    if isinstance(answer, EngineError):
        return CaseResult(case=case, outcome=Outcome.ERROR, error=str(answer))
    if error := ask.problem(case, answer):
        return CaseResult(case=case, outcome=Outcome.ERROR, answer=answer, error=error)
    differences = compare(case.expect, answer)
    outcome = Outcome.FAILED if differences else Outcome.PASSED
    return CaseResult(case=case, outcome=outcome, answer=answer, differences=differences)


def _posed(place: tuple[int, int], case: Case, file: str, issuers: Issuers, documents: Mapping[str, Any]) -> _Posed:
    try:
        request = issuers.equip(case.request, case.credential, case.signed, now=case.instant)
    except ConfigError as error:
        raise SuiteError(error.what, where=f"{file}:{case.line}", todo=error.todo) from error
    return _Posed(place, case, ask.Question(request=request, instant=case.instant, documents=documents))


def _decided(
    opa: OpaProcess, posed: Sequence[_Posed], clock: Callable[[], float]
) -> tuple[list[_Posed], list[CaseResult], float]:
    begun = clock()
    answers = ask.attempt(opa, [one.question for one in posed])
    results = [judged(one.case, answer) for one, answer in zip(posed, answers, strict=True)]
    failed = [number for number, result in enumerate(results) if result.outcome is Outcome.FAILED][:_EXPLAINED]
    said = ask.attempt(opa, [posed[number].question for number in failed], of=ask.GATES) if failed else []
    for number, gates in zip(failed, said, strict=True):
        result = results[number]
        results[number] = CaseResult(
            case=result.case,
            outcome=result.outcome,
            answer=result.answer,
            differences=result.differences,
            gates=ask.passed(gates),
        )
    return list(posed), results, clock() - begun


def _ending(opa: OpaProcess | None) -> str | None:
    if opa is None or opa.poll() is None:
        return None
    error = ask.ended(opa, within=0.0)
    return None if error is None else str(error)
