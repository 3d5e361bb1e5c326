"""A commit's files as they were committed: neither hooks nor attributes nor filters of the repository take part.

The blobs are read by ``git cat-file``, not by ``git archive`` or a checkout: those would leave out what
``export-ignore`` names, write into what ``export-subst`` names, and run the filters of the configuration.
"""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from livegate.errors import ConfigError, LivegateError
from livegate.files import write_bytes
from livegate.opa.surroundings import plain_environment

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

PARTS = ("rego", "data", "bundles", "tests/policy", ".github/decision-changes.yaml")
"""What of a commit is read: rules, documents, bundle definitions, suites and declared changes."""

_SECONDS = 120
_MOST, _FILES = 1 << 29, 50_000
_COMMIT = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")


def resolve(repository: Path, name: str) -> str:
    """The commit that ``name`` (a branch, a tag, ``HEAD~1`` …) means in the repository around ``repository``.

    Raises:
        ConfigError: no repository, or no such commit. Nothing is fetched.
    """
    _git(repository, "rev-parse", "--git-dir")
    try:
        said = _git(repository, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    except ConfigError as error:
        raise ConfigError(
            f"{name!r} is neither a folder nor a commit",
            where=str(repository),
            todo="a checkout, a folder of bundles (*.tar.gz), a branch, a tag or a commit; nothing is fetched",
        ) from error
    commit = said.decode().strip()
    if not _COMMIT.fullmatch(commit):
        raise ConfigError(f"{name!r} is no commit", where=str(repository))
    return commit


def export(repository: Path, commit: str, folder: Path) -> None:
    """Write what a commit says of :data:`PARTS` into ``folder``, plain files alone.

    Args:
        repository: the project's folder; in a repository of several projects, the part below it is taken.
        commit: as :func:`resolve` gave it. folder: private and empty.

    Raises:
        ConfigError: a link or a submodule is in there, or it has no project. LivegateError: it is too large.
    """
    prefix = _git(repository, "rev-parse", "--show-prefix").decode().rstrip("\n").rstrip("/")
    tree = f"{commit}:{prefix}" if prefix else commit
    listed = _git(repository, "ls-tree", "-r", "-z", "-l", "--full-tree", tree, "--", *PARTS)
    names, total = [], 0
    for entry in filter(None, listed.split(b"\0")):
        head, _, path = entry.partition(b"\t")
        mode, kind, blob, size = head.decode().split()
        name = _safe(path, commit)
        if kind != "blob" or mode not in ("100644", "100755"):
            raise ConfigError("is a link or a submodule, which is not followed", where=f"{commit[:12]}:{name}")
        names.append((name, blob))
        total += int(size)
    if not names:
        raise ConfigError("has no project: none of rego/, data/ and bundles/", where=f"commit {commit[:12]}")
    if total > _MOST or len(names) > _FILES:
        raise LivegateError(f"{len(names)} files of {total} bytes are too many", where=f"commit {commit[:12]}")
    for (name, _), data in zip(names, _blobs(repository, [blob for _, blob in names]), strict=True):
        write_bytes(folder / name, data)


def _blobs(repository: Path, ids: Sequence[str]) -> list[bytes]:
    said = _git(repository, "cat-file", "--batch", given="".join(f"{one}\n" for one in ids).encode())
    found, at = [], 0
    for one in ids:
        end = said.index(b"\n", at)
        name, kind, size = said[at:end].decode().split()
        if name != one or kind != "blob":
            raise LivegateError("git gave another object than was asked for", where=str(repository))
        found.append(said[end + 1 : end + 1 + int(size)])
        at = end + 2 + int(size)
    return found


def _safe(path: bytes, commit: str) -> PurePosixPath:
    try:
        name = PurePosixPath(path.decode())
    except UnicodeDecodeError as error:
        raise ConfigError(f"a name is not UTF-8: {path!r}", where=f"commit {commit[:12]}") from error
    if name.is_absolute() or ".." in name.parts or "\\" in str(name):
        raise ConfigError(f"a name that leaves the folder: {str(name)!r}", where=f"commit {commit[:12]}")
    return name


def _git(repository: Path, *arguments: str, given: bytes = b"") -> bytes:
    fixed = {"GIT_TERMINAL_PROMPT": "0", "GIT_NO_LAZY_FETCH": "1", "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
    command = ["git", "--no-replace-objects", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null"]
    try:
        done = subprocess.run(
            [*command, *arguments],
            cwd=repository,
            env={**plain_environment(os.environ), **fixed},
            input=given,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    except FileNotFoundError as error:
        raise ConfigError("git is not installed", where=str(repository), todo="name two folders instead") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise LivegateError(f"git cannot be asked ({type(error).__name__})", where=str(repository)) from error
    if done.returncode:
        said = " ".join(done.stderr.decode(errors="replace").split())[:300]
        raise ConfigError(
            f"git says: {said or f'status {done.returncode}'}",
            where=str(repository),
            todo="is it a git repository, and the commit there? A shallow clone has not all of them",
        )
    return done.stdout
