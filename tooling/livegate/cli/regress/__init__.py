"""``livegate regress``: what a change does to decisions, before it ships. One module a command."""

from __future__ import annotations

import click

from livegate.cli.lazy import LazyGroup

_COMMANDS = ("run", "diff", "replay", "capture", "mutate", "laws", "coverage")


@click.group(cls=LazyGroup, lazy={name: f"livegate.cli.regress.{name}:{name}" for name in _COMMANDS})
def regress() -> None:
    """Know what a change does to decisions before it ships; always with a real OPA."""
