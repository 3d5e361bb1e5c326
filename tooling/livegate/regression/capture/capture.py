"""A suite from decision logs: read, replayed, one of each kind chosen, made small, renamed, and decided again.

Only what replays as it was logged is captured; a credential cannot be, since the log does not hold it. Whatever is done
to a case, the OPA with the bundles of then must still give its answer; what does not is left out and told.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from livegate.errors import EngineError
from livegate.model.records import IdentityType
from livegate.regression import ask, shipped
from livegate.regression.ask import Question
from livegate.regression.capture import shrink, write
from livegate.regression.capture.pseudonyms import Pseudonyms
from livegate.regression.capture.rename import Renaming
from livegate.regression.capture.select import kind, result
from livegate.regression.capture.words import vocabulary, words
from livegate.regression.judge import Outcome
from livegate.regression.logs.read import Broken
from livegate.regression.logs.spool import Spool
from livegate.regression.logs.unpack import Limits
from livegate.regression.replay import decided, found, read
from livegate.regression.scratch import temporary

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from livegate.opa.process import OpaProcess
    from livegate.regression.logs.event import Event
    from livegate.regression.replay import Against

CONTROLS = ("C3",)
_CHUNK = 4_000
CASES = 500
"""Most cases of one capture: a suite is read by people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Captured:
    """One case: a request at an instant (ns), the documents that it needs, and what was decided."""

    request: Any
    instant: int
    documents: Mapping[str, Any] = field(repr=False)
    allow: bool
    reasons: tuple[str, ...]
    obligations: tuple[str, ...]
    controls: tuple[str, ...] = CONTROLS

    @property
    def result(self) -> list[Any]:
        """As :func:`livegate.regression.capture.select.result`."""
        return [self.allow, list(self.reasons), list(self.obligations)]


@dataclass(slots=True, kw_only=True)
class Capture:
    """What came of a capture.

    Attributes:
        files: path → bytes, to be written. cases: how many are in them. events: that were read.
        alike: events of a kind that has its case. left: why → how many could not be captured.
        unread: what of the logs could not be read. mapping: space → name in the log → name in the files.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    cases: int = 0
    events: int = 0
    alike: int = 0
    left: dict[str, int] = field(default_factory=dict)
    unread: list[Broken] = field(default_factory=list)
    mapping: Mapping[str, Mapping[str, str]] = field(default_factory=dict, repr=False)

    def leave(self, why: str, count: int = 1) -> None:
        """So many are left out."""
        self.left[why] = self.left.get(why, 0) + count


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is asked of a capture.

    Attributes:
        name: of the suites. every: keep events that are alike. rename: give other names. most: cases.
    """

    name: str
    every: bool = False
    rename: bool = True
    most: int = CASES


@dataclass(frozen=True, slots=True)
class _Population:
    """Documents, when they are issued (ns), and the cases that are asked of them."""

    documents: Mapping[str, Any]
    instant: int
    cases: tuple[Captured, ...]


@dataclass(slots=True)
class _Work:
    """What one capture goes by, and how far it is: kinds that have their case, and how many cases there are."""

    against: Against
    wanted: Wanted
    made: Capture
    names: Pseudonyms
    progress: Callable[[str], None]
    seen: set[str] = field(default_factory=set)
    cases: int = 0


def capture(
    paths: Sequence[Path],
    against: Against,
    wanted: Wanted,
    *,
    progress: Callable[[str], None] = lambda _: None,
    limits: Limits | None = None,
) -> Capture:
    """The files of the suites that these logs give; nothing is written.

    Raises:
        ConfigError: a path is not there. RefusedError: a log is beyond a limit.
        LivegateError: a name of the log would stand in what is to be written.
    """
    made = Capture()
    work = _Work(against, wanted, made, Pseudonyms(), progress)
    populations: list[_Population] = []
    with (
        temporary("capture", within=against.folder) as folder,
        Spool(Path(folder)) as spool,
    ):
        made.unread = [item for item in read(paths, spool, limits=limits or Limits()) if isinstance(item, Broken)]
        for _, _, outcome in spool.outcomes():
            made.events += 1
            made.leave(outcome["reason"])
        for number, revisions, count in spool.sets():
            progress(f"{count} decisions of policy {revisions['policy']}, iga {revisions['iga']}")
            made.events += count
            populations += _set(work, spool, number, revisions)
    for number, one in enumerate(populations, 1):
        name = wanted.name if len(populations) == 1 else f"{wanted.name}-{number}"
        made.files |= write.files(name, one.cases, one.documents, instant=one.instant)
        made.cases += len(one.cases)
    if wanted.rename:
        made.mapping = work.names.mapping()
        write.refuse_names(made.files, work.names.hidden(), work.names.given() | vocabulary())
    return made


def _set(work: _Work, spool: Spool, number: int, revisions: Mapping[str, str]) -> list[_Population]:
    bundles, missing = found(work.against.archive, revisions)
    if missing:
        work.made.leave("missing revision", sum(len(chunk) for chunk in spool.waiting(number, chunk=_CHUNK)))
        return []
    captured: list[Captured] = []
    paths = tuple(bundles.values())
    with shipped.serving(paths, work.against.keys, work.against.engine, folder=work.against.folder) as then:
        documents = shrink.bare(then.documents)
        for chunk in spool.waiting(number, chunk=_CHUNK):
            for event in _good(work, [waiting.event for waiting in chunk], then.opa):
                alike = kind(event)
                if alike in work.seen and not work.wanted.every:
                    work.made.alike += 1
                elif work.cases >= work.wanted.most:
                    work.made.leave(f"more than {work.wanted.most} cases")
                elif (small := _small(event, documents, then.opa)) is None:
                    work.made.leave("rests on what a suite cannot hold")
                else:
                    work.seen.add(alike)
                    work.cases += 1
                    captured.append(small)
                    work.progress(f"{work.cases} cases")
        return _together(work, captured, documents, then.opa)


