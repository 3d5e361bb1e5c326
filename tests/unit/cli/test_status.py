"""Status files are what was sent: none of them can end the command."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from livegate.cli import main_group
from livegate.project import Project

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    "said",
    [
        '{"bundles": null}',
        '{"status": []}',
        '{"bundles": {"iga": 3}}',
        '{"labels": 1, "bundles": {"iga": {}}}',
        "[",
        "3",
        "\xff",
        "[" * 100_000,
    ],
)
def test_a_malformed_status_is_a_row(tmp_path: Path, said: str) -> None:
    project = Project.at(tmp_path)
    project.statuses.mkdir(parents=True)
    (project.statuses / "bad.json").write_text(said, "latin-1")
    good = {"labels": {"id": "an-opa"}, "bundles": {"iga": {"active_revision": "1-a"}}}
    (project.statuses / "good.json").write_text(json.dumps(good))
    for part in ("rego", "data", "bundles"):
        (tmp_path / part).mkdir()
    done = CliRunner().invoke(main_group, ["status", "--project", str(tmp_path), "--format", "json"])
    assert done.exit_code == 0, done.output
    bad, fine = json.loads(done.stdout)["opas"]
    assert bad == {"opa": "bad", "bundle": "", "active": "unreadable"}
    assert (fine["opa"], fine["bundle"], fine["active"]) == ("an-opa", "iga", "1-a")
