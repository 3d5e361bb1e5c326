"""A corpus asked of both sides, chunk by chunk, side by side, on all cores.

The rows travel as numbers and OPA puts the requests together from tables that are sent once a chunk; of each answer
only what is compared comes back. What ``with`` needs is bound first: see :mod:`livegate.regression.ask`.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from livegate.errors import EngineError
from livegate.opa.process import ENDING
from livegate.regression import compare
from livegate.regression.diff.sides import overrides

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from livegate.opa.client import OpaClient
    from livegate.regression.diff.corpus import Corpus, Row
    from livegate.regression.diff.sides import Side

CHUNK = 1_000

_SAID = """[
        answer.decision,
        [reason.id | some reason in answer.context.reasons],
        count(answer.context.reasons),
        answer.context.obligations,
        object.get(answer.context, "valid_until", ""),
        answer.context.evaluated_at,
        object.get(answer.context, "cache", {}),
    ]"""


@dataclass(frozen=True, slots=True)
class Answer:
    """What is compared of an answer.

    Attributes:
        obligations: whole, in a fixed order. until: RFC 3339, empty if none. cache: how long and for what an
            enforcement point may keep it.
    """

    allow: bool
    reasons: frozenset[str]
    obligations: tuple[str, ...]
    until: str
    cache: Mapping[str, Any] = field(default_factory=dict, hash=False)


@dataclass(slots=True)
class Progress:
    """How far it came, and what ended it early, if anything did."""

    asked: int = 0
    error: EngineError | None = None
    unanswered: list[str] = field(default_factory=list)


def both(
    base: Side,
    head: Side,
    corpus: Corpus,
    progress: Progress,
    *,
    told: Callable[[int], None] = lambda _: None,
    chunk: int = CHUNK,
    workers: int | None = None,
) -> Iterator[tuple[Row, Answer, Answer]]:
    """Every row with both answers, in order of the corpus as far as it came; ``progress`` says how far.

    A row of which one side says nothing that can be compared is not among them, but in ``progress.unanswered``.

    Args:
        told: how many rows were asked, after each chunk. workers: at once on each side; half of the processors.
    """
    count = workers or max(1, (os.cpu_count() or 2) // 2)
    askers = [_Asker(side, corpus) for side in (base, head)]
    with contextlib.ExitStack() as stack:
        pools = [stack.enter_context(ThreadPoolExecutor(count)) for _ in askers]
        waiting: deque[tuple[Sequence[Row], list[Future[list[Any]]]]] = deque()
        chunks = _chunks(corpus, chunk)
        try:
            while True:
                for part in itertools.islice(chunks, 2 * count - len(waiting)):
                    waiting.append(
                        (part, [pool.submit(one.asked, part) for pool, one in zip(pools, askers, strict=True)])
                    )
                if not waiting:
                    return
                rows, futures = waiting.popleft()
                found = [future.result() for future in futures]
                progress.asked += len(rows)
                told(progress.asked)
                for row, mine, theirs in zip(rows, *found, strict=True):
                    if isinstance(mine, Answer) and isinstance(theirs, Answer):
                        yield row, mine, theirs
                    else:
                        progress.unanswered.append(
                            f"{_named(corpus, row)}: {mine if isinstance(mine, str) else theirs}"
                        )
        except EngineError as error:
            progress.error = _ended((base, head), error)
        finally:
            for _, futures in waiting:
                for future in futures:
                    future.cancel()


def whole(side: Side, corpus: Corpus, rows: Sequence[Row]) -> list[Any]:
    """The whole answers of one side to rows, for the few that are looked at closely. None where it gave none.

    Raises:
        EngineError: OPA cannot be asked.
    """
    asker = _Asker(side, corpus)
    found: dict[Row, Any] = {}
    client = side.opa.client()
    with contextlib.closing(client.session):
        for moves in (False, True):
            part = [row for row in rows if corpus.moments[row[3]].moved is moves]
            if part:
                found.update(zip(part, asker.query(client, part, "answer"), strict=True))
    return [found[row] for row in rows]


def read(whole: Any, instant: int) -> Answer | str:
    """What is compared of a whole answer, or why it says nothing."""
    if wrong := compare.malformed(whole):
        return f"no decision: {wrong}"
    context = whole["context"]
    ids = [reason["id"] for reason in context["reasons"]]
    said = [whole["decision"], ids, len(ids), context["obligations"], context.get("valid_until", "")]
    return _answer([*said, context["evaluated_at"], context.get("cache", {})], instant)


class _Asker:
    """One side. A client for each chunk's thread; tables by chunk."""

    def __init__(self, side: Side, corpus: Corpus) -> None:
        self._side, self._corpus = side, corpus
        self._start = corpus.moments[0].instant
        self._equipped: dict[tuple[int, int], dict[str, Any]] = {}

    def asked(self, rows: Sequence[Row]) -> list[Answer | str]:
        """The answers to rows, in order; a text says why there is none."""
        client = self._side.opa.client()
        with contextlib.closing(client.session):
            found = self.query(client, rows)
        instants = [self._corpus.moments[row[3]].instant for row in rows]
        return [
            "undefined" if one is None else _answer(one, instant) for one, instant in zip(found, instants, strict=True)
        ]

    def query(self, client: OpaClient, rows: Sequence[Row], said: str = _SAID) -> list[Any]:
        """What OPA says to rows that move alike, in order; None where it says nothing."""
        span = self._span(rows[0][3])
        paths = sorted(overrides(self._side, span))
        given = self._given(rows, paths)
        bound = "".join(f'    put_{number} := moment[2]["{path}"]\n' for number, path in enumerate(paths))
        replaced = "".join(f" with data.{path} as put_{number}" for number, path in enumerate(paths))
        query = f"""answers := [[id, said] |
    some id, row in input.rows
    who := {{"subject": input.subjects[row[0]], "resource": input.resources[row[1]]}}
    request := object.union(who, input.forms[row[2]])
    moment := input.moments[row[3]]
    instant := moment[1]
{bound}    answer := data.authz.evaluation with input as request with time.now_ns as instant{replaced}
    said := {said}
]"""
        solutions = client.query(query, given)
        listed = solutions[0].get("answers") if len(solutions) == 1 else None
        if not isinstance(listed, list):
            raise EngineError(f"answered with {len(solutions)} solutions instead of one list", where=client.url)
        found: list[Any] = [None] * len(rows)
        for pair in listed:
            if not isinstance(pair, list) or len(pair) != 2 or type(pair[0]) is not int or not 0 <= pair[0] < len(rows):
                raise EngineError("answered something that belongs to no question", where=client.url)
            found[pair[0]] = pair[1]
        return found

    def _given(self, rows: Sequence[Row], paths: Sequence[str]) -> dict[str, Any]:
        tables: list[dict[Any, int]] = [{}, {}, {}, {}]
        numbers = []
        for row in rows:
            signed = self._corpus.forms[row[2]][0].signed
            places = (row[0], row[1], row if signed else (row[2], row[3]) if self._minted(row[2]) else row[2], row[3])
            numbers.append([table.setdefault(place, len(table)) for table, place in zip(tables, places, strict=True)])
        corpus = self._corpus
        return {
            "rows": numbers,
            "subjects": [corpus.subjects[one] for one in tables[0]],
            "resources": [corpus.resources[one].asked() for one in tables[1]],
            "forms": [self._form(one) for one in tables[2]],
            "moments": [self._moment(one, paths) for one in tables[3]],
        }

    def _moment(self, number: int, paths: Sequence[str]) -> list[Any]:
        instant = self._corpus.moments[number].instant
        put = overrides(self._side, self._span(number)) if paths else {}
        return [number, instant, {path: put[path] for path in paths}]

    def _span(self, moment: int) -> int:
        """How far the listings are moved: bundles to the instant of the comparison, and with the moment if it asks."""
        made = self._corpus.moments[moment]
        start = self._start - self._side.issued if self._side.replaced else 0
        return start + (made.instant - self._start if made.moved else 0)

    def _minted(self, form: int) -> bool:
        return self._corpus.forms[form][0].credential is not None

    def _form(self, place: int | tuple[int, int] | Row) -> dict[str, Any]:
        """What a form adds to a request, with the credential and signature that this side's issuers make for it."""
        number = place if isinstance(place, int) else place[2] if len(place) == 4 else place[0]
        form = self._corpus.forms[number][0]
        made: dict[str, Any] = {"action": form.action}
        if form.context is not None:
            made["context"] = form.context
        if isinstance(place, int):
            return made
        now = self._corpus.moments[place[-1]].instant
        key = (number, place[-1])
        if form.credential is not None:
            if key not in self._equipped:
                request = self._side.issuers.equip(made, form.credential, None, now=now)
                self._equipped[key] = request["context"]["credential"]
            made["context"] = {**(form.context or {}), "credential": self._equipped[key]}
        if not form.signed or len(place) != 4:
            return made
        whole = {
            "subject": self._corpus.subjects[place[0]],
            "resource": self._corpus.resources[place[1]].asked(),
            **made,
        }
        pep = str((form.context or {}).get("pep", ""))
        if pep not in self._side.issuers.peps:  # this side has no such enforcement point, so nobody can sign for it
            return made
        signed: dict[str, Any] = self._side.issuers.equip(whole, None, {"pep": pep}, now=now)
        return {"action": signed["action"], "context": signed["context"]}


