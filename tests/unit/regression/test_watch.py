"""Changes are told once they have settled, and only those of files that matter."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from livegate.regression.watch import Watch, changed, look

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class Over(Exception):  # noqa: N818  # it is the end of waiting, no error
    """The script of a test has ended."""


def scripted(*steps: Callable[[], object]) -> Callable[[float], None]:
    """A sleep that does the next step instead."""
    left = list(steps)

    def sleep(_: float) -> None:
        if not left:
            raise Over
        left.pop(0)()

    return sleep


def test_files_that_came_went_and_changed(tmp_path: Path) -> None:
    for name in ("a.rego", "b.yaml", "notes.txt", ".hidden.yaml"):
        (tmp_path / name).write_text("1")
    before = look([tmp_path])
    (tmp_path / "a.rego").write_text("22")
    (tmp_path / "b.yaml").unlink()
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "c.json").write_text("1")
    (tmp_path / "notes.txt").write_text("22")
    (tmp_path / ".hidden.yaml").write_text("22")
    names = {os.path.relpath(file, tmp_path.resolve()) for file in changed(before, look([tmp_path]))}
    assert names == {"a.rego", "b.yaml", "sub/c.json"}


def test_a_rename_over_a_file_is_a_change(tmp_path: Path) -> None:
    path, new = tmp_path / "a.yaml", tmp_path / "new"
    path.write_text("1")
    before = look([path])
    new.write_text("2")
    os.utime(new, ns=(0, path.stat().st_mtime_ns))
    new.replace(path)
    assert changed(before, look([path])) == {str(path.resolve())}


def test_what_is_written_in_steps_is_told_once(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    steps = [lambda text="x" * size: path.write_text(text) for size in (1, 2, 3)]
    watch = Watch([tmp_path], sleep=scripted(*steps, lambda: None))
    assert watch.wait() == {str(path.resolve())}
    with pytest.raises(Over):
        watch.wait()


def test_a_file_that_is_named_is_watched_whatever_it_is_called(tmp_path: Path) -> None:
    path = tmp_path / "cases"
    watch = Watch([path, tmp_path / "never"], sleep=scripted(lambda: path.write_text("1"), lambda: None))
    assert watch.wait() == {str(path.resolve())}
