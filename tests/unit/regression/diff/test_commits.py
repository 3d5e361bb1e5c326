"""Commits: what was committed and nothing else, whatever the repository's attributes, names and links say."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from livegate.errors import ConfigError
from livegate.project import Project
from livegate.regression.diff.commits import export, resolve
from livegate.regression.diff.sides import Kind, recognise

if TYPE_CHECKING:
    from pathlib import Path


def _git(folder: Path, *arguments: str) -> str:
    named = [
        "-c",
        "user.name=t",
        "-c",
        "user.email=t@example",
        "-c",
        "commit.gpgsign=false",
        "-c",
        "core.autocrlf=false",
    ]
    return subprocess.run(["git", *named, *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """One commit of a project, with attributes and hooks that want a part in it."""
    folder = tmp_path / "repository"
    for part in ("rego", "data", "bundles", "other"):
        (folder / part).mkdir(parents=True)
    (folder / "rego" / "a.rego").write_bytes(b"package a # $Format:%H$ \xc3\xa9\n")
    (folder / "data" / "empty.yaml").write_bytes(b"")
    (folder / "bundles" / "b.yaml").write_bytes(b"one\r\ntwo\n")
    (folder / "other" / "c").write_text("not ours")
    (folder / ".gitattributes").write_text("*.rego export-subst filter=evil\n*.yaml export-ignore\n")
    _git(folder, "init", "-q", "-b", "trunk")
    _git(folder, "config", "filter.evil.smudge", f"touch {tmp_path / 'ran'}")
    _git(folder, "add", ".")
    _git(folder, "commit", "-q", "-m", "one")
    return folder


def test_files_are_as_they_were_committed(repository: Path, tmp_path: Path) -> None:
    (repository / "rego" / "a.rego").write_text("changed since")
    target = tmp_path / "out"
    export(repository, resolve(repository, "trunk"), target)
    found = {str(path.relative_to(target)): path.read_bytes() for path in target.rglob("*") if path.is_file()}
    assert found == {
        "rego/a.rego": b"package a # $Format:%H$ \xc3\xa9\n",
        "data/empty.yaml": b"",
        "bundles/b.yaml": b"one\r\ntwo\n",
    }
    assert not (tmp_path / "ran").exists()


def test_a_project_below_the_repository_is_its_own(repository: Path, tmp_path: Path) -> None:
    _git(repository, "mv", "rego", "other/rego")
    _git(repository, "commit", "-q", "-m", "two")
    target = tmp_path / "out"
    export(repository / "other", resolve(repository / "other", "HEAD"), target)
    assert [path.name for path in target.rglob("*.rego")] == ["a.rego"]


@pytest.mark.parametrize("name", ["nowhere", "--help", "-x", "HEAD:rego", "trunk..trunk", "", "@{u}", "a b"])
def test_what_is_no_commit_is_told(repository: Path, name: str) -> None:
    with pytest.raises(ConfigError):
        resolve(repository, name)


def test_a_folder_outside_a_repository_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="git says"):
        resolve(tmp_path, "HEAD")


def test_a_link_is_refused(repository: Path, tmp_path: Path) -> None:
    (repository / "data" / "link.yaml").symlink_to("/etc/passwd")
    _git(repository, "add", ".")
    _git(repository, "commit", "-q", "-m", "link")
    with pytest.raises(ConfigError, match="is a link") as error:
        export(repository, resolve(repository, "HEAD"), tmp_path / "out")
    assert "data/link.yaml" in (error.value.where or "")


def test_a_commit_without_a_project_is_told(repository: Path, tmp_path: Path) -> None:
    _git(repository, "rm", "-q", "-r", "rego", "data", "bundles")
    _git(repository, "commit", "-q", "-m", "gone")
    with pytest.raises(ConfigError, match="has no project"):
        export(repository, resolve(repository, "HEAD"), tmp_path / "out")


def test_a_folder_and_a_branch_of_one_name_are_told_apart(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = Project.at(repository)
    (repository / "trunk").mkdir()
    monkeypatch.chdir(repository)
    with pytest.raises(ConfigError, match="a folder and a commit"):
        recognise("trunk", project)
    assert recognise("refs/heads/trunk", project).kind is Kind.COMMIT
    assert recognise(".", project).kind is Kind.CHECKOUT
    with pytest.raises(ConfigError, match="neither a project"):
        recognise("./trunk", project)
