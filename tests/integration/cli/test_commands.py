"""Each command once the way it is meant, and once the way it goes wrong."""

from __future__ import annotations

import gzip
import io
import json
import re
import tarfile
from typing import TYPE_CHECKING

import click
import pytest
from click.testing import CliRunner

from livegate.cli import main_group
from livegate.model.instants import MOST

if TYPE_CHECKING:
    from pathlib import Path

    from livegate.project import Project

    from .conftest import Cli


def _commands(group: click.Group, prefix: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = []
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        found.append((*prefix, name))
        if isinstance(command, click.Group):
            found += _commands(command, (*prefix, name))
    return found


@pytest.mark.parametrize("command", _commands(main_group), ids=" ".join)
def test_every_command_says_what_it_does(command: tuple[str, ...]) -> None:
    done = CliRunner().invoke(main_group, [*command, "--help"])
    assert done.exit_code == 0
    assert re.search(r"\n\n  \S.{20,}", done.output), "a sentence about the command"
    for line in done.output.split("Options:")[-1].splitlines():
        assert not re.fullmatch(r"\s+--[a-z-]+( [A-Z]+)?", line) or "help" in line, f"no help for {line.strip()}"


def test_from_sources_to_verified_bundles(cli: Cli, project: Project) -> None:
    cli("keys", "new", "k1")
    shown = json.loads(cli("sync", "--format", "json").stdout)
    assert shown["sources"]["example-iga"]["counts"] == {"grant": 40, "identity": 21}
    built = json.loads(cli("bundle", "build", "--format", "json").stdout)
    assert [item["bundle"] for item in built] == ["policy", "iga", "pam", "trust", "revocations"]
    cli("bundle", "verify", *sorted(project.dist.glob("*.tar.gz")))
    again = json.loads(cli("bundle", "build", "--format", "json").stdout)
    assert [item["sha256"] for item in again] == [item["sha256"] for item in built], "the same input, the same bytes"
    status = json.loads(cli("status", "--format", "json").stdout)
    assert {row["state"] for kind in ("sources", "documents", "bundles") for row in status[kind]} == {"current"}
    assert (
        json.loads(cli("bundle", "inspect", project.dist / "iga.tar.gz", "--format", "json").stdout)["key_id"] == "k1"
    )
    assert json.loads(cli("keys", "list", "--format", "json").stdout) == [
        {"key_id": "k1", "accepted": True, "yours": True}
    ]
    assert "subject alice revoked" in cli("revoke", "subject", "alice").stdout
    assert "alice" in json.loads((project.data / "revocations" / "revoked.json").read_text())["subjects"]


def test_a_tampered_bundle_is_found(cli: Cli, project: Project) -> None:
    cli("keys", "new", "k1")
    cli("bundle", "build", "trust")
    path = project.dist / "trust.tar.gz"
    changed = io.BytesIO()
    with tarfile.open(path) as old, tarfile.open(fileobj=changed, mode="w") as new:
        for member in old:
            data = old.extractfile(member).read()  # type: ignore[union-attr]  # regular files only
            data = data.replace(b"db-proxy", b"my-proxy")
            member.size = len(data)
            new.addfile(member, io.BytesIO(data))
    path.write_bytes(gzip.compress(changed.getvalue()))
    done = cli("bundle", "verify", path, code=3)
    assert "trust/data.json" in done.stderr


def test_what_is_wrong_is_said_with_what_to_do(cli: Cli, project: Project, tmp_path: Path) -> None:
    assert "livegate keys new" in cli("bundle", "build", "trust", code=2).stderr
    cli("keys", "new", "k1")
    assert "already" in cli("keys", "new", "k1", code=4).stderr
    assert "livegate sync" in cli("bundle", "build", "iga", code=2).stderr
    assert "policy" in cli("bundle", "build", "nonesuch", code=2).stderr
    assert "example-iga" in cli("sync", "nonesuch", code=2).stderr
    assert "bearer token" in cli("serve", code=2).stderr
    assert "type:id" in cli("decide", "--subject", "alice", "--action", "x", "--resource", "a:b", code=2).stderr
    assert "--subject" in cli("decide", code=2).stderr
    (tmp_path / "request.json").write_text("{")
    assert "is no JSON" in cli("decide", tmp_path / "request.json", code=2).stderr
    unreachable = cli(
        "decide",
        "--subject",
        "human:alice",
        "--action",
        "x",
        "--resource",
        "a:b",
        "--url",
        "http://127.0.0.1:9",
        code=1,
    )
    assert "127.0.0.1:9" in unreachable.stderr
    assert cli("sync", "--nonesuch", code=2).stdout == ""
    (project.data / "example" / "grants.csv.manifest").unlink()
    assert "grants.csv.manifest" in cli("sync", "example-iga", code=1).stderr


def test_a_key_that_others_can_read_signs_nothing(cli: Cli, tmp_path: Path) -> None:
    cli("keys", "new", "k1")
    key = tmp_path / "config" / "livegate" / "keys" / "k1.pem"
    key.chmod(0o644)
    assert "chmod 600" in cli("bundle", "build", "trust", code=2).stderr


def test_outside_a_project(cli: Cli, tmp_path: Path) -> None:
    assert "rego/" in cli("status", "--project", tmp_path, code=2).stderr


DEMO = {
    "alice dumps the production database": None,
    "alice deploys: eligible": "entitlement.not_activated",
    "bob releases a payment ": None,
    "carol closes the period": None,
    "dave, who left": "identity.inactive",
    "frank releases a payment": "entitlement.denied",
    "heidi repairs replication": None,
    "heidi dumps the database": "elevation.missing",
    "the CI workload deploys": None,
    "the payments service": None,
    "its staging twin": "identity.environment_mismatch",
    "a service account that nobody owns": "identity.ownerless",
    "an agent administers the database": "elevation.self_approved",
    "an agent reads the ledger": None,
    "its sub-agent reads one payment": None,
    "the sub-agent reads another": "mandate.out_of_authority",
    "a clerk's agent": "mandate.principal_not_entitled",
    "an agent reads a customer": None,
    "the same agent sends mail after that": "transaction.combination_denied",
    "alice opens a recorded console": None,
    "bob opens one that frank": "elevation.subordinate_approved",
    "carol reopens September": None,
    "heidi restores the database": None,
    "bob releases a payment with an access token": None,
    "a thief has that token": "proof.binding_missing",
    "the CI workload shows the certificate": None,
}
"""How the title of each question begins, and for what it must be denied, if it must."""


def test_the_demo(cli: Cli, pytestconfig: pytest.Config) -> None:
    done = cli("demo", "--project", pytestconfig.rootpath)
    rows = [line for line in done.stdout.splitlines() if "ALLOW" in line or "DENY" in line]
    assert len(rows) == len(DEMO), "each question is judged here"
    for row, (title, reason) in zip(rows, DEMO.items(), strict=True):
        assert title in row
        assert ("ALLOW" if reason is None else "DENY") in row, row
        assert (reason or "│") in row, row
    assert re.search(r"denial came \d+ ms after publication", done.stdout)
    assert "note" not in done.stderr.lower()
    assert "keys" not in done.stderr


def test_a_revocation_of_nobody_is_published_and_doubted(cli: Cli, project: Project) -> None:
    cli("keys", "new", "k1")
    cli("sync")
    done = cli("revoke", "subject", "Alice ")
    assert "revoked from" in done.stdout
    assert "WARNING" in done.stderr
    assert "did you mean 'alice'?" in done.stderr
    assert "Alice " in json.loads((project.data / "revocations" / "revoked.json").read_text())["subjects"]
    assert "WARNING" in cli("revoke", "elevation", "e-none").stderr
    assert "WARNING" not in cli("revoke", "subject", "alice").stderr
    assert "WARNING" not in cli("revoke", "elevation", "e-101").stderr
    assert "WARNING" not in cli("revoke", "mandate", "m-301").stderr
    assert "WARNING" in cli("revoke", "mandate", "m-none").stderr
    cli("revoke", "credential", "AB" * 32)
    cli("revoke", "token", "jti-1")
    assert "until it is issued anew" in cli("revoke", "session", "s-1", "--reissued").stdout
    assert "--reissued" in cli("revoke", "token", "jti-2", "--reissued", code=2).stderr
    assert "thumbprint" in cli("revoke", "credential", "jti-2", code=2).stderr
    revoked = json.loads((project.data / "revocations" / "revoked.json").read_text())
    assert list(revoked["credentials"]) == ["q6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s"]
    assert revoked["tokens"]["jti-1"]["issued_until"] == MOST
    assert revoked["sessions"]["s-1"]["issued_until"] == revoked["sessions"]["s-1"]["from"]


def test_who_may_do_what_is_for_the_owner_alone(cli: Cli, project: Project) -> None:
    cli("keys", "new", "k1")
    cli("sync")
    cli("bundle", "build")
    found = [project.data / "iga" / "data.json", project.data / "pam" / "data.json", *project.dist.glob("*.tar.gz")]
    assert len(found) == 7
    assert {path.stat().st_mode & 0o777 for path in found} == {0o600}
    assert project.state.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("epoch", ["99999999999", "0", "²", "-1", "9" * 5000])
def test_a_time_of_issue_that_cannot_be(cli: Cli, project: Project, epoch: str) -> None:
    cli("keys", "new", "k1")
    assert "SOURCE_DATE_EPOCH" in cli("bundle", "build", "trust", code=2, SOURCE_DATE_EPOCH=epoch).stderr
    assert not (project.data / "trust" / "bundle.json").exists()
    cli("bundle", "build", "trust")


def test_a_token_is_made_once_and_outside_of_git(cli: Cli, tmp_path: Path) -> None:
    out = tmp_path / "token"
    assert "{pep: db-proxy}" in cli("keys", "token", "db-proxy", "--out", out).stdout
    before = out.read_bytes()
    assert "already" in cli("keys", "token", "db-proxy", "--out", out, code=4).stderr
    assert out.read_bytes() == before
    assert out.stat().st_mode & 0o777 == 0o600
    for caller in ("DB", "a b", "x}: {operator: true", ""):
        assert "no caller" in cli("keys", "token", caller, "--out", tmp_path / "other", code=2).stderr
    (tmp_path / "clone" / ".git").mkdir(parents=True)
    assert "git work tree" in cli("keys", "token", "operator", "--out", tmp_path / "clone" / "t", code=4).stderr
    assert not (tmp_path / "clone" / "t").exists()
