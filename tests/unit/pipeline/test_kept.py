"""Bundles of the past are kept by revision, and a build never fails because one cannot be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from livegate.bundle.build import Built
from livegate.pipeline import kept
from livegate.pipeline.kept import Bounds
from livegate.project import Project

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def _built(project: Project, sequence: int, data: bytes = b"bundle", revision: str | None = None) -> Built:
    project.dist.mkdir(parents=True, exist_ok=True)
    path = project.dist / "pam.tar.gz"
    other = path.with_suffix(".new")
    other.write_bytes(data)
    other.chmod(0o600)
    other.replace(path)
    name = revision or f"{sequence}-0123456789ab"
    return Built(name="pam", revision=name, sequence=sequence, path=path, sha256="", size=len(data))


def _there(project: Project) -> list[str]:
    return sorted(path.name for path in (kept.folder(project) / "pam").iterdir())


def test_each_revision_is_kept_whatever_is_built_next(tmp_path: Path) -> None:
    project = Project.at(tmp_path)
    for number in (1, 2):
        assert kept.keep(project, _built(project, number, b"%d" % number))
    assert _there(project) == ["1-0123456789ab.tar.gz", "2-0123456789ab.tar.gz"]
    path = kept.folder(project) / "pam" / "1-0123456789ab.tar.gz"
    assert path.read_bytes() == b"1"
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o077 == 0
    assert kept.keep(project, _built(project, 2, b"2")), "the same again, signed anew"
    assert kept.keep(project, _built(project, 2, b"again"))
    assert (kept.folder(project) / "pam" / "2-0123456789ab.tar.gz").read_bytes() == b"again"
    assert len(_there(project)) == 2


def test_twice_the_very_same_file_leaves_nothing_beside_it(tmp_path: Path) -> None:
    project = Project.at(tmp_path)
    built = _built(project, 1)
    assert kept.keep(project, built)
    assert kept.keep(project, built)
    assert _there(project) == ["1-0123456789ab.tar.gz"]


def test_the_oldest_go_first_by_number_and_by_size(tmp_path: Path) -> None:
    project = Project.at(tmp_path)
    for number in (9, 10, 11):
        kept.keep(project, _built(project, number, b"x" * 10), bounds=Bounds(files=2))
    assert _there(project) == ["10-0123456789ab.tar.gz", "11-0123456789ab.tar.gz"]
    kept.keep(project, _built(project, 12, b"x" * 10), bounds=Bounds(size=15))
    assert _there(project) == ["12-0123456789ab.tar.gz"]
    kept.keep(project, _built(project, 13, b"x" * 99), bounds=Bounds(size=15))
    assert _there(project) == ["13-0123456789ab.tar.gz"], "the newest stays whatever its size"


def test_what_cannot_be_kept_is_said_and_stops_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    project = Project.at(tmp_path)
    project.private_state()
    kept.folder(project).write_text("in the way")
    assert kept.keep(project, _built(project, 1)) is False
    assert "is not kept for replays" in caplog.text
    kept.folder(project).unlink()
    assert kept.keep(project, _built(project, 1, revision="../../x")) is False
    assert not (tmp_path / "x.tar.gz").exists()
