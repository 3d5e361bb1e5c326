"""The result of a replay as JSON (``schemas/replay.json``) and as Markdown for a pull request."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from livegate.regression.judge import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from livegate.regression.tally import Group, Replay

_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>#|~!&])")
_LINES = 40


def as_json(result: Replay) -> dict[str, Any]:
    """Counts, groups with examples, and what could not be read."""
    return {
        "events": result.events,
        "counts": {outcome.value: count for outcome, count in result.counts.items()},
        "marks": dict(result.marks),
        "groups": [
            {"outcome": group.outcome.value, "title": group.title, "count": group.count, "examples": group.examples}
            for group in result.groups
        ],
        "repeated": result.repeated,
        "unread": [{"where": item.where, "what": item.what} for item in result.broken],
        "unread_count": result.unread,
        "revision_sets": result.sets,
        "asked": result.asked,
        "seconds": round(result.seconds, 3),
        "partial": result.partial,
        "interrupted": result.interrupted,
        "candidate": list(result.candidate),
    }


def summary(result: Replay) -> str:
    """The result in one sentence."""
    parts = [f"{count:,} {outcome.value}" for outcome, count in result.counts.items() if count]
    said = f"{result.events:,} decisions of {result.sets:,} revision sets: {', '.join(parts) or 'none'}"
    if result.asked and result.seconds:
        said += f"; {result.asked:,} asked in {result.seconds:.1f} s ({result.asked / result.seconds:,.0f}/s)"
    return said


def remarks(result: Replay) -> Iterator[str]:
    """What must not be missed beside the counts, a sentence each."""
    if result.interrupted:
        yield "PARTIAL: it was interrupted, what was decided by then is counted"
    if result.counts[Outcome.ERROR]:
        yield f"PARTIAL: {result.counts[Outcome.ERROR]:,} decisions could not be asked"
    if result.unread:
        yield f"PARTIAL: {result.unread:,} places of the logs could not be read"
    if result.repeated:
        yield f"{result.repeated:,} events came more than once and count once"
    for mark, count in result.marks.items():
        yield f"{count:,} of {mark}"


def example(group: Group, number: int) -> tuple[str, str]:
    """One example of a group: what was asked or why it could not be, and which decision it is."""
    found: Mapping[str, Any] = group.examples[number]
    asked = found.get("asked")
    what = f"{asked['subject']} · {asked['action']} · {asked['resource']}" if asked else str(found.get("why", ""))
    if asked and found.get("why"):
        what += f" ({found['why']})"
    return what, f"{found['decision_id']} at {found['where']}"


def as_markdown(result: Replay) -> str:
    """A heading, the counts, and what is not the same, the first lines of it."""
    with_ = f" with {', '.join(result.candidate)} replaced" if result.candidate else ""
    lines = [f"### Replay of {result.events:,} logged decisions{_escaped(with_)}", "", "| outcome | events |"]
    lines += ["| --- | ---: |", *(f"| {one.value} | {count:,} |" for one, count in result.counts.items() if count), ""]
    lines += [f"- {_escaped(remark)}" for remark in remarks(result)]
    lines += [""] if lines[-1] else []
    if result.groups:
        lines += ["| outcome | what | events | example |", "| --- | --- | ---: | --- |"]
    for group in result.groups[:_LINES]:
        what, which = example(group, 0)
        lines.append(
            f"| {group.outcome.value} | {_escaped(group.title)} | {group.count:,} |"
            f" {_escaped(what[:200])}<br>{_escaped(which[:200])} |"
        )
    if len(result.groups) > _LINES:
        lines.append(f"\nand {len(result.groups) - _LINES:,} more groups")
    for item in result.broken[:10]:
        lines.append(f"- not read: {_escaped(item.where)}: {_escaped(item.what)}")
    return "\n".join(lines).rstrip() + "\n"


def _escaped(text: str) -> str:
    shown = "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)
    return _MARKDOWN.sub(r"\\\1", shown).replace("@", "@\u200b")
