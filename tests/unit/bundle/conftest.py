"""A small project on disk, keys and stamps: what the bundle tests share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from livegate.bundle.signing import KeySigner
from livegate.project import Project

if TYPE_CHECKING:
    from pathlib import Path

NOW = 1_795_000_000_000_000_000
STAMP = {"revision": "iga-7", "sequence": 7, "issued_at": NOW - 1_000, "expires_at": NOW + 1_000_000_000}


@pytest.fixture
def signer() -> KeySigner:
    """A signer with a fresh key ``k1``."""
    return KeySigner("k1", ec.generate_private_key(ec.SECP256R1()))


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project with the root ``iga`` (stamped), a catalogue in two formats and two rules, one of them a test."""
    made = Project.at(tmp_path / "project")
    (made.data / "iga").mkdir(parents=True)
    (made.data / "iga" / "data.json").write_bytes(
        orjson.dumps({"bundle": STAMP, "grants": {"ada": {"e": "g"}}}, option=orjson.OPT_SORT_KEYS)
    )
    (made.data / "catalog" / "apps").mkdir(parents=True)
    (made.data / "catalog" / "bundle.json").write_bytes(orjson.dumps({"bundle": {**STAMP, "revision": "p-7"}}))
    (made.data / "catalog" / "apps" / "ledger.yaml").write_text("ledger: {tier: high}\n")
    (made.data / "config").mkdir()
    (made.data / "config" / "settings.yml").write_text("leeway: 5\n")
    (made.data / "config" / "README.md").write_text("not a document\n")
    (made.rego / "authz").mkdir(parents=True)
    (made.rego / "authz" / "main.rego").write_text("# the rules\npackage authz\n\nallow := true\n")
    (made.rego / "authz" / "main_test.rego").write_text("package authz_test\n")
    made.bundles.mkdir()
    (made.bundles / "iga.yaml").write_text("roots: [iga]\nrego: false\n")
    (made.bundles / "policy.yaml").write_text("roots: [authz, catalog, config]\nrego: true\n")
    return made
