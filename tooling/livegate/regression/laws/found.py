"""A counterexample made small, and told as a case that can be pasted into a suite and judged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from livegate.model.instants import show
from livegate.regression import paste
from livegate.regression.laws import changes
from livegate.regression.laws.trial import outcome
from livegate.regression.minimise import minimise

if TYPE_CHECKING:
    from livegate.regression.ask import Question
    from livegate.regression.laws.bench import Bench, Judged
    from livegate.regression.laws.trial import Trial

UNJUDGED = "judge.this"
"""Stands for the reasons that a person has to find: a case with it never passes."""

_REQUESTS = 4_000
_DOCUMENTS = 1_500
_BATCH = 25
_LISTED = 12
_ORDER = ("iga", "pam", "revocations", "trust", "catalog", "config")


@dataclass(frozen=True, slots=True, kw_only=True)
class Counterexample:
    """The least that breaks a law.

    Attributes:
        trial: with the least request, and the least change. before, after: what was decided; before only of a change.
        documents: the least of the documents, root by root, that shows it; schemas may ask for more.
        case: YAML, to be pasted into a suite.
    """

    trial: Trial
    before: Judged | None
    after: Judged
    documents: Mapping[str, Any] = field(repr=False)
    case: str

    @property
    def rests_on(self) -> tuple[str, ...]:
        """The values of the documents that it needs, as paths."""
        return tuple(_leaves(self.documents, ""))


def smallest(bench: Bench, trial: Trial, seed: int) -> Counterexample:
    """The counterexample that a trial is, made small: the change first, then the request, then the documents.

    Raises:
        EngineError: OPA ended, or cannot be asked.
    """
    trial = _smaller_request(bench, _fewer_edits(bench, trial))
    whole = trial.probe.place.documents
    least = minimise(
        whole,
        lambda candidates: _breaks(bench, [(trial, one) for one in candidates]),
        keep=lambda path: len(path) == 1,
        steps=_DOCUMENTS,
        batch=_BATCH,
    )
    return as_found(bench, trial, seed, least)


def as_found(bench: Bench, trial: Trial, seed: int, documents: Mapping[str, Any] | None = None) -> Counterexample:
    """The counterexample that a trial is, as it is; ``documents`` are the least that show it, where that is known.

    Raises:
        EngineError: OPA ended, or cannot be asked.
    """
    before, after = _asked(bench, [(trial, trial.probe.place.documents)])[0]
    case = _case(trial, before, after, documents or {}, seed)
    return Counterexample(trial=trial, before=before, after=after, documents=documents or {}, case=case)


def _fewer_edits(bench: Bench, trial: Trial) -> Trial:
    if len(trial.edits) < 2:
        return trial
    whole = trial.probe.place.documents

    def with_(numbers: Sequence[int]) -> Trial:
        return replace(trial, edits=tuple(trial.edits[number] for number in numbers))

    left = minimise(
        list(range(len(trial.edits))),
        lambda candidates: _breaks(bench, [(with_(one), whole) for one in candidates]),
        steps=_REQUESTS,
    )
    return with_(left)


def _smaller_request(bench: Bench, trial: Trial) -> Trial:
    whole, probe = trial.probe.place.documents, trial.probe
    parts = {"request": probe.request, "credential": probe.credential, "signed": probe.signed}

    def with_(value: Mapping[str, Any]) -> Trial:
        return replace(
            trial,
            probe=replace(
                probe,
                request=value["request"],
                credential=value.get("credential"),
                signed=value.get("signed"),
            ),
        )

    left = minimise(
        {name: value for name, value in parts.items() if value is not None or name == "request"},
        lambda candidates: _breaks(bench, [(with_(one), whole) for one in candidates]),
        keep=lambda path: path == ("request",) or (path[0] != "request" and len(path) > 1),
        steps=_REQUESTS,
    )
    return with_(left)


def _breaks(bench: Bench, candidates: Sequence[tuple[Trial, Mapping[str, Any]]]) -> list[bool]:
    """Whether each trial breaks its law under these documents, root by root."""
    asked = _asked(bench, candidates)
    return [trial.breach(before, after) for (trial, _), (before, after) in zip(candidates, asked, strict=True)]


def _asked(bench: Bench, candidates: Sequence[tuple[Trial, Mapping[str, Any]]]) -> list[tuple[Judged | None, Judged]]:
    """What is decided before and after each; before only for a law about a change."""
    under: dict[tuple[int, tuple[int, ...]], Mapping[str, Any]] = {}
    questions: list[Question] = []
    for trial, documents in candidates:
        place = trial.probe.place
        base = place.under() if documents is place.documents else documents
        if trial.law.change is not None:
            questions.append(trial.before(base))
        key = id(documents), tuple(map(id, trial.edits))
        if key not in under:
            changed = changes.apply(documents, trial.edits)
            under[key] = {**base, **changed} if changed else base
        questions.append(trial.after(under[key]))
    answers = iter(bench.judge(questions))
    return [((None if trial.law.change is None else next(answers)), next(answers)) for trial, _ in candidates]


def _case(trial: Trial, before: Judged | None, after: Judged, documents: Mapping[str, Any], seed: int) -> str:
    law, probe = trial.law, trial.probe
    lines = [f"Law: {law.name} ({law.file}:{law.line}).", f"Found in {probe.origin}, seed {seed}."]
    if before is not None:
        did = outcome(before, after, law.never)
        lines.append(f"The change {law.change} {did}: {_told(before)} before, {_told(after)} after.")
        lines += [f"Changed: {edit}." for edit in trial.edits[:_LISTED]]
        if trial.moved is not None:
            lines.append(f"Decided first at {show(probe.instant)}.")
    else:
        lines.append(f"Decided: {_told(after)}.")
        lines += [f"Under changed documents: {edit}." for edit in trial.edits[:_LISTED]]
    given = _given(trial.edits)
    if trial.edits and given is None:
        lines.append("A suite has no words for this change of documents: what is below is the request alone.")
    rests = _leaves(documents, "")
    more = f" and {len(rests) - _LISTED} more" if len(rests) > _LISTED else ""
    if rests:
        lines.append(f"It rests on: {', '.join(rests[:_LISTED])}{more}.")
    lines.append("The expectation is what the law demands: judge it, then mend the policy or the law.")
    request = probe.request if trial.seed is None else changes.requests(_what(trial), probe.request, trial.seed)
    return paste.as_case(
        f"law: {law.name}",
        request,
        probe.instant if trial.moved is None else trial.moved,
        _demanded(trial, before, after),
        controls=law.controls,
        given=given,
        comment="\n".join(lines),
        credential=probe.credential,
        signed=probe.signed,
    )


def _what(trial: Trial) -> str:
    return trial.law.change.what if trial.law.change else ""


def _demanded(trial: Trial, before: Judged | None, after: Judged) -> dict[str, Any]:
    """What the law asks for: that it stays as it was, or where a condition is broken, something else than that."""
    if before is None or not before.allow:
        reasons = list(before.reasons) if before is not None and before.reasons else [UNJUDGED]
        return {"decision": "deny", "reasons": reasons}
    expect: dict[str, Any] = {"decision": "allow"}
    if "changes" in trial.law.never and after.allow:
        expect["obligations"] = list(before.said[2])
        if before.until is not None:
            expect["valid_until"] = show(before.until)
    return expect


def _told(one: Judged) -> str:
    if one.problem:
        return one.problem
    return "allow" if one.allow else f"deny ({', '.join(one.reasons) or 'no reason'})"


def _given(edits: Sequence[changes.Edit]) -> dict[str, Any] | None:
    """The change in the words of a case's ``given``; None where one of the edits has none."""
    made: dict[str, Any] = {}
    for edit in edits:
        if edit.given is None:
            return None
        _join(made, edit.given)
    return made or None


def _join(into: dict[str, Any], more: Mapping[str, Any]) -> None:
    for name, value in more.items():
        if isinstance(value, Mapping):
            _join(into.setdefault(name, {}), value)
        else:
            into.setdefault(name, []).extend(value)


def _leaves(value: Any, path: str) -> list[str]:
    """Paths of the values in a document, dots between names; first who may do what, then what is about everybody."""
    if isinstance(value, dict) and value:
        order = sorted(value, key=lambda name: (_ORDER.index(name) if not path and name in _ORDER else 9, name))
        return [leaf for name in order for leaf in _leaves(value[name], f"{path}.{name}" if path else name)]
    if isinstance(value, list) and value:
        return [leaf for number, inner in enumerate(value) for leaf in _leaves(inner, f"{path}[{number}]")]
    return [path] if "." in path else []
