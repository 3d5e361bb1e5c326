"""Decision logs decided again: with the bundles, the input and the clock of then, or with bundles that may follow.

What the log masked is not guessed at. An event whose credential is not in the log is not replayable, for the proof gate
cannot be asked; with ``assume`` its proof is taken from the logged evidence, and the outcome says so. Of any other
masked request what was kept decides, if with the bundles of then it gives the logged answer, whole; else it is not
replayable either. Only what stood that test is asked of a candidate.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from livegate.errors import BundleError, EngineError
from livegate.regression import again, shipped
from livegate.regression.judge import Mark, Outcome, Verdict, error, judge, unproven, unusable
from livegate.regression.logs.event import Unusable, event_of
from livegate.regression.logs.read import Broken, files, records
from livegate.regression.logs.spool import Spool, Waiting
from livegate.regression.logs.unpack import Limits
from livegate.regression.scratch import temporary
from livegate.regression.tally import Replay, Tally

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from livegate.opa.engine import Engine
    from livegate.opa.process import OpaProcess
    from livegate.regression.archive import Archive
    from livegate.regression.logs.event import Event

CHUNK = 4_000
"""Events in memory at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """Slower than ``factor`` times what the log says, and than ``floor`` ns; the best of ``times`` counts."""

    factor: float
    floor: int = 5_000_000
    times: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Against:
    """What events are decided with.

    Attributes:
        archive: where the bundles of then are. keys: key id → PEM of those who may have signed. engine: OPA.
        candidate: bundles that take the place of those with the same name. assume: see the module.
        latency: measured where it is given. folder: for temporary files; the system's by default.
    """

    archive: Archive
    keys: Mapping[str, str]
    engine: Engine
    candidate: Sequence[Path] = ()
    assume: bool = False
    latency: Latency | None = None
    folder: Path | None = None


def replay(
    paths: Sequence[Path],
    against: Against,
    *,
    clock: Callable[[], float],
    each: Callable[[dict[str, Any]], None] = lambda _: None,
    progress: Callable[[str], None] = lambda _: None,
    limits: Limits | None = None,
) -> Replay:
    """Decide every event of these logs again.

    Args:
        paths: files and folders of logs. against: with what. clock: seconds, for the rate.
        each: is handed every event with its outcome, in the order of the logs, when all is done.
        progress: told each step. limits: of what is read.

    Raises:
        ConfigError: a path is not there, or a candidate is none. RefusedError: a log is beyond a limit.
        VerificationError: a candidate is not what its signature says.
    """
    candidate = {shipped.called(path, against.keys): path for path in against.candidate}
    tally = Tally()
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(temporary("replay", within=against.folder))
        spool = stack.enter_context(Spool(Path(folder)))
        try:
            for item in read(paths, spool, limits=limits or Limits()):
                if isinstance(item, Broken):
                    tally.broken(item)
                else:
                    tally.repeated()
            began = clock()
            for number, revisions, count in spool.sets():
                progress(f"{count} decisions of policy {revisions['policy']}, iga {revisions['iga']}")
                tally.asked += _set(spool, number, revisions, candidate, against)
            tally.seconds = clock() - began
        except KeyboardInterrupt:
            tally.interrupted = True
            spool.settle_rest(error("interrupted before it was asked").plain())
        for identifier, place, outcome in spool.outcomes():
            tally.add(identifier, place, outcome)
            each({"decision_id": identifier, "where": place, **outcome})
        tally.sets = spool.seen()
    return tally.result(candidate=tuple(sorted(candidate)))


def read(paths: Sequence[Path], spool: Spool, *, limits: Limits) -> Iterator[Broken | Event | Unusable]:
    """Put every event of these logs into the spool; gives what could not be read, and the events that came once more.

    Raises:
        ConfigError: a path is not there. RefusedError: beyond a limit.
    """
    for record in records(files(paths), limits=limits):
        if isinstance(record, Broken):
            yield record
            continue
        event = event_of(record)
        if isinstance(event, Unusable):
            new = spool.settle_at_once(event.id, event.where, unusable(event.reason, event.why).plain())
        else:
            new = spool.add(event)
        if new is None:
            yield Broken(where=event.where, what=f"another event with the id of one before, {event.id}")
        elif not new:
            yield event


@dataclass(slots=True)
class _Sides:
    """The OPAs of one revision set, each started when first needed; why there is none, if so."""

    then: dict[str, Path]
    now: dict[str, Path]
    missing: str | None
    against: Against
    stack: contextlib.ExitStack
    started: dict[str, OpaProcess] = field(default_factory=dict)

    def opa(self, side: str) -> OpaProcess:
        """``then`` or ``now``, running.

        Raises:
            BundleError, EngineError: it cannot be.
        """
        if side == "now" and self.now == self.then:
            side = "then"
        if side not in self.started:
            paths = self.then if side == "then" else self.now
            self.started[side] = self.stack.enter_context(
                shipped.serving(
                    tuple(paths.values()), self.against.keys, self.against.engine, folder=self.against.folder
                )
            ).opa
        return self.started[side]


