"""Options that several commands of `livegate regress` have."""

from __future__ import annotations

from pathlib import Path

import click

form_option = click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json", "markdown"]),
    default="table",
    show_default=True,
    help="For people, for machines, for a pull request.",
)

bundles_option = click.option(
    "--bundles",
    "folders",
    multiple=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Look for bundles of the past here as well, and below.",
)

keys_option = click.option(
    "--keys",
    "key_folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Public keys of whoever signed them; the project's bundles/keys by default.",
)
