"""``livegate regress``: what a change does to decisions, before it ships. One module a command."""

from __future__ import annotations

import click

from livegate.cli.regress.capture import capture
from livegate.cli.regress.coverage import coverage
from livegate.cli.regress.diff import diff
from livegate.cli.regress.laws import laws
from livegate.cli.regress.mutate import mutate
from livegate.cli.regress.replay import replay
from livegate.cli.regress.run import run


@click.group()
def regress() -> None:
    """Know what a change does to decisions before it ships; always with a real OPA."""


for _command in (run, diff, replay, capture, mutate, laws, coverage):
    regress.add_command(_command)
