"""Identity ids become what the example's PAM system calls people, wherever its records name them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from livegate.project import Project
from livegate.pytest.people import named_as_in_pam
from livegate.regression.cases import Given
from livegate.regression.overlay import Overlay

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def project(pytestconfig: pytest.Config) -> Project:
    """This checkout."""
    return Project.at(pytestconfig.rootpath)


def given(base: str = "example", **rows: dict[str, Any]) -> Given:
    """An organisation with these records put in."""
    listed = {section: {row["id"]: row} for section, row in rows.items()}
    return Given(population=base, overlay=Overlay(rows=listed).text())


def named(project: Project, one: Given, section: str) -> dict[str, Any]:
    """The one record of a section, with its people renamed."""
    (row,) = Overlay.of(named_as_in_pam(project, one).overlay).rows[section].values()
    return dict(row)


def test_an_elevation_names_its_people_as_the_system_does(project: Project) -> None:
    approval = {"requester": "bob", "approvers": ["carol", "nobody"], "ticket": "alice"}
    one = given(elevations={"id": "e", "subject": "bob", "session": "bob", "approval": approval})
    assert named(project, one, "elevations") == {
        "id": "e",
        "subject": "bob@example.com",
        "session": "bob",
        "approval": {"requester": "bob@example.com", "approvers": ["carol@example.com", "nobody"], "ticket": "alice"},
    }


def test_a_mandate_too_with_the_approvals_of_its_tasks(project: Project) -> None:
    approvals = {"alice": {"approvers": ["alice"], "required": 1}}
    one = given(mandates={"id": "m", "agent": "agent-recon", "subject": "carol", "issuer": "c", "approvals": approvals})
    made = named(project, one, "mandates")
    assert (made["agent"], made["subject"], made["issuer"]) == ("agent-recon", "carol@example.com", "c")
    assert made["approvals"] == {"alice": {"approvers": ["alice@example.com"], "required": 1}}


def test_whom_the_test_itself_introduced_is_known(project: Project) -> None:
    nina = {"id": "nina", "type": "human", "status": "active", "user_name": "n@example.com"}
    one = given(identities=nina, break_glass={"id": "b", "subject": "nina", "activated_by": "n@example.com"})
    made = named(project, one, "break_glass")
    assert (made["subject"], made["activated_by"]) == ("n@example.com", "n@example.com")


def test_grants_go_by_id(project: Project) -> None:
    one = given(grants={"id": "g", "subject": "bob", "entitlement": "orders:dba", "scope": "*"})
    assert named_as_in_pam(project, one) == one


def test_where_the_system_goes_by_id_nothing_is_renamed(project: Project, tmp_path: Path) -> None:
    one = given("empty", elevations={"id": "e", "subject": "bob"})
    assert named_as_in_pam(project, one) == one
    sources = Project.at(tmp_path)
    sources.sources.mkdir(parents=True)
    (sources.sources / "example-pam.yaml").write_text("example-pam: {domain: pam, kind: file}\n")
    assert named(sources, given(elevations={"id": "e", "subject": "bob"}), "elevations")["subject"] == "bob"
