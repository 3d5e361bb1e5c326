"""A misspelt field of the request or of a document is a compile error, as deep as the schemas go."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from .conftest import Opa

MISSPELT = [
    ("authz/facts/facts.rego", "data.config.leeway", "data.config.leway"),
    ("authz/facts/facts.rego", "data.config.tiers[action.tier].ages", "data.config.tiers[action.tier].age"),
    ("authz/facts/resource.rego", "asserts.parents", "assert.parents"),
    ("authz/facts/identity.rego", "snapshots[system].observed_at", "snapshots[system].observed"),
    ("authz/facts/elevation.rego", "data.pam.bundle.expires_at", "data.pam.bundle.expires"),
    ("authz/gates/request/request.rego", "input.context.pep", "input.contxt.pep"),
    ("authz/gates/entitlement/entitlement.rego", "data.iga.denies", "data.iga.denials"),
    ("authz/gates/freshness/freshness.rego", "data.revocations.bundle.issued_at", "data.revocations.bundle.issued"),
    ("system/authz/authz.rego", "data.trust.callers", "data.trust.clients"),
    ("system/health/health.rego", "data.trust.bundle.expires_at", "data.trust.bundle.expiry"),
]


def test_policy_fits_the_schemas(opa: Opa) -> None:
    done = opa.run("check", "--strict", "--schema", opa.schemas, opa.rego)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(("module", "right", "wrong"), MISSPELT)
def test_misspelt_field_is_refused(opa: Opa, tmp_path: Path, module: str, right: str, wrong: str) -> None:
    rego = shutil.copytree(opa.rego, tmp_path / "rego", ignore=shutil.ignore_patterns("*_test.rego"))
    text = (rego / module).read_text("utf-8")
    assert right in text
    (rego / module).write_text(text.replace(right, wrong), "utf-8")
    done = opa.run("check", "--strict", "--schema", opa.schemas, rego)
    assert done.returncode == 1
    assert "rego_type_error: undefined ref" in done.stderr
