"""A decision as a test looks at it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from livegate.model.instants import from_ns, parse

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Decision:
    """OPA's answer to one request.

    Attributes:
        allowed: the decision.
        reasons: ids of all that is against it, such as ``entitlement.missing``; none of an allow.
        obligations: type → properties, of what the caller must do; of two of one type, see ``answer``.
        valid_until: until when it may be relied on (UTC); None of a denial.
        answer: the whole answer, ``{"decision": …, "context": {…}}``.
        gates: gate → whether it passed.
    """

    allowed: bool
    reasons: frozenset[str]
    obligations: Mapping[str, Mapping[str, Any]]
    valid_until: datetime | None
    answer: Mapping[str, Any] = field(compare=False)
    gates: Mapping[str, bool] = field(default_factory=dict, compare=False)

    def __repr__(self) -> str:
        """Short enough for one line of a failed assertion."""
        if self.allowed:
            return f"<allow, obliged to {', '.join(sorted(self.obligations)) or 'nothing'}>"
        return f"<deny: {', '.join(sorted(self.reasons))}>"

    def explained(self) -> str:
        """For people: each gate and what it said, each reason and what would have to change."""
        context = self.answer["context"]
        lines = [f"decision  {'allow' if self.allowed else 'DENY'} at {context['evaluated_at']}"]
        if self.valid_until is not None:
            lines.append(f"until     {context['valid_until']}")
        if self.gates:
            failed = [name for name, passed in sorted(self.gates.items()) if not passed]
            lines.append(
                f"gates     {len(self.gates) - len(failed)} pass" + "".join(f", {name} DENIES" for name in failed)
            )
        lines += [
            f"reason    {reason['id']}: next {reason.get('next_action', 'none')}"
            + (f", needs {reason['needs']}" if reason.get("needs") else "")
            for reason in context["reasons"]
        ]
        lines += [
            f"obliged   {item['type']} {item.get('properties') or ''}".rstrip() for item in context["obligations"]
        ]
        return "\n".join(lines)


def decision_of(answer: Mapping[str, Any], gates: Mapping[str, bool] | None = None) -> Decision:
    """The decision that a well-formed answer is (:func:`livegate.regression.ask.problem` says whether it is one)."""
    context = answer["context"]
    return Decision(
        allowed=answer["decision"],
        reasons=frozenset(reason["id"] for reason in context["reasons"]),
        obligations={item["type"]: item.get("properties", {}) for item in context["obligations"]},
        valid_until=from_ns(parse(context["valid_until"])) if answer["decision"] else None,
        answer=answer,
        gates=gates or {},
    )
