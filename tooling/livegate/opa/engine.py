"""Find OPA or Regal, or install it: the first of these that works, and why the earlier ones did not.

1. configured (``LIVEGATE_OPA``, ``LIVEGATE_REGAL``): taken, or an error; what was asked for is never replaced
2. on the path, recent enough · 3. installed earlier, in the per-user cache
4. official release, checksum held · 5. ``go build`` of the pinned module · 6. container image

Installing is atomic and safe when two do it at once: one lock a binary, a folder of its own, the version asked of the
new binary, then a rename. Example::

    engine = install(OPA, around=Surroundings.here(modules=project / "tooling" / "engine"), report=print)
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import filelock

from livegate.errors import ConfigError, EngineError
from livegate.opa.container import ContainerImage
from livegate.opa.gobuild import GoBuild
from livegate.opa.probe import version_of
from livegate.opa.release import Release
from livegate.opa.surroundings import Surroundings

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from livegate.opa.tools import Tool
    from livegate.opa.versions import Version
    from livegate.opa.ways import Report, Way

WAYS: tuple[Way, ...] = (Release(), GoBuild(), ContainerImage())
"""The ways to get what is not there yet, in the order in which they are tried."""

_LOCK_SECONDS = 2400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """A binary that told its version.

    Args:
        path: absolute. origin: where it came from. notes: why nothing earlier was taken, and what was checked.
    """

    path: Path
    version: Version
    origin: str
    notes: tuple[str, ...] = ()


def find(tool: Tool, *, around: Surroundings | None = None) -> Engine:
    """What is there already: configured, on the path, or in the cache.

    Raises:
        ConfigError: the configured one is broken or too old.
        EngineError: there is none; the message says how to install it.
    """
    notes: list[str] = []
    engine = _present(tool, around or Surroundings.here(), notes)
    if engine is None:
        raise _nothing(tool, notes, todo=f"run `livegate opa install`, or set {tool.variable} to a {tool.name} binary")
    return engine


def install(
    tool: Tool,
    *,
    around: Surroundings | None = None,
    ways: Sequence[Way] = WAYS,
    report: Report = lambda _: None,
) -> Engine:
    """:func:`find`, and where there is none, get the pinned version by the first way that works.

    Args:
        tool: OPA or REGAL. around: environment, cache, platform, modules. ways: in order. report: takes progress lines.

    Raises:
        ConfigError: the configured one is broken or too old.
        VerificationError: a checksum did not match; nothing was installed and nothing else tried.
        EngineError: no way worked; each is named with its reason.
    """
    around = around or Surroundings.here()
    notes: list[str] = []
    engine = _present(tool, around, notes)
    if engine is not None:
        return engine
    target = around.cached(tool)
    with _locked(target, tool, report):
        earlier = _cached(tool, around, [])
        if earlier is not None:  # another install, which held the lock before us, has done it
            return Engine(path=target, version=earlier, origin="cache", notes=tuple(notes))
        return _fetch(tool, target, around=around, ways=ways, report=report, notes=notes)


def _present(tool: Tool, around: Surroundings, notes: list[str]) -> Engine | None:
    configured = around.environ.get(tool.variable, "")
    if configured:
        return _configured(tool, Path(configured).expanduser().absolute(), around)
    for path in _on_path(tool, around):
        try:
            version = version_of(path, environ=around.environ)
        except EngineError as error:
            notes.append(f"on the path: {_line(error)}")
            continue
        if version >= tool.minimum:
            return Engine(path=path, version=version, origin="path", notes=tuple(notes))
        notes.append(f"on the path: {path} is {version}, older than {tool.minimum}")
    if not any(note.startswith("on the path") for note in notes):
        notes.append(f"on the path: no {tool.name}")
    cached = _cached(tool, around, notes)
    if cached is None:
        return None
    return Engine(path=around.cached(tool), version=cached, origin="cache", notes=tuple(notes))


def _configured(tool: Tool, path: Path, around: Surroundings) -> Engine:
    todo = f"set {tool.variable} to a {tool.name} of {tool.minimum} or newer, or unset it"
    try:
        version = version_of(path, environ=around.environ)
    except EngineError as error:
        raise ConfigError(f"{path} {error.what}", where=tool.variable, todo=todo) from error
    if version < tool.minimum:
        raise ConfigError(f"{path} is {version}, older than {tool.minimum}", where=tool.variable, todo=todo)
    return Engine(path=path, version=version, origin=f"configured ({tool.variable})")


def _on_path(tool: Tool, around: Surroundings) -> Iterator[Path]:
    """Every such program on the path; relative entries are skipped, as they change with the working folder."""
    seen: set[Path] = set()
    for entry in around.environ.get("PATH", "").split(os.pathsep):
        path = Path(entry) / around.target.executable(tool.name)
        if entry and path.is_absolute() and path not in seen and path.is_file() and os.access(path, os.X_OK):
            seen.add(path)
            yield path


def _cached(tool: Tool, around: Surroundings, notes: list[str]) -> Version | None:
    path = around.cached(tool)
    if not path.is_file():
        notes.append(f"cache: {path} is not there")
        return None
    try:
        version = version_of(path, environ=around.environ)
    except EngineError as error:
        notes.append(f"cache: {_line(error)}")
        return None
    if version != tool.version:
        notes.append(f"cache: {path} is {version}, not {tool.version}")
        return None
    return version


def _fetch(
    tool: Tool, target: Path, *, around: Surroundings, ways: Sequence[Way], report: Report, notes: list[str]
) -> Engine:
    for way in ways:
        try:
            with tempfile.TemporaryDirectory(prefix=f".{tool.name}-", dir=target.parent) as folder:
                fresh = Path(folder) / target.name
                known = way.fetch(tool, fresh, around=around, report=report)
                fresh.chmod(0o755)
                version = version_of(fresh, environ=around.environ)
                if version != tool.version:
                    raise EngineError(f"gave {version}, not {tool.version}")
                fresh.replace(target)
        except EngineError as error:
            notes.append(f"{way.name}: {_line(error)}")
            report(f"not by {way.name}: {_line(error)}")
        except OSError as error:
            raise EngineError(
                f"cannot write the cache: {error.strerror or error}",
                where=str(target.parent),
                todo="check free space and permissions, or set LIVEGATE_CACHE to another folder",
            ) from error
        else:
            return Engine(path=target, version=version, origin=way.name, notes=(*notes, f"{way.name}: {known}"))
    raise _nothing(
        tool,
        notes,
        todo=f"connect to the network, or install Go (https://go.dev/dl), or set {tool.variable} to a {tool.name} "
        f"binary of {tool.minimum} or newer",
    )


@contextlib.contextmanager
def _locked(target: Path, tool: Tool, report: Report) -> Iterator[None]:
    try:
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = filelock.FileLock(target.parent / ".lock")
        try:
            lock.acquire(timeout=0)
        except filelock.Timeout:
            report(f"another installation of {tool} is running; waiting for it")
            lock.acquire(timeout=_LOCK_SECONDS)
    except filelock.Timeout as error:
        raise EngineError(
            f"another installation of {tool} did not end within {_LOCK_SECONDS:g} s",
            where=str(target.parent),
            todo="end it, then run this again",
        ) from error
    except OSError as error:
        raise EngineError(
            f"cannot use the cache: {error.strerror or error}",
            where=str(target.parent),
            todo="check its permissions, or set LIVEGATE_CACHE to a folder that you may write",
        ) from error
    try:
        yield
    finally:
        lock.release()


def _nothing(tool: Tool, notes: list[str], *, todo: str) -> EngineError:
    reasons = "".join(f"\n  - {note}" for note in notes)
    return EngineError(f"there is no usable {tool.name} ({tool.minimum} or newer):{reasons}", todo=todo)


def _line(error: EngineError) -> str:
    """What and where on one line, without the advice: the frame gives its own at the end."""
    text = f"{error.where}: {error.what}" if error.where else error.what
    return " ".join(text.split())
