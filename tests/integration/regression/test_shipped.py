"""Bundles made elsewhere are verified as they stand, whatever their age, and loaded by a real OPA."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from livegate.bundle import keys
from livegate.bundle.signing import KeySigner
from livegate.errors import BundleError, ConfigError, VerificationError
from livegate.pipeline.build import build
from livegate.project import Project
from livegate.regression import ask, shipped
from livegate.regression.population import Issued, issued
from livegate.regression.suite import Given

if TYPE_CHECKING:
    from pathlib import Path

    from livegate.opa.engine import Engine

NAMES = ("policy", "iga", "pam", "trust", "revocations")
LONG_AGO = 1_700_000_000_000_000_000


@pytest.fixture(scope="module")
def made(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> tuple[Issued, Path]:
    """The bundles of the example, and the project that they were made from."""
    folder = tmp_path_factory.mktemp("issued")
    return issued(Project.at(pytestconfig.rootpath), Given(population="example"), folder), folder / "project"


def _keys(made: tuple[Issued, Path]) -> dict[str, str]:
    return {made[0].local.kid: made[0].local.key.read_text("utf-8")}


def test_they_decide_and_say_what_they_are(made: tuple[Issued, Path], opa_engine: Engine, tmp_path: Path) -> None:
    paths = []
    for number, path in enumerate(reversed(made[0].local.bundles)):
        paths.append(tmp_path / f"renamed-{number}.bin")
        shutil.copy(path, paths[-1])
    with shipped.serving(paths, _keys(made), opa_engine, folder=tmp_path) as served:
        assert dict(served.documents) == dict(made[0].documents)
        assert set(served.revisions) == set(NAMES)
        question = ask.Question(request={}, instant=LONG_AGO)
        (answer,) = ask.answers(served.opa.client(), [question])
        assert answer["context"]["revisions"] == dict(served.revisions)
    assert not list(tmp_path.glob("livegate-shipped-*"))


def test_bundles_of_several_keys_are_signed_again_for_this_run(
    made: tuple[Issued, Path], opa_engine: Engine, tmp_path: Path
) -> None:
    project = Project.at(tmp_path / "project")
    shutil.copytree(made[1], tmp_path / "project", symlinks=True)
    private, _ = keys.new("other", tmp_path / "private", project.keys)
    now = made[0].documents["pam"]["bundle"]["issued_at"] + 1
    project.dist.mkdir(exist_ok=True)
    for path in made[0].local.bundles:
        if path.name != "pam.tar.gz":
            shutil.copy(path, project.dist)
    build(project, ["pam"], KeySigner.load("other", f"file:{private}"), now=now)
    public = _keys(made) | keys.load_public(project.keys)
    paths = shipped.bundles_in(project.dist)
    with shipped.serving(paths, public, opa_engine) as served:
        assert set(served.revisions) == set(NAMES)
    with (
        pytest.raises(VerificationError, match="unknown key 'other'") as caught,
        shipped.serving(paths, _keys(made), opa_engine),
    ):
        pass
    assert str(project.dist / "pam.tar.gz") in str(caught.value), "the file that was named, not a copy of it"


@pytest.mark.parametrize("name", NAMES)
def test_a_missing_root_is_named(made: tuple[Issued, Path], opa_engine: Engine, name: str) -> None:
    paths = [path for path in made[0].local.bundles if path.name != f"{name}.tar.gz"]
    with (
        pytest.raises(BundleError, match=f"no bundle owns .*{'catalog' if name == 'policy' else name}"),
        shipped.serving(paths, _keys(made), opa_engine),
    ):
        pass


def test_what_overlaps_or_was_touched_or_is_none_is_refused(
    made: tuple[Issued, Path], opa_engine: Engine, tmp_path: Path
) -> None:
    whole = list(made[0].local.bundles)
    with pytest.raises(BundleError, match="owns already"), shipped.serving([*whole, whole[0]], _keys(made), opa_engine):
        pass
    broken = tmp_path / "broken.tar.gz"
    data = bytearray(whole[0].read_bytes())
    data[len(data) // 2] ^= 0xFF
    broken.write_bytes(bytes(data))
    for path in (broken, tmp_path / "nowhere.tar.gz"):
        with pytest.raises(BundleError) as caught, shipped.serving([path, *whole[1:]], _keys(made), opa_engine):
            pass
        assert str(path) in str(caught.value)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigError):
        shipped.bundles_in(tmp_path / "empty")
