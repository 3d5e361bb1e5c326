"""In which forms a run is written, and where to: ``--format`` for stdout, ``--output`` for files."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from livegate.cli import output
from livegate.cli.regress import shown
from livegate.errors import ConfigError
from livegate.files import write_bytes
from livegate.regression.github import as_github
from livegate.regression.junit import as_junit
from livegate.regression.markdown import as_markdown
from livegate.regression.report import as_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from livegate.regression.results import Run

FORMS = ("table", "json", "junit", "github", "markdown")
SUFFIXES = {".json": "json", ".xml": "junit", ".md": "markdown"}


def targets(files: Sequence[Path], form: str) -> dict[Path, str]:
    """File → the form that it is written in: by its ending, or else the one asked for.

    Raises:
        ConfigError: neither says it.
    """
    found = {}
    for file in files:
        chosen = SUFFIXES.get(file.suffix.lower(), form)
        if chosen == "table":
            raise ConfigError(
                "is for reports, and its ending does not say which",
                where=f"--output {file}",
                todo=f"end it in {', '.join(SUFFIXES)}, or add --format",
            )
        found[file] = chosen
    return found


def write(run: Run, rules: Mapping[str, str], form: str, files: Mapping[Path, str], *, watching: bool = False) -> None:
    """The files, then stdout: in ``form``, but for people where a file has that form already."""
    for file, chosen in files.items():
        write_bytes(file, rendered(run, rules, chosen))
    if form == "table" or form in files.values():
        shown.table(run, rules, failures_first=watching)
    elif form == "github":
        click.echo(output.plain(as_github(run, rules)), nl=False)
    else:
        click.echo(rendered(run, rules, form), nl=False)


def rendered(run: Run, rules: Mapping[str, str], form: str) -> bytes:
    """The run in one of :data:`FORMS` but the table."""
    if form == "junit":
        return as_junit(run, rules)
    if form == "json":
        return json.dumps(as_json(run, rules), indent=2, sort_keys=True).encode() + b"\n"
    return (as_github(run, rules) if form == "github" else as_markdown(run, rules)).encode(errors="backslashreplace")
