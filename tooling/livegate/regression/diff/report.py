"""A diff for machines. Its form is ``schemas/diff.json``; whoever shows it to people begins here too. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from livegate.model.instants import show
from livegate.regression.diff.changes import DECISIONS, What

if TYPE_CHECKING:
    from collections.abc import Sequence

    from livegate.regression.diff.changes import Difference
    from livegate.regression.diff.declared import Declaration
    from livegate.regression.diff.group import Group
    from livegate.regression.diff.run import Diff, Told

_NAMED = 50
FORMS = {
    "most": "at a limit",
    "beyond": "beyond a limit",
    "separation": "by who did the other action",
    "combination": "after the other action in one chain",
    "legacy": "without context",
    "case": "a case",
    "request": "a captured request",
}
WORDS = {What.OPENED: "gain", What.CLOSED: "lose", What.EASED: "keep, on easier terms,"}


@dataclass(frozen=True, slots=True)
class Line:
    """What one rule, or one application, has to do with the change.

    Attributes:
        name: of it. where: file and line of a rule, from the side that has it.
        opened, closed: pairs of subject and action on a resource. subjects: how many.
    """

    name: str
    where: str
    opened: int
    closed: int
    subjects: int


def as_json(diff: Diff) -> dict[str, Any]:
    """The report."""
    return {
        "base": _side(diff.base),
        "head": _side(diff.head),
        "instant": show(diff.instant),
        "differs": list(diff.differs),
        "partial": diff.partial,
        "error": diff.error,
        "exit_code": diff.exit_code,
        "asked": asked(diff),
        "summary": summary(diff),
        "separation": [
            {
                "kind": one.kind,
                "title": one.title,
                "subjects": _most(one.subjects),
                "action": one.action,
                "resources": _most(one.resources),
                "first": one.first,
                "then": one.then,
                "reason": one.reason,
                "declared": one.declared,
            }
            for one in diff.violations
        ],
        "groups": [_group(group, diff.evidence.get(number)) for number, group in enumerate(diff.groups)],
        "applications": [_line(one) for one in by_application(diff)],
        "rules": [_line(one) for one in by_rule(diff)],
        "reasons_only": [
            {"gone": list(gone), "come": list(come), "questions": count}
            for (gone, come), count in sorted(diff.gathered.reasons.items(), key=lambda item: (-item[1], item[0]))
        ],
        "people": [
            {
                "id": one.id,
                "view": one.view,
                "identity": [{"part": name, "base": was, "head": is_} for name, was, is_ in one.parts],
                "came": _most(one.came),
                "went": _most(one.went),
                "gains": _most(one.gains),
                "loses": _most(one.loses),
                "actions": {"base": one.could, "head": one.can},
            }
            for one in diff.people
        ],
        "stale": [{"where": one.where, "reason": one.reason} for one in diff.stale],
        "unanswered": list(diff.unanswered[:_NAMED]),
    }


def asked(diff: Diff) -> dict[str, Any]:
    """How many questions were asked of each side, and of how many possible ones."""
    reach = diff.reach
    return {
        "decisions": diff.generated + diff.cases + diff.requests,
        "generated": diff.generated,
        "planned": reach.decisions,
        "cases": diff.cases,
        "requests": diff.requests,
        "complete": reach.complete and not diff.partial,
        "holding": {"pairs": reach.held, "asked": reach.held_asked},
        "without": {"pairs": reach.others, "asked": reach.others_asked},
    }


def summary(diff: Diff) -> dict[str, int]:
    """Counts. Openings and closings are pairs of a subject with an action on a resource; the rest are questions."""
    kinds = Counter(change.what for change in diff.changes)
    undeclared = Counter(change.what for change in diff.undeclared)
    quiet = diff.gathered.quiet
    return {
        "opened": kinds[What.OPENED],
        "closed": kinds[What.CLOSED],
        "eased": kinds[What.EASED],
        "undeclared_opened": undeclared[What.OPENED],
        "undeclared_closed": undeclared[What.CLOSED],
        "undeclared_eased": undeclared[What.EASED],
        "unanswered": len(diff.unanswered),
        **{what.value: quiet.get(what, 0) for what in What if what not in DECISIONS},
    }


def by_application(diff: Diff) -> list[Line]:
    """Changes by application, the most first."""
    found: dict[str, list[Group]] = defaultdict(list)
    for group in diff.groups:
        if group.what is What.EASED:
            continue
        found[group.application].append(group)
    return sorted((_sum(name, "", groups) for name, groups in found.items()), key=_size)


def by_rule(diff: Diff) -> list[Line]:
    """Changes by the rule whose reason went or came, the most first."""
    found: dict[tuple[str, str], list[Group]] = defaultdict(list)
    for group in diff.groups:
        if group.what is What.EASED:
            continue
        base, head = diff.rules
        # a reason that went is a rule of BASE, one that came a rule of HEAD
        mine, other = (base, head) if group.what is What.OPENED else (head, base)
        for reason in group.reasons:
            found[reason, mine.get(reason) or other.get(reason) or ""].append(group)
    return sorted((_sum(name, where, groups) for (name, where), groups in found.items()), key=_size)


def headline(group: Group) -> str:
    """One group as one sentence: «17 people of role:dba gain database/administer on orders-prod»."""
    return f"{who(group)} {WORDS[group.what]}{'' if len(group.subjects) > 1 else 's'} {group.action} on {on(group)}"


def who(group: Group, *, most: int = 3) -> str:
    """Whom a group is about."""
    some = ", ".join(group.subjects[:most])
    if len(group.subjects) == 1:
        return f"{some} ({group.holders})" if group.holders else some
    of = f" of {group.holders}" if group.holders else " who hold nothing for it"
    more = ", …" if len(group.subjects) > most else ""
    return f"{len(group.subjects)} subjects{of} ({some}{more})"


def on(group: Group, *, most: int = 3) -> str:
    """On what."""
    return some(group.resources, most)


def how(group: Group) -> str:
    """In which forms it shows, and whether only at other instants; nothing where it is the usual one."""
    forms = ", ".join(FORMS.get(name, name) for name in group.variants if name != "least")
    return "; ".join(filter(None, ("" if group.main else "only at other instants", forms)))


def some(items: Sequence[str], most: int = 4) -> str:
    """The first of them, and how many more there are."""
    more = len(items) - most
    return ", ".join(items[:most]) + (f" and {more} more" if more > 0 else "")


def _side(told: Told) -> dict[str, Any]:
    return {
        "name": told.place.name,
        "kind": told.place.kind.value,
        "commit": told.place.commit,
        "revisions": dict(sorted(told.revisions.items())),
        "remarks": list(told.remarks),
    }


def _group(group: Group, evidence: tuple[Any, Any] | None) -> dict[str, Any]:
    example = group.changes[0].examples[0]
    return {
        "what": group.what.value,
        "text": headline(group),
        "action": group.action,
        "application": group.application,
        "privileged": group.privileged,
        "holders": group.holders,
        "reasons": list(group.reasons),
        "subjects": _most(group.subjects),
        "resources": _most(group.resources),
        "forms": list(group.variants),
        "questions": group.questions,
        "at_instant": group.main,
        "declared": group.declared,
        "example": _example(example) | ({"answers": _answers(evidence)} if evidence else {}),
    }


def _example(example: Difference) -> dict[str, Any]:
    return {
        "request": example.asked.request,
        "instant": show(example.asked.instant),
        "source": example.asked.source,
        "base": {"allow": example.base.allow, "reasons": sorted(example.base.reasons)},
        "head": {"allow": example.head.allow, "reasons": sorted(example.head.reasons)},
    }


def _answers(evidence: tuple[Any, Any]) -> dict[str, Any]:
    return {
        name: {
            "reasons": context.get("reasons", []),
            "evidence": context.get("evidence", {}),
        }
        for name, answer in zip(("base", "head"), evidence, strict=True)
        for context in [answer.get("context", {}) if isinstance(answer, dict) else {}]
    }


def _sum(name: str, where: str, groups: Sequence[Group]) -> Line:
    changes = [change for group in groups for change in group.changes]
    return Line(
        name=name,
        where=where,
        opened=sum(change.what is What.OPENED for change in changes),
        closed=sum(change.what is What.CLOSED for change in changes),
        subjects=len({change.subject for change in changes}),
    )


def _size(line: Line) -> tuple[int, int, str]:
    return -line.opened, -line.closed, line.name


def _line(line: Line) -> dict[str, Any]:
    made: dict[str, Any] = {
        "name": line.name,
        "opened": line.opened,
        "closed": line.closed,
        "subjects": line.subjects,
    }
    return made | {"where": line.where} if line.where else made


def _most(items: Sequence[str]) -> dict[str, Any]:
    """The first of them, and how many there are."""
    return {"count": len(items), "some": list(items[:_NAMED])}


def stale(declaration: Declaration, diff: Diff) -> str:
    """Why a declaration covers nothing."""
    if declaration.until is not None and diff.asked_at >= declaration.until:
        return f"over since {show(declaration.until)}"
    return "not so"