def _chunks(corpus: Corpus, size: int) -> Iterator[list[Row]]:
    """Rows in order; those whose listings move apart from those whose listings do not, as their queries differ."""
    for moves in (False, True):
        rows: list[Row] = []
        for row in corpus.rows:
            if corpus.moments[row[3]].moved is moves:
                rows.append(row)
                if len(rows) == size:
                    yield rows
                    rows = []
        if rows:
            yield rows


def _answer(said: Any, instant: int) -> Answer | str:
    if not isinstance(said, list) or len(said) != 7:
        return "no decision"
    decision, ids, count, obligations, until, evaluated, cache = said
    if not isinstance(decision, bool) or not isinstance(ids, list) or len(ids) != count:
        return "no decision with reasons"
    if not all(isinstance(one, str) for one in ids) or not isinstance(obligations, list) or not isinstance(until, str):
        return "no decision of the shape that is known"
    if not isinstance(evaluated, str) or _parsed(evaluated) != instant:
        return f"decided at {evaluated}: the clock was not frozen"
    if not isinstance(cache, dict):
        return "no decision with cache advice that is known"
    return Answer(decision, frozenset(ids), tuple(sorted(map(_text, obligations))), until, cache)


@lru_cache(maxsize=4096)
def _parsed(text: str) -> int | None:
    return compare.instant(text)


def _text(obligation: Any) -> str:
    return json.dumps(obligation, sort_keys=True, ensure_ascii=False)


def _named(corpus: Corpus, row: Row) -> str:
    form, deed = corpus.forms[row[2]]
    return f"{corpus.subjects[row[0]]['id']} {deed[0]}/{deed[1]} {corpus.resources[row[1]].name} ({form.variant})"


def _ended(sides: tuple[Side, Side], error: EngineError) -> EngineError:
    """How an OPA ended says more than that it cannot be reached."""
    for side in sides:
        try:
            side.opa.ensure_running(within=ENDING)
        except EngineError as ended:
            return EngineError(f"{side.place.name}: {ended.what}", where=ended.where, todo=ended.todo)
    return error
