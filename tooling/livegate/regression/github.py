"""A run as GitHub annotations: each case that is not as judged is shown at its line in the pull request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from livegate.regression import report, told
from livegate.regression.markup import command, short

if TYPE_CHECKING:
    from collections.abc import Mapping

    from livegate.regression.results import Run

_TITLE, _MESSAGE = 160, 2_000
"""Characters; GitHub cuts annotations off at 4 KB."""


def as_github(run: Run, rules: Mapping[str, str] | None = None) -> str:
    """One ``::error`` a case that is not as judged, then the counts as a ``::notice``; each on a line of its own."""
    lines = []
    for about in told.wrong(run.suites, rules):
        text = [*([about.error] if about.error else []), *map(str, about.lines), *about.gates, f"again: {about.again}"]
        lines.append(
            command(
                "error",
                short("\n".join(text), _MESSAGE),
                file=about.file,
                line=str(about.line),
                title=short(about.name, _TITLE),
            )
        )
    lines.append(command("notice", report.sentence(run.suites), title="livegate regress run"))
    return "\n".join(lines) + "\n"