def _set(
    spool: Spool, number: int, revisions: Mapping[str, str], candidate: Mapping[str, Path], against: Against
) -> int:
    """Decide what waits of one revision set; how many were put to an OPA."""
    then, missing = found(against.archive, revisions)
    now = {**then, **candidate}
    if unfound := [name for name in revisions if name not in now]:
        why = f"not found: bundle {', '.join(f'{name} {revisions[name]}' for name in unfound)}"
        spool.settle_rest(
            unusable("missing revision", f"{why}; looked in {against.archive.looked()}").plain(), revisions=number
        )
        return 0
    asked = 0
    with contextlib.ExitStack() as stack:
        sides = _Sides(then, now, missing, against, stack)
        for chunk in spool.waiting(number, chunk=CHUNK):
            try:
                verdicts = _chunk(chunk, sides)
            except BundleError as problem:
                # kept or found, but not signed by a key that we hold, or not whole
                spool.settle_rest(unusable("refused bundle", str(problem).partition("\n")[0]).plain(), revisions=number)
                return asked
            except EngineError as problem:
                spool.settle_rest(error(problem.what).plain(), revisions=number)
                return asked
            spool.settle((waiting.number, verdicts[waiting.number].plain()) for waiting in chunk)
            asked += len(chunk)
    return asked


def found(archive: Archive, revisions: Mapping[str, str]) -> tuple[dict[str, Path], str | None]:
    """The bundles of a revision set, by name, and which of them are not to be found, in words; None if all are."""
    places = {name: archive.find(name, revision) for name, revision in revisions.items()}
    lost = [f"{name} {revisions[name]}" for name, path in places.items() if path is None]
    missing = f"not found: bundle {', '.join(lost)}; looked in {archive.looked()}" if lost else None
    return {name: path for name, path in places.items() if path is not None}, missing


def decided(events: Sequence[Event], opa: OpaProcess, against: Against) -> list[Verdict]:
    """The verdicts on events, in order, by an OPA that has the bundles of then."""
    sides = _Sides({}, {}, None, against, contextlib.ExitStack(), {"then": opa})
    verdicts = _chunk([Waiting(number, event) for number, event in enumerate(events)], sides)
    return [verdicts[number] for number in range(len(events))]


def _chunk(chunk: Sequence[Waiting], sides: _Sides) -> dict[int, Verdict]:
    """The verdict on each, by number."""
    verdicts: dict[int, Verdict] = {}
    plain: list[Waiting] = []
    kept: list[Waiting] = []
    proven: list[Waiting] = []
    for one in chunk:
        if not one.event.masked:
            plain.append(one)
        elif not one.event.unproven or one.event.early:
            kept.append(one)
        elif sides.against.assume and one.event.proof is not None:
            proven.append(one)
        else:
            verdicts[one.number] = unproven(one.event)
    for ones, mark in ((plain, None), (kept, Mark.KEPT), (proven, Mark.ASSUMED)):
        verdicts |= _asked(ones, mark, sides) if ones else {}
    return verdicts


def _asked(ones: Sequence[Waiting], mark: Mark | None, sides: _Sides) -> dict[int, Verdict]:
    changed = sides.now != sides.then
    verdicts: dict[int, Verdict] = {}
    if mark is not None and changed:
        # what is left of a request is asked of a candidate only if it gave the logged answer before
        if sides.missing:
            return {one.number: unusable("missing revision", sides.missing) for one in ones}
        before = _answered(sides.opa("then"), ones, mark, whole=True)
        verdicts = {number: verdict for number, verdict in before.items() if verdict.outcome is not Outcome.SAME}
        ones = [one for one in ones if one.number not in verdicts]
    return verdicts | _answered(sides.opa("now"), ones, mark, whole=not changed, latency=sides.against.latency)


def _answered(
    opa: OpaProcess, ones: Sequence[Waiting], mark: Mark | None, *, whole: bool, latency: Latency | None = None
) -> dict[int, Verdict]:
    answers = again.answers(opa, [one.event for one in ones], assume=mark is Mark.ASSUMED)
    verdicts = {
        one.number: judge(one.event, answer, mark=mark, whole=whole) for one, answer in zip(ones, answers, strict=True)
    }
    if latency is not None:
        for one in ones:
            if verdicts[one.number].outcome is Outcome.SAME:
                verdicts[one.number] = _timed(opa, one.event, verdicts[one.number], latency)
    return verdicts


def _timed(opa: OpaProcess, event: Event, verdict: Verdict, latency: Latency) -> Verdict:
    # a proof that is assumed costs nothing, and a number as text is another question
    if event.took is None or verdict.mark is Mark.ASSUMED or event.text is not None:
        return verdict
    limit = max(latency.floor, int(latency.factor * event.took))
    try:
        took = again.took(opa, event, times=1)
        if took > limit:
            took = min(took, again.took(opa, event, times=latency.times))
    except EngineError as problem:
        return error(problem.what)
    return verdict.slower(event, took) if took > limit else verdict
