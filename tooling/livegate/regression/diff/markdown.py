"""A diff as the comment of a pull request: what was opened first, everything bounded and escaped. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from livegate.model.instants import show
from livegate.regression.diff import report
from livegate.regression.diff.changes import What

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from livegate.regression.diff.group import Group
    from livegate.regression.diff.run import Diff

LIMIT = 60_000
"""Characters: GitHub takes 65,536 in a comment."""

_ROWS = 25
_SPECIAL = re.compile(r"([\\`*_{}\[\]()<>#+!|~&@-])")
_LONG = 200


def as_markdown(diff: Diff) -> str:
    """The comment."""
    made: list[str] = []
    size = 0
    for block in _blocks(diff):
        if size + len(block) + 2 > LIMIT - 100:
            made.append("_The rest is too long for a comment: `--format json` has all of it._")
            break
        made.append(block)
        size += len(block) + 2
    return "\n\n".join(made) + "\n"


def escaped(text: str) -> str:
    """``text`` as it is, in Markdown: nothing in it is markup, mentions anybody, or ends a cell of a table."""
    plain = "".join(char if char.isprintable() else " " for char in text)
    if len(plain) > _LONG:
        plain = plain[:_LONG] + "…"
    # a mention or a link would be made of plain text too
    made = _SPECIAL.sub(r"\\\1", plain)
    for text_, entity in (
        ("\\@", "&#64;"),
        ("\\<", "&lt;"),
        ("\\>", "&gt;"),
        ("://", ":&#47;&#47;"),
        ("www.", "www&#46;"),
    ):
        made = made.replace(text_, entity)
    return made


def _blocks(diff: Diff) -> Iterator[str]:
    counts = report.summary(diff)
    yield f"## Decisions: {escaped(diff.base.place.name)} → {escaped(diff.head.place.name)}"
    yield _verdict(diff, counts)
    if diff.partial:
        yield f"> **Partial.** {escaped(diff.error or f'{len(diff.unanswered)} questions were not answered')}"
    undeclared = [group for group in diff.groups if group.declared is None]
    openings = [group for group in undeclared if group.what is What.OPENED]
    yield from _groups("Opened, not declared", openings)
    yield from _separation(diff)
    yield from _groups("Easier terms, not declared", [group for group in undeclared if group.what is What.EASED])
    yield from _groups("Closed, not declared", [group for group in undeclared if group.what is What.CLOSED])
    yield from _groups("Declared", [group for group in diff.groups if group.declared is not None])
    yield from _people(diff)
    yield from _lines("By application", "application", report.by_application(diff))
    yield from _lines("By rule", "rule", report.by_rule(diff))
    yield from _quiet(diff, counts)
    if diff.stale:
        yield "### Declared, and not so\n\n" + _list(
            (f"{report.stale(one, diff)}: {escaped(one.where)}: {escaped(one.reason)}" for one in diff.stale),
            len(diff.stale),
        )
    yield _asked(diff)


def _verdict(diff: Diff, counts: Mapping[str, int]) -> str:
    parts = ", ".join(diff.differs) or "nothing"
    if diff.partial:
        word = "**Not all could be decided.**"
    elif diff.undeclared:
        word = "**Decisions change that nobody declared.**"
    else:
        word = "Every change of a decision is declared." if diff.changes else "No decision changes."
    return (
        f"{word} {counts['opened']} opened ({counts['undeclared_opened']} undeclared), {counts['closed']} closed "
        f"({counts['undeclared_closed']} undeclared), {counts['eased']} on easier terms "
        f"({counts['undeclared_eased']} undeclared). What differs: {parts}."
    )


def _groups(title: str, groups: Sequence[Group]) -> Iterator[str]:
    if not groups:
        return
    rows = [
        (
            "**privileged** " if group.privileged else "",
            escaped(report.who(group)),
            escaped(f"{report.WORDS[group.what]} {group.action}"),
            escaped(report.on(group)),
            escaped(", ".join(group.reasons)),
            escaped(report.how(group)),
        )
        for group in groups[:_ROWS]
    ]
    yield f"### {title}\n\n" + _table(("", "who", "what", "on", "reasons", "how"), rows, len(groups))


def _separation(diff: Diff) -> Iterator[str]:
    if not diff.violations:
        return
    rows = [
        (
            escaped(one.title),
            escaped(report.some(one.subjects)),
            escaped(f"{one.first} and {one.then}" if one.first else one.action),
            escaped(report.some(one.resources)),
            "yes" if one.declared else "",
        )
        for one in diff.violations[:_ROWS]
    ]
    yield "### Separation of duties, newly possible\n\n" + _table(
        ("what", "who", "actions", "on", "declared"), rows, len(diff.violations)
    )


def _people(diff: Diff) -> Iterator[str]:
    for view, title in (("joiner", "Joiners"), ("mover", "Movers"), ("leaver", "Leavers")):
        listed = [one for one in diff.people if one.view == view]
        if not listed:
            continue
        rows = [
            (
                escaped(one.id),
                escaped(", ".join(f"{name}: {was or '-'} → {is_ or '-'}" for name, was, is_ in one.parts)),
                escaped(report.some([*(f"+{key}" for key in one.came), *(f"-{key}" for key in one.went)])),
                escaped(report.some(one.gains)),
                escaped(report.some(one.loses)),
            )
            for one in listed[:_ROWS]
        ]
        yield f"### {title}\n\n" + _table(("who", "identity", "holds", "gains", "loses"), rows, len(listed))


def _lines(title: str, name: str, lines: Sequence[report.Line]) -> Iterator[str]:
    if lines:
        rows = [
            (escaped(one.name or "-"), escaped(one.where), str(one.opened), str(one.closed), str(one.subjects))
            for one in lines[:_ROWS]
        ]
        yield f"### {title}\n\n" + _table((name, "where", "opened", "closed", "subjects"), rows, len(lines))


def _quiet(diff: Diff, counts: Mapping[str, int]) -> Iterator[str]:
    quiet = [f"{counts[what]} {word}" for what, word in _QUIET.items() if counts[what]]
    if not quiet:
        return
    said = f"Same decision, but {', '.join(quiet)}."
    reasons = sorted(diff.gathered.reasons.items(), key=lambda item: (-item[1], item[0]))
    listed = _list(
        (
            escaped(f"{count} times {', '.join(gone) or 'nothing'} → {', '.join(come) or 'nothing'}")
            for (gone, come), count in reasons
        ),
        len(reasons),
    )
    yield f"<details><summary>{said}</summary>\n\n{listed}\n\n</details>" if reasons else said


_QUIET = {
    "reasons": "other reasons",
    "obligations": "other obligations",
    "valid_until": "another end",
    "cache": "other advice to caches",
}


def _asked(diff: Diff) -> str:
    asked = report.asked(diff)
    part = "all" if asked["complete"] else "a sample"
    said = (
        f"{asked['decisions']} questions on each side at {show(diff.instant)} and around every end: "
        f"{asked['generated']} generated of {asked['planned']} ({part}: {asked['holding']['asked']} of "
        f"{asked['holding']['pairs']} pairs that hold something, {asked['without']['asked']} of "
        f"{asked['without']['pairs']} that hold nothing), "
        f"{asked['cases']} cases, {asked['requests']} captured requests."
    )
    remarks = [f"{side.place.name}: {remark}" for side in (diff.base, diff.head) for remark in side.remarks]
    return "\n<br>".join(f"<sub>{escaped_long(one)}</sub>" for one in (said, *remarks))


def escaped_long(text: str) -> str:
    """As :func:`escaped`, of our own sentences, which are not cut."""
    return " ".join(escaped(word) for word in text.split(" "))


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]], total: int) -> str:
    listed = list(rows)
    lines = [f"| {' | '.join(columns)} |", f"|{' --- |' * len(columns)}"]
    lines += [f"| {' | '.join(row)} |" for row in listed]
    return "\n".join(lines) + _more(total - len(listed))


def _list(items: Iterable[str], total: int) -> str:
    listed = [item for _, item in zip(range(_ROWS), items, strict=False)]
    return "\n".join(f"- {item}" for item in listed) + _more(total - len(listed))


def _more(count: int) -> str:
    return f"\n\n_and {count} more_" if count > 0 else ""
