"""What one event of a decision log says: what was asked and answered, when, and of which bundles.

An event that lacks one of these cannot be decided again, and says why; so does one of another decision than ours. Of a
request that the policy masked (``rego/system/log``) the log holds what decides, of a credential its kind alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from livegate.opa.client import DECISION
from livegate.pipeline.issue import BUNDLE_ROOT
from livegate.regression import compare

if TYPE_CHECKING:
    from collections.abc import Mapping

    from livegate.regression.logs.read import Record

WORD = "pep"
"""The kind of proof that is the enforcement point's word: it needs no credential."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One decision that was logged, with all that it takes to make it again.

    Attributes:
        request: as it stands in the log. instant: of the answer (ns). answer: ``{decision, context}``.
        revisions: bundle → revision that decided. masked: the log holds less of the request than was asked.
        proof: how the evidence describes the proof that passed; none where it did not, or nobody was told.
        took: nanoseconds of evaluation, where the event has its metrics.
        text: of the request, where a number in it is written in a way that ``request`` does not tell.
    """

    id: str
    where: str
    request: Any
    instant: int
    answer: Mapping[str, Any] = field(repr=False)
    revisions: Mapping[str, str]
    masked: bool = False
    took: int | None = None
    text: str | None = None

    @property
    def proof(self) -> Mapping[str, Any] | None:
        """The evidence of the proof gate."""
        found = self.answer["context"]["evidence"].get("proof")
        return found if isinstance(found, dict) and isinstance(found.get("kind"), str) else None

    @property
    def unproven(self) -> bool:
        """Whether the credential that was shown is not in the log, so that the proof gate cannot be asked again."""
        credential = _credential(self.request)
        if credential is not None:
            return self.masked and credential.get("kind") != WORD
        # the signature of an enforcement point is masked whole; the evidence still says that there was one
        return self.masked and self.proof is not None and self.proof.get("bound") != "none"

    @property
    def early(self) -> bool:
        """Whether the request gate alone denied it, so that no proof was looked at."""
        reasons = self.answer["context"]["reasons"]
        return bool(reasons) and all(reason["id"].startswith("request.") for reason in reasons)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unusable:
    """An event that cannot be decided again, and why; ``reason`` is a word to count by."""

    id: str
    where: str
    reason: str
    why: str


def event_of(record: Record) -> Event | Unusable:
    """What a record says. Pure."""
    value = record.value
    problem = _problem(value)
    if problem is not None:
        return Unusable(id=value["decision_id"], where=record.where, reason=problem[0], why=problem[1])
    context = value["result"]["context"]
    instant = compare.instant(context["evaluated_at"])
    assert instant is not None  # noqa: S101  # compare.malformed has seen that it is a time
    return Event(
        id=value["decision_id"],
        where=record.where,
        request=value["input"],
        instant=instant,
        answer=value["result"],
        revisions={name: context["revisions"][name] for name in BUNDLE_ROOT},
        masked=bool(_paths(value, "masked")),
        took=_took(value),
        text=_text(record),
    )


def _problem(value: Mapping[str, Any]) -> tuple[str, str] | None:
    return next(filter(None, (check(value) for check in (_other, _unanswered, _unasked, _unrevised))), None)


def _other(value: Mapping[str, Any]) -> tuple[str, str] | None:
    if value.get("path") == DECISION:
        return None
    asked = value.get("path") or value.get("query") or "nothing"
    return "other path", f"not a decision of {DECISION}: it asked for {str(asked)[:120]}"


def _unanswered(value: Mapping[str, Any]) -> tuple[str, str] | None:
    if value.get("error"):
        return "error", f"OPA failed to decide it: {_code(value['error'])}"
    if "result" not in value:
        return "no result", "the event has no result"
    hidden = [path for path in (*_paths(value, "masked"), *_paths(value, "erased")) if path.startswith("/result")]
    if hidden:
        return "result masked", f"the answer itself was masked: {hidden[0][:120]}"
    if wrong := compare.malformed(value["result"]):
        return "no decision", f"the result is no decision: {wrong}"
    return None


def _unasked(value: Mapping[str, Any]) -> tuple[str, str] | None:
    if "input" not in value:
        return "no input", "the event has no input, or all of it was erased"
    if erased := _paths(value, "erased"):
        return "input erased", f"of the request was erased: {', '.join(erased)[:200]}"
    return None


def _unrevised(value: Mapping[str, Any]) -> tuple[str, str] | None:
    revisions = value["result"]["context"].get("revisions")
    known = revisions if isinstance(revisions, dict) else {}
    missing = [name for name in BUNDLE_ROOT if not isinstance(known.get(name), str)]
    if missing:
        return "no revision", f"it was decided without the bundle {', '.join(missing)}, or does not name its revision"
    return None


def _credential(request: Any) -> Mapping[str, Any] | None:
    context = request.get("context") if isinstance(request, dict) else None
    if not isinstance(context, dict) or "credential" not in context:
        return None
    credential = context["credential"]
    return credential if isinstance(credential, dict) else {}


class _Asked(msgspec.Struct):
    input: msgspec.Raw


def _text(record: Record) -> str | None:
    return None if record.text is None else bytes(msgspec.json.decode(record.text, type=_Asked).input).decode()


def _paths(value: Mapping[str, Any], name: str) -> list[str]:
    listed = value.get(name)
    return [path for path in listed if isinstance(path, str)] if isinstance(listed, list) else []


def _code(error: Any) -> str:
    # the message may quote what was asked; the code is one of OPA's own words
    code = error.get("code") if isinstance(error, dict) else None
    return str(code)[:80] if code else "no code is given"


def _took(value: Mapping[str, Any]) -> int | None:
    metrics = value.get("metrics")
    found = metrics.get("timer_rego_query_eval_ns") if isinstance(metrics, dict) else None
    return found if type(found) is int and found > 0 else None
