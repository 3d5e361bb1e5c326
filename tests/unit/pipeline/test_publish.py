"""Publishing and taking back, on folders: what may come, what is kept, and what never gets less."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from livegate.bundle import archive, keys, verify
from livegate.bundle.signing import KeySigner
from livegate.errors import ConfigError, RefusedError, VerificationError
from livegate.model.instants import DAY, SECOND
from livegate.model.records import Revocation, RevocationKind
from livegate.pipeline import example, revoke
from livegate.pipeline.build import build
from livegate.pipeline.publish import PREVIOUS, publish, roll_back
from livegate.project import Project

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NOW = example.INSTANT


@pytest.fixture
def project(pytestconfig: pytest.Config, tmp_path: Path) -> Project:
    """A project of its own with a key."""
    made = example.workspace(Project.at(pytestconfig.rootpath), tmp_path / "project", now=NOW)
    keys.new("k1", tmp_path / "private", made.keys)
    return made


@pytest.fixture
def signer(project: Project, tmp_path: Path) -> KeySigner:
    """Its key."""
    return KeySigner.load("k1", f"file:{tmp_path / 'private' / 'k1.pem'}")


@pytest.fixture
def served(tmp_path: Path) -> Path:
    """A folder that is served."""
    return tmp_path / "served"


@pytest.fixture
def change(project: Project) -> Callable[[str], None]:
    """Change the policy: the leeway of its configuration."""

    def make(seconds: str) -> None:
        path = project.data / "config" / "config.yaml"
        lines = path.read_text().splitlines(keepends=True)
        text = "".join(f"leeway: {seconds}000000000\n" if line.startswith("leeway:") else line for line in lines)
        assert f"leeway: {seconds}000000000\n" in text
        path.write_text(text)

    return make


def _leeway(path: Path) -> int:
    with path.open("rb") as stream:
        files = archive.read(stream, where=str(path))
    data = next(data for name, data in files.items() if name == "config/data.json")
    return int(data.split(b'"leeway":')[1].split(b",")[0])


def _entered(project: Project, target: str, *, at: int = NOW) -> None:
    revoke.add(
        project,
        Revocation(id=f"r-{target}", kind=RevocationKind.SUBJECT, target=target, effective_at=at, reason="test"),
    )


def test_the_very_bytes_are_published_and_again_nothing_changes(
    project: Project, signer: KeySigner, served: Path
) -> None:
    built = build(project, ["policy", "trust"], signer, now=NOW)
    done = publish(project, (), served, now=NOW)
    assert {item.name: (item.revision, item.before, item.changed) for item in done} == {
        item.name: (item.revision, None, True) for item in built
    }
    assert all((served / item.path.name).read_bytes() == item.path.read_bytes() for item in built)
    again = publish(project, ["policy"], served, now=NOW + SECOND)
    assert [(item.changed, item.before) for item in again] == [(False, built[0].revision)]
    assert sorted(path.name for path in served.glob("*")) == [PREVIOUS, "policy.tar.gz", "trust.tar.gz"]
    assert not (served / PREVIOUS / "incoming").exists()


def test_an_older_one_a_forged_one_and_an_ended_one_are_refused_and_nothing_moves(
    project: Project, signer: KeySigner, served: Path, change: Callable[[str], None]
) -> None:
    build(project, ["policy", "trust"], signer, now=NOW)
    older = (project.dist / "policy.tar.gz").read_bytes()
    change("31")
    build(project, ["policy"], signer, now=NOW + SECOND)
    publish(project, (), served, now=NOW + SECOND)
    there = {path.name: path.read_bytes() for path in served.glob("*.tar.gz")}
    (project.dist / "policy.tar.gz").write_bytes(older)
    with pytest.raises(VerificationError, match="is below") as caught:
        publish(project, ["trust", "policy"], served, now=NOW + 2 * SECOND)
    assert caught.value.where == str(project.dist / "policy.tar.gz")
    (project.dist / "policy.tar.gz").write_bytes(there["policy.tar.gz"][:-40])
    with pytest.raises(VerificationError):
        publish(project, ["policy"], served, now=NOW + 2 * SECOND)
    (project.dist / "policy.tar.gz").write_bytes(there["policy.tar.gz"])
    with pytest.raises(VerificationError, match="ended"):
        publish(project, ["policy"], served, now=NOW + 31 * DAY)
    (project.keys / "k1.pem").unlink()
    with pytest.raises(VerificationError, match="unknown key"):
        publish(project, ["policy"], served, now=NOW + 2 * SECOND)
    assert there == {path.name: path.read_bytes() for path in served.glob("*.tar.gz")}


def test_a_bundle_under_another_name_is_refused(project: Project, signer: KeySigner, served: Path) -> None:
    build(project, ["trust"], signer, now=NOW)
    (project.dist / "trust.tar.gz").rename(project.dist / "policy.tar.gz")
    with pytest.raises(VerificationError, match="expected"):
        publish(project, ["policy"], served, now=NOW)
    assert not list(served.glob("*.tar.gz"))


def test_a_damaged_one_that_is_served_is_replaced(project: Project, signer: KeySigner, served: Path) -> None:
    built = build(project, ["policy"], signer, now=NOW)
    served.mkdir()
    (served / "policy.tar.gz").write_bytes(b"<html>502</html>")
    assert publish(project, ["policy"], served, now=NOW)[0].changed
    assert (served / "policy.tar.gz").read_bytes() == built[0].path.read_bytes()


@pytest.mark.parametrize(("names", "what"), [(["polcy"], "no bundle 'polcy'"), (["iga"], "is not built")])
def test_what_is_not_there_is_said(
    project: Project, signer: KeySigner, served: Path, names: list[str], what: str
) -> None:
    build(project, ["policy"], signer, now=NOW)
    with pytest.raises(ConfigError, match=what):
        publish(project, names, served, now=NOW)
    with pytest.raises(ConfigError, match="where bundles are built"):
        publish(project, ["policy"], project.dist, now=NOW)


def test_published_revocations_never_get_less(project: Project, signer: KeySigner, served: Path) -> None:
    _entered(project, "alice")
    build(project, ["revocations"], signer, now=NOW)
    publish(project, ["revocations"], served, now=NOW)
    before = (served / "revocations.tar.gz").read_bytes()
    (project.data / "revocations" / "revoked.json").unlink()  # as in a fresh checkout
    build(project, ["revocations"], signer, now=NOW + SECOND)
    with pytest.raises(RefusedError, match=r"subjects\.alice"):
        publish(project, ["revocations"], served, now=NOW + SECOND)
    _entered(project, "alice", at=NOW + 5)  # later: less
    build(project, ["revocations"], signer, now=NOW + 2 * SECOND)
    with pytest.raises(RefusedError, match=r"subjects\.alice"):
        publish(project, ["revocations"], served, now=NOW + 2 * SECOND)
    assert (served / "revocations.tar.gz").read_bytes() == before
    _entered(project, "alice", at=NOW)
    _entered(project, "bob")
    build(project, ["revocations"], signer, now=NOW + 3 * SECOND)
    assert publish(project, ["revocations"], served, now=NOW + 3 * SECOND)[0].changed


def test_rollback_brings_the_content_back_as_a_new_issue(
    project: Project, signer: KeySigner, served: Path, change: Callable[[str], None]
) -> None:
    build(project, ["policy"], signer, now=NOW)
    first = publish(project, ["policy"], served, now=NOW)[0]
    change("31")
    build(project, ["policy"], signer, now=NOW + SECOND)
    second = publish(project, ["policy"], served, now=NOW + SECOND)[0]
    assert _leeway(served / "policy.tar.gz") == 31 * SECOND
    back = roll_back(project, "policy", served, signer, now=NOW + 2 * SECOND)
    assert _leeway(served / "policy.tar.gz") == 30 * SECOND
    assert back.before == second.revision
    assert back.sequence > second.sequence
    assert back.revision.rpartition("-")[2] == first.revision.rpartition("-")[2]
    public = keys.load_public(project.keys)
    seen = verify.verify(served / "policy.tar.gz", public_keys=public, now=NOW + 2 * SECOND, minimum=back.sequence)
    assert seen.stamp is not None
    assert seen.stamp.expires_at - seen.stamp.issued_at == 30 * DAY
    # what was taken back does not come again by itself: neither by a rollback nor by the bundle that is still built
    with pytest.raises(ConfigError, match="with another content"):
        roll_back(project, "policy", served, signer, now=NOW + 3 * SECOND)
    with pytest.raises(VerificationError, match="is below"):
        publish(project, ["policy"], served, now=NOW + 3 * SECOND)
    # but by its name it does
    roll_back(project, "policy", served, signer, now=NOW + 4 * SECOND, revision=f"{second.revision}")
    assert _leeway(served / "policy.tar.gz") == 31 * SECOND
    change("32")
    build(project, ["policy"], signer, now=NOW + 5 * SECOND)
    assert publish(project, ["policy"], served, now=NOW + 5 * SECOND)[0].changed


def test_rollback_goes_back_further_each_time_and_passes_over_renewals(
    project: Project, signer: KeySigner, served: Path, change: Callable[[str], None]
) -> None:
    for number, leeway in enumerate(("30", "31", "31", "32")):
        change(leeway)
        at = NOW + number * 16 * DAY  # past half its life: the same content is issued again
        build(project, ["policy"], signer, now=at)
        publish(project, ["policy"], served, now=at)
    at = NOW + 49 * DAY
    for step, seconds in enumerate((31, 30)):
        roll_back(project, "policy", served, signer, now=at + step)
        assert _leeway(served / "policy.tar.gz") == seconds * SECOND
    with pytest.raises(ConfigError):
        roll_back(project, "policy", served, signer, now=at + 3)


def test_revocations_are_never_taken_back_and_data_only_if_it_is_meant(
    project: Project, signer: KeySigner, served: Path
) -> None:
    for at, target in ((NOW, "alice"), (NOW + SECOND, "bob")):
        _entered(project, target)
        build(project, ["revocations"], signer, now=at)
        publish(project, ["revocations"], served, now=at)
    before = (served / "revocations.tar.gz").read_bytes()
    for older_data in (False, True):
        with pytest.raises(RefusedError, match="never"):
            roll_back(project, "revocations", served, signer, now=NOW + 2 * SECOND, older_data=older_data)
    with pytest.raises(RefusedError, match="trust data") as caught:
        roll_back(project, "trust", served, signer, now=NOW + 2 * SECOND)
    assert "--older-data" in str(caught.value)
    assert (served / "revocations.tar.gz").read_bytes() == before


def test_rollback_refuses_what_is_kept_if_it_was_touched_and_a_key_that_opa_does_not_know(
    project: Project, signer: KeySigner, served: Path, change: Callable[[str], None], tmp_path: Path
) -> None:
    build(project, ["policy"], signer, now=NOW)
    publish(project, ["policy"], served, now=NOW)
    change("31")
    build(project, ["policy"], signer, now=NOW + SECOND)
    publish(project, ["policy"], served, now=NOW + SECOND)
    before = (served / "policy.tar.gz").read_bytes()
    keys.new("stranger", tmp_path / "strange", tmp_path / "strange-public")
    stranger = KeySigner.load("stranger", f"file:{tmp_path / 'strange' / 'stranger.pem'}")
    with pytest.raises(VerificationError, match="unknown key"):
        roll_back(project, "policy", served, stranger, now=NOW + 2 * SECOND)
    (kept,) = (served / PREVIOUS / "policy").glob("*.tar.gz")
    with kept.open("rb") as stream:
        files = archive.read(stream, where="kept")
    files["authz/authz.rego"] += b"\n# opened"
    with kept.open("wb") as stream:
        archive.write(stream, files.items(), level=1)
    with pytest.raises(VerificationError, match="changed after it was signed"):
        roll_back(project, "policy", served, signer, now=NOW + 2 * SECOND)
    assert (served / "policy.tar.gz").read_bytes() == before
