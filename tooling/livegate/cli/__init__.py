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
from livegate.cli.bundle import bundle
from livegate.cli.decide import decide
from livegate.cli.demo import demo
from livegate.cli.keys import keys
from livegate.cli.opa import opa
from livegate.cli.output import say
from livegate.cli.policy import policy
from livegate.cli.regress import regress
from livegate.cli.revoke import revoke
from livegate.cli.serve import serve
from livegate.cli.status import status
from livegate.cli.sync import sync
from livegate.cli.up import up
from livegate.errors import LivegateError


class _Group(click.Group):
    """Turns our errors into a message and an exit code, in one place."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except LivegateError as error:
            say(f"livegate: {error}")
            ctx.exit(error.exit_code)


@click.group(
    cls=_Group,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 done · 1 failed · 2 usage · 3 the check found something · "
    "4 refused by a safety limit · 130 interrupted.",
)
@click.version_option(__version__)
def main_group() -> None:
    """Runtime authorization: entitlements (IGA) and elevations (PAM) into OPA, and decisions out of it."""


for _command in (demo, up, sync, status, decide, revoke, bundle, keys, opa, serve, regress, policy):
    main_group.add_command(_command)


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
