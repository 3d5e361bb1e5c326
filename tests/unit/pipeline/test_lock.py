"""Commands at once: no revocation is lost, no bundle goes backwards, no document gets too old while it is served."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from livegate.bundle import keys, verify
from livegate.bundle.signing import KeySigner
from livegate.documents import tree
from livegate.errors import BundleError, DocumentError, LivegateError
from livegate.model.instants import DAY, MINUTE
from livegate.model.records import Revocation, RevocationKind
from livegate.pipeline import example, revoke
from livegate.pipeline.build import build, published
from livegate.pipeline.issue import issue_kept, renewal
from livegate.pipeline.lock import exclusively
from livegate.project import Project

if TYPE_CHECKING:
    from pathlib import Path

NOW = example.INSTANT


@pytest.fixture
def project(pytestconfig: pytest.Config, tmp_path: Path) -> Project:
    """The example organisation, exported at its own instant."""
    return example.workspace(Project.at(pytestconfig.rootpath), tmp_path / "made", now=NOW)


@pytest.fixture
def signer(project: Project, tmp_path: Path) -> KeySigner:
    """A key of the project's."""
    private, _ = keys.new("k1", tmp_path / "private", project.keys)
    return KeySigner.load("k1", f"file:{private}")


class Slow:
    """A signer that waits to be let go on: a KMS far away."""

    def __init__(self, signer: KeySigner) -> None:
        self._signer = signer
        self.kid, self.algorithm = signer.kid, signer.algorithm
        self.signing, self.go_on = threading.Event(), threading.Event()

    def sign(self, payload: bytes) -> str:
        """As the real one does, later."""
        self.signing.set()
        assert self.go_on.wait(30)
        return self._signer.sign(payload)


def revocation(target: str, at: int = NOW) -> Revocation:
    """Of a subject."""
    return Revocation(id=f"r-{target}", kind=RevocationKind.SUBJECT, target=target, effective_at=at, reason="")


def test_a_revocation_is_not_lost_to_a_slower_build(project: Project, signer: KeySigner) -> None:
    slow = Slow(signer)
    with ThreadPoolExecutor(2) as pool:
        older = pool.submit(build, project, ["revocations"], slow, now=NOW)
        assert slow.signing.wait(30)  # it has read the document, without alice
        newer = pool.submit(revoke.publish, project, revocation("alice"), signer, now=NOW + 1)
        with pytest.raises(TimeoutError):
            newer.result(0.5)  # without a lock it is done in milliseconds, and then written over
        slow.go_on.set()
        older.result(30)
        entered, built = newer.result(30)
    assert entered
    assert published(project.dist / "revocations.tar.gz") == built.sequence > older.result()[0].sequence
    assert verify.inspect(built.path).manifest["revision"] == built.revision
    assert "alice" in tree.load(project.data, "revocations")["subjects"]


def test_patience_ends_with_a_clear_error(project: Project) -> None:
    with ThreadPoolExecutor(1) as pool, exclusively(project):

        def other() -> None:
            with exclusively(project, patience=0.01):
                pytest.fail("two at once")

        with pytest.raises(LivegateError, match="another livegate command"):
            pool.submit(other).result(30)
    assert project.state.stat().st_mode & 0o777 == 0o700
    with exclusively(project, patience=0.01), exclusively(project, patience=0.01):
        pass  # free again, and the same thread may take it twice


def test_a_bundle_does_not_go_backwards(project: Project, signer: KeySigner) -> None:
    built = build(project, ["trust"], signer, now=NOW)[0]
    bytes_before = built.path.read_bytes()
    assert built.path.stat().st_mode & 0o777 == 0o600
    (project.data / "trust" / "bundle.json").unlink()  # restored from before, with a clock that is behind
    with pytest.raises(BundleError, match="older bundle"):
        build(project, ["trust"], signer, now=NOW - DAY)
    assert built.path.read_bytes() == bytes_before
    built.path.write_bytes(bytes_before[:40])
    build(project, ["trust"], signer, now=NOW - DAY)  # a damaged one is no reason to keep it


def test_revocations_are_issued_again_before_the_strictest_tier_minds(project: Project) -> None:
    strictest = min(tier["ages"]["revocations"] for tier in tree.load(project.data, "config")["tiers"].values())
    assert strictest == 5 * MINUTE
    assert renewal(project, "revocations") == strictest // 2
    assert renewal(project, "pam") == 30 * MINUTE
    issue_kept(project, "revocations", now=NOW)
    assert not issue_kept(project, "revocations", now=NOW + strictest // 2 - 1).renewed
    assert issue_kept(project, "revocations", now=NOW + strictest // 2).renewed


@pytest.mark.parametrize("now", [2**63, 0, 10**18 - 1, 10**24])
def test_no_stamp_is_written_that_the_next_run_could_not_read(project: Project, now: int) -> None:
    with pytest.raises(DocumentError):
        issue_kept(project, "trust", now=now)
    assert not (project.data / "trust" / "bundle.json").exists()
    assert issue_kept(project, "trust", now=NOW).renewed
