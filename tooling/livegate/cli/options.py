"""Options and lookups that commands share."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from livegate.bundle import keys
from livegate.bundle.signing import KeySigner
from livegate.cli.output import say
from livegate.errors import ConfigError
from livegate.opa.engine import Engine, install
from livegate.opa.surroundings import Surroundings
from livegate.opa.tools import OPA
from livegate.project import Project
from livegate.sources.protocol import Effects
from livegate.sources.store import SnapshotStore

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def project_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--project``: the checkout; the one that the working folder lies in if left out."""
    return click.option(
        "--project",
        "project_folder",
        type=click.Path(exists=True, file_okay=False, path_type=Path),
        help="The project's folder; by default the one that the working folder lies in.",
    )(command)


def key_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--key``: a reference to the signing key."""
    return click.option(
        "--key",
        "key",
        envvar="LIVEGATE_KEY",
        help="Signing key, file:/path/<key id>.pem; by default the only one of yours (`livegate keys list`).",
    )(command)


def project_of(folder: Path | None) -> Project:
    """The project that ``--project`` names, or that the working folder lies in."""
    return Project.find(folder.resolve() if folder else Path.cwd())


def signer_of(key: str | None) -> KeySigner:
    """The signer that ``--key`` names.

    Raises:
        ConfigError: none is named and there is not exactly one; or it cannot be read.
    """
    if key is None:
        folder = keys.default_private_folder()
        found = sorted(folder.glob("*.pem"))
        if len(found) != 1:
            raise ConfigError(
                f"{len(found) or 'no'} signing keys are there, and none was named",
                where=str(folder),
                todo="make one with `livegate keys new KEY_ID`, or name one with --key file:/path/<key id>.pem",
            )
        key = f"file:{found[0]}"
    if not key.startswith("file:"):
        raise ConfigError("the signing key is given as file:/path/<key id>.pem", where="--key")
    return KeySigner.load(Path(key.removeprefix("file:")).stem, key)


def engine_of(project: Project) -> Engine:
    """OPA, installed when it is not there yet; what is done is said on stderr."""
    return install(OPA, around=Surroundings.here(modules=project.engine), report=say)


def store_of(project: Project) -> SnapshotStore:
    """The project's snapshots."""
    project.private_state()
    return SnapshotStore(project.snapshots)


def effects_of(project: Project, *, sleep: Callable[[float], None] = time.sleep) -> Effects:
    """The real clock; relative paths of source configurations are read against ``data/``."""
    return Effects(now=time.time_ns, sleep=sleep, base=project.data)
