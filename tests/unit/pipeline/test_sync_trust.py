"""A sync of keys: the document beside what is kept by hand, its stamp, rotation, and what is refused or told."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from livegate.documents import tree
from livegate.errors import DocumentError
from livegate.model.instants import HOUR, SECOND
from livegate.pipeline import example
from livegate.pipeline.issue import issue_kept
from livegate.pipeline.sync import Result, sync
from livegate.project import Project
from livegate.sources.config import load_all
from livegate.sources.protocol import Effects
from livegate.sources.store import SnapshotStore

if TYPE_CHECKING:
    from pathlib import Path

NOW = example.INSTANT
IDP = "https://idp.example"
OLD, NEW, THIRD = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))


def jwk(kid: str, key: ec.EllipticCurvePrivateKey, **more: str) -> dict[str, str]:
    """A public JWK under this name."""
    made: dict[str, str] = ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return made | {"kid": kid} | more


@pytest.fixture
def project(pytestconfig: pytest.Config, tmp_path: Path) -> Project:
    """The example organisation, whose own sources are taken away: only keys are synced here."""
    made = example.workspace(Project.at(pytestconfig.rootpath), tmp_path / "made", now=NOW)
    for path in made.sources.glob("*.yaml"):
        path.unlink()
    return made


def source(project: Project, name: str, *keys: dict[str, str], at: int = NOW, issuer: str = IDP) -> None:
    """A source of these keys, published in a file at ``at``."""
    path = project.data / f"{name}.json.set"
    path.write_text(json.dumps({"keys": keys}))
    os.utime(path, ns=(at, at))
    section = f"{{path: {path.name}, issuer: '{issuer}'}}"
    text = f"{name}:\n  kind: jwks\n  domain: trust\n  max_age: 1h\n  jwks: {section}\n"
    (project.sources / f"{name}.yaml").write_text(text)


def run(project: Project, *, now: int = NOW, **more: Any) -> Result:
    """One sync of every source with the clock at ``now``."""
    configs = load_all(project.sources)
    effects = Effects(now=lambda: now, sleep=lambda _: None, base=project.data)
    return sync(project, configs, configs, SnapshotStore(project.snapshots), effects, **more)


def document(project: Project) -> dict[str, Any]:
    """The trust document as it stands, checked."""
    return tree.checked(tree.load(project.data, "trust"), "trust", where="trust")


def sig(project: Project, issuer: str = IDP) -> set[str]:
    """Names of the keys that verify an issuer's tokens."""
    return set(document(project).get("keys", {}).get(issuer, {}).get("sig", {}))


def test_without_a_source_of_keys_nothing_is_written(project: Project) -> None:
    run(project)
    assert not (project.data / "trust" / "synced.json").exists()
    assert not document(project).keys() & {"keys", "roots", "sources", "snapshots", "listed"}


def test_keys_are_in_the_document_with_what_is_kept_by_hand(project: Project) -> None:
    source(project, "idp", jwk("k1", OLD))
    result = run(project)
    assert not result.failures
    found = document(project)
    assert found["sources"] == {IDP: "idp"}
    assert found["listed"] == {"idp": "idp-1"}
    assert found["snapshots"]["idp"]["expires_at"] == NOW + HOUR
    (entry,) = json.loads(found["keys"][IDP]["sig"]["k1"]["jwks"])["keys"]
    assert entry == jwk("k1", OLD, alg="ES256")
    assert "db-proxy" in found["peps"]
    told = [note for note in result.notes if "lists keys" in note]
    assert told == [f"idp lists keys of {IDP}, which neither issuers nor domains name"]


def test_a_rotation(project: Project) -> None:
    stamps = []
    steps = [[jwk("k1", OLD)], [jwk("k1", OLD), jwk("k2", NEW)], [jwk("k2", NEW)], []]
    for number, keys in enumerate(steps):
        now = NOW + number * 60 * SECOND
        source(project, "idp", *keys, at=now)
        result = run(project, now=now)
        assert not result.failures
        assert sig(project) == {key["kid"] for key in keys}
        stamps.append(next(item.stamp for item in result.issued if item.bundle == "trust"))
    assert [stamp.sequence for stamp in stamps] == sorted({stamp.sequence for stamp in stamps})
    assert len({stamp.digest for stamp in stamps}) == 4