def _good(work: _Work, events: Sequence[Event], opa: OpaProcess) -> list[Event]:
    """Those that replay as they were logged, without anything assumed."""
    good = []
    for event, verdict in zip(
        events, decided(events, opa, replace(work.against, assume=False, latency=None)), strict=True
    ):
        if verdict.outcome is Outcome.SAME and event.text is None:
            good.append(event)
        elif verdict.outcome is Outcome.SAME:
            work.made.leave("a number that YAML would write otherwise")
        else:
            work.made.leave(verdict.reason or verdict.outcome.value)
    return good


def _small(event: Event, documents: Mapping[str, Any], opa: OpaProcess) -> Captured | None:
    wanted = result(event.answer)

    def holds(candidates: Sequence[Any]) -> list[bool]:
        return _gives([(one["request"], event.instant, one["documents"], wanted) for one in candidates], opa)

    for begun in (shrink.cut(documents, event.request), documents):
        if all(holds([{"request": event.request, "documents": begun}])):
            request, small = shrink.smallest(event.request, begun, holds)
            allow, reasons, obligations = wanted
            return Captured(
                request=request,
                instant=event.instant,
                documents=small,
                allow=allow,
                reasons=tuple(reasons),
                obligations=tuple(obligations),
            )
    return None


def _gives(asked: Sequence[tuple[Any, int, Mapping[str, Any], list[Any]]], opa: OpaProcess) -> list[bool]:
    """Whether each (request, instant, documents) gives its result."""
    questions = [Question(request=one[0], instant=one[1], documents=one[2]) for one in asked]
    answers = ask.attempt(opa, questions)
    return [
        not isinstance(answer, EngineError) and ask.problem(question, answer) is None and result(answer) == one[3]
        for one, question, answer in zip(asked, questions, answers, strict=True)
    ]


def _together(
    work: _Work, captured: Sequence[Captured], whole: Mapping[str, Any], opa: OpaProcess
) -> list[_Population]:
    """One population for all, of what each needs; one of its own for whatever is decided otherwise in that."""
    if not captured:
        return []
    documents = shrink.merged(whole, [one.documents for one in captured])
    instant = max(one["bundle"]["issued_at"] for one in documents.values() if "bundle" in one)
    joined: list[bool] = [False] * len(captured)
    if shrink.valid(documents):
        joined = _hold(captured, documents, instant, opa)
    populations = [(documents, instant, [one for one, good in zip(captured, joined, strict=True) if good])]
    for one, good in zip(captured, joined, strict=True):
        if good:
            continue
        # alone, and its documents issued when they were, or at the very instant at which it is asked
        for at in (instant, one.instant):
            if all(_hold([one], one.documents, at, opa)):
                populations.append((one.documents, at, [one]))
                break
        else:
            work.made.leave("rests on the age of what was issued")
    return [kept for given in populations if given[2] and (kept := _renamed(work, *given, opa)) is not None]


def _hold(cases: Sequence[Captured], documents: Mapping[str, Any], instant: int, opa: OpaProcess) -> list[bool]:
    issued = shrink.issued_at(documents, instant)
    return _gives([(one.request, one.instant, issued, one.result) for one in cases], opa)


def _renamed(
    work: _Work, documents: Mapping[str, Any], instant: int, cases: Sequence[Captured], opa: OpaProcess
) -> _Population | None:
    """The population under other names, with the cases that these do not change."""
    if not work.wanted.rename:
        return _Population(documents, instant, tuple(cases))
    found = set[str]().union(*write.atoms([dict(documents), *(case.request for case in cases)]))
    work.names.know(words(documents), found)
    types = {one: leaf.split("|")[1] for one, leaf in documents["iga"]["identities"].items()}
    described = documents["catalog"]["actions"].values()
    tickets = any("ticket" in facts.get("limits", {}) for actions in described for facts in actions.values())
    renaming = Renaming(work.names, {**_types(cases), **types}, tickets=tickets)
    for case in cases:
        renaming.learn(case.request)
    others = [replace(case, request=renaming.request(case.request)) for case in cases]
    made = renaming.documents(documents)
    good = _hold(others, made, instant, opa)
    if not all(good):
        work.made.leave("rests on a name", good.count(False))
    kept = tuple(case for case, ok in zip(others, good, strict=True) if ok)
    return _Population(made, instant, kept) if kept else None


def _types(cases: Sequence[Captured]) -> dict[str, str]:
    """Identity → type, as requests say it; only types that there are."""
    made = {}
    for case in cases:
        subject = case.request.get("subject") if isinstance(case.request, dict) else None
        if (
            isinstance(subject, dict)
            and isinstance(subject.get("id"), str)
            and subject.get("type") in set(IdentityType)
        ):
            made[subject["id"]] = subject["type"]
    return made
