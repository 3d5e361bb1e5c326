"""BASE and HEAD → what the change does to decisions."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from livegate.documents.digest import parameter_digest
from livegate.errors import ConfigError, DocumentError, EngineError, LivegateError, SuiteError
from livegate.regression import ask
from livegate.regression.cases import Given
from livegate.regression.diff import asking, declared, recorded, sides
from livegate.regression.diff.changes import Asked, Gathered, compared
from livegate.regression.diff.corpus import Wanted, corpus, known_parameters
from livegate.regression.diff.declared import declare
from livegate.regression.diff.group import grouped
from livegate.regression.diff.people import people
from livegate.regression.diff.populations import Populations, alike
from livegate.regression.diff.separation import Allowed, violations
from livegate.regression.diff.values import Edge
from livegate.regression.diff.world import World
from livegate.regression.scratch import temporary
from livegate.regression.suite import load_all

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from livegate.opa.engine import Engine
    from livegate.project import Project
    from livegate.regression.diff.changes import Change
    from livegate.regression.diff.corpus import Corpus, Reach
    from livegate.regression.diff.declared import Declaration
    from livegate.regression.diff.group import Group
    from livegate.regression.diff.people import Person
    from livegate.regression.diff.recorded import Recorded
    from livegate.regression.diff.separation import Violation
    from livegate.regression.diff.sides import Place, Side

_DETAILS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What is asked, and what is expected.

    Attributes:
        population: of a checkout: ``example``, ``synced``, or a name. instant: ns; None for the newest issue.
        cases: suites to ask of both sides; None for those of both sides, empty for none.
        requests: files of captured requests. wanted: size of the generated corpus.
        declared: file of reviewed changes; None for HEAD's own, if it has one.
        public_keys: folder of the keys of bundles.
    """

    population: str = "example"
    instant: int | None = None
    cases: tuple[Path, ...] | None = None
    requests: tuple[Path, ...] = ()
    wanted: Wanted = field(default_factory=Wanted)
    declared: Path | None = None
    public_keys: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One side, for the report."""

    place: Place
    revisions: Mapping[str, str]
    remarks: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Diff:
    """What a change does.

    Attributes:
        differs: parts that differ (``policy`` and roots). generated, cases, requests: questions asked of each side.
        changes: openings and closings. groups: the same for people. gathered: the quiet rest.
        stale: declarations that matched nothing. unanswered: questions that one side did not answer.
        evidence: for the first of each group, what each side relied on.
        rules: reason → file:line, of BASE and of HEAD. error: what ended it before its time.
        asked_at: the real time (ns), which ends declarations.
    """

    base: Told
    head: Told
    instant: int
    differs: tuple[str, ...]
    reach: Reach
    generated: int
    cases: int
    requests: int
    gathered: Gathered
    changes: tuple[Change, ...]
    groups: tuple[Group, ...]
    violations: tuple[Violation, ...]
    people: tuple[Person, ...]
    stale: tuple[Declaration, ...]
    unanswered: tuple[str, ...]
    evidence: Mapping[int, tuple[Any, Any]]
    rules: tuple[Mapping[str, str], Mapping[str, str]]
    error: str | None = None
    asked_at: int = 0

    @property
    def undeclared(self) -> tuple[Change, ...]:
        """Openings and closings that no declaration covers."""
        return tuple(change for change in self.changes if change.declared is None)

    @property
    def partial(self) -> bool:
        """Whether some questions were not answered, so that nothing can be said of them."""
        return self.error is not None or bool(self.unanswered)

    @property
    def exit_code(self) -> int:
        """0 if no decision changed that was not declared, 3 if one did, 1 if not all could be asked."""
        return 1 if self.partial else 3 if self.undeclared else 0


def diff(
    base: Place,
    head: Place,
    project: Project,
    engine: Engine,
    options: Options,
    *,
    now: int,
    rules: Callable[[Path], Mapping[str, str]] = lambda _: {},
    progress: Callable[[str], None] = lambda _: None,
) -> Diff:
    """Compare two sides.

    Args:
        base, head: see :func:`livegate.regression.diff.sides.recognise`. project: the checkout that asks.
        engine: OPA. now: the real time (ns), for declarations that end.
        rules: folder of rules → reason → file:line. progress: told each step.

    Raises:
        LivegateError: a side cannot be made. An OPA that ends later is not raised, but is in the result.
    """
    given = Given(population=options.population)
    with contextlib.ExitStack() as stack:
        scratch = Path(stack.enter_context(temporary("diff")))
        running = []
        for name, place in (("base", base), ("head", head)):
            progress(f"{name.upper()} {place.name}: make, verify, start OPA")
            (scratch / name).mkdir()
            running.append(
                stack.enter_context(
                    _named(
                        sides.opened(place, given, engine, public_keys=options.public_keys, scratch=scratch / name),
                        place,
                    )
                )
            )
        declarations = _declarations(running[1], project, options.declared)
        placed = (rules(running[0].rego), rules(running[1].rego))
        made = _Comparison(running[0], running[1], project, given, options, scratch, progress)
        return made.made(declarations, placed, now=now)


def _declarations(head: Side, project: Project, named: Path | None) -> tuple[Declaration, ...]:
    if named is not None:
        return declared.load(named)
    path = (head.project or project).rego.parent / declared.DEFAULT
    return declared.load(path, file=declared.DEFAULT) if path.is_file() else ()


@contextlib.contextmanager
def _named(side: Any, place: Place) -> Any:
    """Errors of a side that is being made say which one it is."""
    try:
        entered = side.__enter__()
    except LivegateError as error:
        where = error.where or ""
        where = where if where.startswith(place.name) else f"{place.name}: {where}" if where else place.name
        raise type(error)(error.what, where=where, todo=error.todo) from error
    with contextlib.ExitStack() as stack:
        stack.push(side.__exit__)
        yield entered


class _Comparison:
    def __init__(
        self,
        base: Side,
        head: Side,
        project: Project,
        given: Given,
        options: Options,
        scratch: Path,
        progress: Callable[[str], None],
    ) -> None:
        self._base, self._head, self._given, self._options = base, head, given, options
        self._instant = options.instant or max(base.issued, head.issued)
        self._differs = tuple(sides.differing(base, head))
        # of later ends in what records say, the records are the matter
        self._terms = bool({"policy", "catalog", "config"} & set(self._differs))
        self._worlds = (World.of(base.documents), World.of(head.documents))
        one = Populations(base, given, project, scratch / "given-base")
        twin = one if alike(base, head) else None
        self._populations = (one, Populations(head, given, project, scratch / "given-head", twin))
        self._project, self._progress = project, progress
        self._gathered = Gathered(start=self._instant)
        self._before, self._after = Allowed(), Allowed()
        self._state = asking.Progress()
        self._moved: dict[str, dict[str, Any]] = {}

    def made(
        self, declarations: tuple[Declaration, ...], rules: tuple[Mapping[str, str], Mapping[str, str]], *, now: int
    ) -> Diff:
        cases = recorded.cases(self._suites())
        requests = list(recorded.requests(self._options.requests))
        known = known_parameters((one.request for one in (*cases, *requests)), _digest)
        made = corpus(
            self._worlds,
            self._instant,
            self._options.wanted,
            known=known,
            everywhere=bool({"policy", "catalog", "config", "trust", "revocations"} & set(self._differs)),
        )
        self._generated(made)
        asked = [0, 0]
        for number, listed in enumerate((cases, requests)):
            if self._state.error is None and listed:
                self._progress(f"{len(listed)} {('cases', 'captured requests')[number]}")
                asked[number] = self._recorded(listed)
        changes = self._gathered.changes()
        stale = declare(changes, declarations, now=now)
        groups = grouped(changes, *self._worlds)
        evidence = self._evidence(groups, made)
        return Diff(
            base=_told(self._base),
            head=_told(self._head),
            instant=self._instant,
            differs=self._differs,
            reach=made.reach,
            generated=self._state.asked,
            cases=asked[0],
            requests=asked[1],
            gathered=self._gathered,
            changes=tuple(changes),
            groups=tuple(groups),
            violations=tuple(violations(changes, *self._worlds, self._before, self._after)),
            people=tuple(people(*self._worlds, changes, self._before, self._after)),
            stale=tuple(stale),
            unanswered=tuple(self._state.unanswered),
            evidence=evidence,
            rules=rules,
            error=None if self._state.error is None else str(self._state.error),
            asked_at=now,
        )

    def _suites(self) -> Sequence[Any]:
        paths = self._options.cases
        if paths is None:
            listed = [
                side.project.rego.parent / "tests" / "policy" for side in (self._base, self._head) if side.project
            ]
            if not listed:
                listed = [self._project.rego.parent / "tests" / "policy"]
            paths = tuple(path for path in listed if path.is_dir() and any(path.glob("*.y*ml")))
        try:
            return load_all(paths)
        except SuiteError as error:
            raise SuiteError(
                error.what,
                where=error.where,
                todo=f"{error.todo or 'mend it'}; or --cases PATH for suites to ask of both sides, --no-cases for none",
            ) from error

    def _generated(self, made: Corpus) -> None:
        self._progress(f"{len(made.rows)} generated questions on each side")
        for row, mine, theirs in asking.both(self._base, self._head, made, self._state, told=self._told):
            form, deed = made.forms[row[2]]
            subject = made.subjects[row[0]]["id"]
            if row[3] == 0 and form.variant == Edge.LEAST:
                if mine.allow:
                    self._before.add(subject, deed)
                if theirs.allow:
                    self._after.add(subject, deed)
            if mine == theirs:
                continue
            asked = Asked(
                subject=subject,
                deed=deed,
                resource=made.resources[row[1]].shown,
                variant=form.variant,
                instant=made.moments[row[3]].instant,
                request=made.request(row),
            )
            if (difference := compared(asked, mine, theirs, row=row, ends=self._terms)) is not None:
                self._gathered.add(difference)

    def _told(self, count: int) -> None:
        if count % 10_000 < asking.CHUNK:
            self._progress(f"{count} generated questions asked")

    def _recorded(self, listed: Sequence[Recorded]) -> int:
        """Ask these of both sides; how many were."""
        found: list[list[Any]] = []
        refused: dict[int, str] = {}
        for side, populations in zip((self._base, self._head), self._populations, strict=True):
            givens = {one.given for one in listed if one.given is not None}
            self._progress(f"{side.place.name}: {len(givens)} organisations for {len(listed)} questions")
            populations.prepare(givens)
            questions = [self._question(one, side, populations, number, refused) for number, one in enumerate(listed)]
            found.append(questions)
        good = [number for number in range(len(listed)) if number not in refused]
        self._state.unanswered += [f"{listed[number].source}: {why}" for number, why in sorted(refused.items())]
        answers = []
        for side, questions in zip((self._base, self._head), found, strict=True):
            try:
                answers.append(ask.all_answers(side.opa, [questions[number] for number in good]))
            except EngineError as error:
                self._state.error = EngineError(f"{side.place.name}: {error.what}", where=error.where, todo=error.todo)
                return 0
        for place, number in enumerate(good):
            one = listed[number]
            instant = one.instant or self._instant
            said = [asking.read(answers[side][place], instant) for side in (0, 1)]
            if isinstance(said[0], str) or isinstance(said[1], str):
                self._state.unanswered.append(f"{one.source}: {next(text for text in said if isinstance(text, str))}")
                continue
            whole = (answers[0][place], answers[1][place])
            if (
                difference := compared(_asked(one, instant), said[0], said[1], whole=whole, ends=self._terms)
            ) is not None:
                self._gathered.add(difference)
        return len(good)

    def _question(
        self, one: Recorded, side: Side, populations: Populations, number: int, refused: dict[int, str]
    ) -> Any:
        instant = one.instant or self._instant
        try:
            if one.given is not None:
                put = populations.of(one.given)
                documents, issuers = put.documents, put.issuers
            else:
                documents, issuers = self._loaded(side), side.issuers
            request = issuers.equip(one.request, one.credential, one.signed, now=instant)
        except LivegateError as error:
            refused[number] = f"{side.place.name}: {error.where + ': ' if error.where else ''}{error.what}"
            return None
        return ask.Question(request=request, instant=instant, documents=documents)

    def _loaded(self, side: Side) -> Mapping[str, Any]:
        """What is put in place for captured requests: of bundles, all of it, moved, and with keys of this run."""
        if not side.replaced:
            return {}
        if side.place.name not in self._moved:
            self._moved[side.place.name] = sides.wholly(side, self._instant - side.issued)
        return self._moved[side.place.name]

    def _evidence(self, groups: Sequence[Group], made: Corpus) -> dict[int, tuple[Any, Any]]:
        """What both sides relied on, for the first change of the first groups; of an OPA that has ended, nothing."""
        found: dict[int, tuple[Any, Any]] = {}
        wanted = []
        for number, group in enumerate(groups[:_DETAILS]):
            example = group.changes[0].examples[0]
            if example.whole is not None:
                found[number] = example.whole
            elif example.row is not None:
                wanted.append((number, example.row))
        if wanted and self._state.error is None:
            with contextlib.suppress(EngineError):
                mine, theirs = (
                    asking.whole(side, made, [row for _, row in wanted]) for side in (self._base, self._head)
                )
                for (number, _), one, other in zip(wanted, mine, theirs, strict=True):
                    found[number] = (one, other)
        return found


def _asked(one: Recorded, instant: int) -> Asked:
    request = one.request if isinstance(one.request, dict) else {}
    subject, action, resource = (
        part if isinstance(part := request.get(name), dict) else {} for name in ("subject", "action", "resource")
    )
    kind = str(resource.get("type", "?"))
    return Asked(
        subject=str(subject.get("id", "?")),
        deed=(kind, str(action.get("name", "?"))),
        resource=f"{kind}:{resource.get('id', '?')}",
        variant=one.variant,
        instant=instant,
        request=one.request,
        source=one.source,
    )


def _digest(properties: Mapping[str, Any]) -> str:
    try:
        return parameter_digest(properties)
    except (DocumentError, ConfigError):
        return ""


def _told(side: Side) -> Told:
    revisions = {
        root: document["bundle"]["revision"] for root, document in side.documents.items() if "bundle" in document
    }
    return Told(place=side.place, revisions=revisions, remarks=side.remarks)
