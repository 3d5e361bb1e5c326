"""A run as Markdown for a pull request: counts, the suites, and each case that is not as judged, folded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from livegate.regression import report, told
from livegate.regression.markup import block, html, markdown, short
from livegate.regression.results import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping

    from livegate.regression.results import Run
    from livegate.regression.told import Told

LIMIT = 60_000
"""Characters of the whole; a comment of GitHub's holds 65,536."""

_NAME, _ERROR = 200, 2_000


def as_markdown(run: Run, rules: Mapping[str, str] | None = None) -> str:
    """The summary, at most :data:`LIMIT` characters; how many cases did not fit is said."""
    parts = [
        f"### livegate: {'decisions are as judged' if report.exit_code(run.suites) == 0 else 'not as judged'}",
        f"{report.sentence(run.suites)}, in {run.seconds:.1f} s.",
        _suites(run),
    ]
    length = sum(len(part) + 2 for part in parts)
    wrong = list(told.wrong(run.suites, rules))
    for number, about in enumerate(wrong):
        part = _case(about)
        length += len(part) + 2
        if length > LIMIT:
            parts.append(f"… and {len(wrong) - number} more.")
            break
        parts.append(part)
    return "\n\n".join(parts) + "\n"


def _suites(run: Run) -> str:
    rows = [
        "| suite | cases | as judged | differ | undecided | skipped |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    # with hundreds of suites the ones in which something is wrong are what is looked for
    shown = (
        run.suites
        if len(run.suites) <= 50
        else [suite for suite in run.suites if suite.count(Outcome.FAILED) + suite.count(Outcome.ERROR)][:50]
    )
    for suite in shown:
        counts = " | ".join(str(suite.count(outcome)) for outcome in Outcome)
        rows.append(f"| {markdown(short(suite.suite.title, _NAME))} | {len(suite.results)} | {counts} |")
    if len(shown) < len(run.suites):
        rows.append(f"| … and {len(run.suites) - len(shown)} more | | | | | |")
    return "\n".join(rows)


def _case(about: Told) -> str:
    # a fenced block needs no escapes, but what a summary holds is HTML's
    at = f"at {about.at}\n" if about.at else ""
    body = "\n".join([*map(str, about.lines), *([short(about.error, _ERROR)] if about.error else [])])
    parts = [
        f"<details><summary>{html(short(about.name, _NAME))}: {html(short(about.title, _NAME))}</summary>",
        block(f"{about.place}\n{at}{body}", language="diff"),
    ]
    if about.gates:
        parts.append(block("\n".join(about.gates)))
    parts += [block(about.again, language="sh"), "</details>"]
    return "\n\n".join(parts)
