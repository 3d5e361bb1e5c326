"""What became of one logged decision that was decided again. Pure: two answers in, a verdict out."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from livegate.errors import EngineError
from livegate.regression import ask
from livegate.regression.compare import Difference

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from livegate.regression.logs.event import Event


class Outcome(StrEnum):
    """As before; otherwise in the decision, or in what it says beside it; slower; or not to be had again, or failed."""

    SAME = "SAME"
    DECISION_CHANGED = "DECISION_CHANGED"
    REASONS_CHANGED = "REASONS_CHANGED"
    LATENCY = "LATENCY"
    NOT_REPLAYABLE = "NOT_REPLAYABLE"
    ERROR = "ERROR"


class Mark(StrEnum):
    """What an outcome rests on that is not the whole request: what the log kept of it, or a proof taken as logged."""

    KEPT = "masked: decided from what the log kept"
    ASSUMED = "masked: its proof assumed as logged, revocation by thumbprint not asked again"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The outcome of one event.

    Attributes:
        reason: a word to count by, of what is not replayable. why: a sentence for people.
        differences: before and after, of what changed. mark: see :class:`Mark`.
        asked: ``subject``, ``action``, ``resource`` in words. before, after: ``{decision, reasons}``.
        took: ns, before and after, of a slower one.
    """

    outcome: Outcome
    reason: str | None = None
    why: str | None = None
    differences: tuple[Difference, ...] = ()
    mark: Mark | None = None
    asked: Mapping[str, str] | None = None
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None
    took: tuple[int, int] | None = None

    def plain(self) -> dict[str, Any]:
        """As JSON, without what is not there."""
        made: dict[str, Any] = {"outcome": self.outcome.value}
        for name in ("reason", "why", "mark", "asked", "before", "after"):
            if (value := getattr(self, name)) is not None:
                made[name] = value
        if self.differences:
            made["differences"] = [
                {"what": item.what, "before": item.expected, "after": item.actual} for item in self.differences
            ]
        if self.took is not None:
            made["took_ns"] = list(self.took)
        return made

    def slower(self, event: Event, took: int) -> Verdict:
        """The same decision, too late: ``took`` ns."""
        return replace(
            self,
            outcome=Outcome.LATENCY,
            took=(event.took or 0, took),
            asked=_asked(event),
            why=f"took {took / 1e6:.2f} ms, {(event.took or 0) / 1e6:.2f} ms in the log",
        )


def judge(event: Event, answer: Any, *, mark: Mark | None = None, whole: bool) -> Verdict:
    """The verdict on an event that was asked again.

    Args:
        event: what was logged. answer: what OPA says now, or the error why it says nothing.
        mark: what the question rested on, if not on all of the request.
        whole: the very bundles of then decided, so that obligations, evidence and ``valid_until`` are the same, too.
    """
    if isinstance(answer, EngineError):
        return error(answer.what)
    if problem := ask.problem(event, answer):
        return error(problem)
    differences = tuple(_differences(event.answer, answer, whole=whole))
    if not differences:
        return Verdict(outcome=Outcome.SAME, mark=mark)
    if mark is not None and whole:
        gates = sorted({item.partition(".")[0] for item in _reasons(event.answer) ^ _reasons(answer)})
        what = f"the gates {', '.join(gates)}" if gates else ", ".join(item.what for item in differences)
        return unusable("masked", f"what the log kept of the request does not give the logged answer: {what} differ")
    outcome = Outcome.DECISION_CHANGED if differences[0].what == "decision" else Outcome.REASONS_CHANGED
    return Verdict(
        outcome=outcome,
        differences=differences,
        mark=mark,
        asked=_asked(event),
        before=_said(event.answer),
        after=_said(answer),
    )


def unproven(event: Event) -> Verdict:
    """The verdict on an event whose proof the log does not hold."""
    credential = event.request["context"].get("credential") if isinstance(event.request, dict) else None
    kind = credential.get("kind") if isinstance(credential, dict) else None
    shown = f"a credential ({kind})" if isinstance(kind, str) else "a signature or a credential without a kind"
    if event.proof is not None:
        hint = "; what it proved is in the evidence (--assume-proof)"
    else:
        hint = "; the logged answer does not say that it held"
    return unusable(
        "masked proof", f"the proof gate cannot be decided again: {shown[:80]} was shown and is not logged{hint}"
    )


def unusable(reason: str, why: str) -> Verdict:
    """Not replayable, and why."""
    return Verdict(outcome=Outcome.NOT_REPLAYABLE, reason=reason, why=why)


def error(why: str) -> Verdict:
    """It was asked, or was to be, and nothing can be said."""
    return Verdict(outcome=Outcome.ERROR, why=why)


def _differences(before: Mapping[str, Any], after: Mapping[str, Any], *, whole: bool) -> Iterator[Difference]:
    if before["decision"] is not after["decision"]:
        yield Difference("decision", _word(before), _word(after))
    if _reasons(before) != _reasons(after):
        yield Difference("reasons", _list(_reasons(before)), _list(_reasons(after)))
    names = ("obligations", "valid_until", "evidence") if whole else ("obligations",)
    for name in names:
        ours, theirs = _text(before["context"].get(name)), _text(after["context"].get(name))
        if ours != theirs:
            yield Difference(name, ours, theirs)


def _said(answer: Mapping[str, Any]) -> dict[str, Any]:
    return {"decision": answer["decision"], "reasons": sorted(_reasons(answer))}


def _asked(event: Event) -> dict[str, str]:
    request = event.request if isinstance(event.request, dict) else {}

    def words(part: str, *names: str) -> str:
        found = request.get(part)
        members = found if isinstance(found, dict) else {}
        return " ".join(str(members.get(name, "?"))[:200] for name in names)

    return {
        "subject": words("subject", "type", "id"),
        "action": words("action", "name"),
        "resource": words("resource", "type", "id"),
    }


def _reasons(answer: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(reason["id"] for reason in answer["context"]["reasons"])


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def _list(words: frozenset[str]) -> str:
    return ", ".join(sorted(words)) or "none"


def _word(answer: Mapping[str, Any]) -> str:
    return "allow" if answer["decision"] else "deny"
