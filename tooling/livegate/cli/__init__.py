"""The command line: parse, call, print, exit. The only place that prints or ends the process.

Exit codes, the same everywhere: 0 done · 1 failed · 2 usage or configuration · 3 the check found
something · 4 refused by a safety limit · 130 interrupted.
"""

from __future__ import annotations

import os
import sys
from typing import Any

import click

from livegate import __version__
from livegate.cli.lazy import LazyGroup
from livegate.errors import LivegateError

_COMMANDS = (
    "demo",
    "up",
    "sync",
    "status",
    "decide",
    "revoke",
    "bundle",
    "keys",
    "opa",
    "serve",
    "regress",
    "policy",
)
"""Each is the function of that name in the module of that name."""


class _Group(LazyGroup):
    """Turns our errors into a message and an exit code, in one place."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except LivegateError as error:
            from livegate.cli.output import say  # noqa: PLC0415  # it brings tables along

            say(f"livegate: {error}")
            ctx.exit(error.exit_code)


@click.group(
    cls=_Group,
    lazy={name: f"livegate.cli.{name}:{name}" for name in _COMMANDS},
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 done · 1 failed · 2 usage · 3 the check found something · "
    "4 refused by a safety limit · 130 interrupted.",
)
@click.version_option(__version__)
def main_group() -> None:
    """Runtime authorization: entitlements (IGA) and elevations (PAM) into OPA, and decisions out of it."""


def main() -> None:
    """Entry point of ``livegate``."""
    try:
        # without its standalone mode click gives back what ctx.exit() was told
        sys.exit(main_group(prog_name="livegate", standalone_mode=False) or 0)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        click.echo("livegate: interrupted", err=True)
        sys.exit(130)
    except BrokenPipeError:
        # whoever read our output has gone; nothing is left to say, and Python's own flush must not complain
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
