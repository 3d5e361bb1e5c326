"""What changed on disk, by looking again and again: no service of the system is needed, and no file system is special.

A few hundred files are looked at in a millisecond or two. Editors write in steps (a new file, a rename, a second
write); so a change is told once two looks in a row were equal.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

Look = dict[str, tuple[int, int, int]]
"""File → when it was changed (ns), its size, its inode."""

_ENDINGS = (".rego", ".yaml", ".yml", ".json", ".jsonl", ".csv")


def look(paths: Iterable[Path]) -> Look:
    """These files, and those below these folders that rules, documents and suites are made of; hidden ones are none."""
    found: Look = {}
    for path in paths:
        for file in _files(os.path.realpath(path), named=True):
            try:
                info = os.stat(file)  # noqa: PTH116  # thousands of times a minute: no Path for each
            except OSError:  # gone between the two calls: the next look tells
                continue
            found[file] = info.st_mtime_ns, info.st_size, info.st_ino
    return found


def changed(before: Look, after: Look) -> frozenset[str]:
    """Files that came, went, or are others than before."""
    return frozenset(file for file in before.keys() | after.keys() if before.get(file) != after.get(file))


class Watch:
    """Looks at files and folders. ``sleep``: seconds between looks; what it raises ends the waiting."""

    def __init__(self, paths: Iterable[Path], *, sleep: Callable[[float], None], pause: float = 0.2) -> None:
        self._paths = tuple(paths)
        self._sleep, self._pause = sleep, pause
        self._known = look(self._paths)

    def wait(self) -> frozenset[str]:
        """Wait for changes since the last time, and until they have settled; the files, by their real names."""
        while True:
            seen = look(self._paths)
            if seen != self._known:
                self._sleep(self._pause)
                if look(self._paths) == seen:
                    files, self._known = changed(self._known, seen), seen
                    return files
                continue
            self._sleep(self._pause)


def _files(path: str, *, named: bool = False) -> Iterator[str]:
    try:
        entries = list(os.scandir(path))
    except NotADirectoryError:
        if named or path.endswith(_ENDINGS):
            yield path
        return
    except OSError:
        return
    for entry in entries:
        if entry.name.startswith("."):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _files(entry.path)
        elif entry.name.endswith(_ENDINGS):
            yield entry.path