def test_the_same_keys_of_the_same_listing_are_the_same_issue(project: Project) -> None:
    source(project, "idp", jwk("k1", OLD))
    run(project)
    written = (project.data / "trust" / "synced.json").stat().st_mtime_ns
    assert not issue_kept(project, "trust", now=NOW + SECOND).renewed
    assert (project.data / "trust" / "synced.json").stat().st_mtime_ns == written


def test_a_source_that_fails_lets_its_keys_age(project: Project) -> None:
    source(project, "idp", jwk("k1", OLD))
    source(project, "other", jwk("k1", NEW), issuer="https://other.example")
    run(project)
    (project.data / "idp.json.set").write_text("<html>")
    source(project, "other", jwk("k2", THIRD), issuer="https://other.example", at=NOW + SECOND)
    result = run(project, now=NOW + SECOND)
    assert set(result.failures) == {"idp"}
    assert sig(project) == {"k1"}
    assert document(project)["snapshots"]["idp"]["observed_at"] == NOW
    assert sig(project, "https://other.example") == {"k2"}


def test_a_source_that_is_gone_takes_its_keys_with_it(project: Project) -> None:
    source(project, "idp", jwk("k1", OLD))
    source(project, "other", jwk("k2", NEW), issuer="https://other.example")
    run(project)
    (project.sources / "idp.yaml").unlink()
    run(project)
    assert sig(project) == set()
    assert sig(project, "https://other.example") == {"k2"}
    (project.sources / "other.yaml").unlink()
    run(project)
    assert document(project)["keys"] == {}


def test_two_sources_of_one_issuer_write_nothing(project: Project) -> None:
    source(project, "idp", jwk("k1", OLD))
    run(project)
    source(project, "twin", jwk("k2", NEW))
    result = run(project)
    assert set(result.failures) == {"trust document"}
    assert "both list" in str(result.failures["trust document"])
    assert sig(project) == {"k1"}


def test_a_kept_key_of_a_synced_issuer_is_refused(project: Project) -> None:
    key = {"alg": "ES256", "jwks": json.dumps({"keys": [jwk("mine", THIRD)]})}
    kept = project.data / "trust" / "own.json"
    kept.write_text(json.dumps({"keys": {IDP: {"sig": {"mine": key}}}}))
    run(project)
    assert sig(project) == {"mine"}
    source(project, "idp", jwk("k1", OLD))
    result = run(project)
    assert "is synced as well" in str(result.failures["trust document"])
    assert sig(project) == {"mine"}
    kept.unlink()
    assert not run(project, now=NOW + SECOND).failures
    assert sig(project) == {"k1"}


@pytest.mark.parametrize("place", ["issuer", "pep"])
def test_a_private_key_kept_by_hand_goes_nowhere(project: Project, place: str) -> None:
    secret: dict[str, str] = ECAlgorithm.to_jwk(OLD, as_dict=True)
    key = {"alg": "ES256", "jwks": json.dumps({"keys": [secret]})}
    pep = {"resource_types": {}, "asserts": {}, "keys": {"k": key}}
    said = {"peps": {"mine": pep}} if place == "pep" else {"keys": {IDP: {"sig": {"k": key}}}}
    (project.data / "trust" / "own.json").write_text(json.dumps(said))
    with pytest.raises(DocumentError, match="private") as caught:
        issue_kept(project, "trust", now=NOW)
    assert secret["d"] not in str(caught.value)


def test_a_dry_run_writes_nothing(project: Project) -> None:
    source(project, "idp", jwk("k1", OLD))
    result = run(project, dry_run=True)
    assert result.previews["idp"].counts == {"key": 1}
    assert not (project.data / "trust" / "synced.json").exists()


def test_the_example_takes_no_keys_of_the_checkout(project: Project, tmp_path: Path) -> None:
    source(project, "idp", jwk("k1", OLD))
    run(project)
    (project.data / "example").mkdir(exist_ok=True)
    again = example.workspace(project, tmp_path / "again", now=NOW)
    assert not (again.data / "trust" / "synced.json").exists()
