"""Results for people and for machines: a table or JSON on stdout, everything else on stderr."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

format_option = click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json"]),
    default="table",
    show_default=True,
    help="For people, or for machines.",
)


def emit_json(value: Any) -> None:
    """One JSON value on stdout."""
    click.echo(json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False))


def emit_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str | Text]]) -> None:
    """A table on stdout; as wide as the terminal, or as the text when it is no terminal."""
    shown = Text(plain(title))
    table = Table(title=shown, title_justify="left", title_style="bold", header_style="bold", pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        # as Text: a cell may quote what a source sent, and rich would take [brackets] in it for markup
        table.add_row(*(cell if isinstance(cell, Text) else Text(plain(cell)) for cell in row))
    console().print(table)


def console() -> Console:
    """The console of stdout. Piped output is not cut to 80 columns."""
    return Console(file=sys.stdout, width=None if sys.stdout.isatty() else 160, highlight=False)


def say(message: str) -> None:
    """Progress and remarks, on stderr."""
    click.echo(plain(message), err=True)


def plain(text: str) -> str:
    """``text`` without what a terminal would obey: control characters and bidirectional overrides, shown as escapes."""
    return "".join(char if char == "\n" or char.isprintable() else repr(char)[1:-1] for char in text)


def verdict(passed: bool | None) -> Text:
    """A gate's verdict as a mark that does not depend on colour."""
    if passed is None:
        return Text("·", style="dim")
    return Text("pass", style="green") if passed else Text("DENY", style="bold red")


def progress(label: str) -> Callable[[int], None] | None:
    """A counter on stderr while it is a terminal; none elsewhere."""
    if not sys.stderr.isatty():
        return None

    def show(count: int) -> None:
        click.echo(f"\r{label}: {count:,} rows", nl=False, err=True)

    return show
