"""``livegate sync`` against a live SCIM server and a live OpenBao, and OPA deciding on what it brought."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from tests.integration.commands import command_line
from tests.integration.sources.conftest import ROOT, bao, scim_server
from tests.integration.sources.test_openbao_live import POLICY, Place, make_place, token_with
from tests.integration.sources.test_scim_live import PATCH, add_group, add_user

from livegate.bundle import keys
from livegate.bundle.signing import KeySigner
from livegate.pipeline import example
from livegate.pipeline.running import Deployment, admit
from livegate.project import Project

from .conftest import Organisation, dump, reasons, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.integration.commands import Cli
    from tests.integration.sources.conftest import Server

    from livegate.opa.engine import Engine

__all__ = ["bao", "scim_server"]  # fixtures of the connectors' own tests, used here as they are

pytestmark = pytest.mark.long


@dataclass
class Corporation:
    """A project that reads a SCIM server and an OpenBao, with alice and bob in both."""

    organisation: Organisation
    livegate: Cli
    scim: Server
    place: Place
    ids: dict[str, str] = field(default_factory=dict)

    def approvals(self, *lines: dict[str, str]) -> None:
        """Write the approvals file."""
        text = "".join(json.dumps(line) + "\n" for line in lines)
        (self.organisation.project.data / "approvals.jsonl").write_text(text)

    def sync(self, *arguments: str, code: int = 0) -> dict[str, Any]:
        """Sync and build by the command line, and wait until OPA decides on just that; what the sync said."""
        said: dict[str, Any] = json.loads(self.livegate("sync", "--format", "json", *arguments, code=code).stdout)
        private = self.organisation.project.state / "keys" / "corp.pem"
        self.livegate("bundle", "build", "--key", f"file:{private}")
        revisions = {name: item["revision"] for name, item in said["documents"].items()}
        if self.organisation.url:
            until(lambda: revisions.items() <= self._decided_on().items(), "OPA has loaded what was built")
        return said

    def _decided_on(self) -> dict[str, str]:
        answer = self.organisation.ask(self.request("alice"))
        found: dict[str, str] = answer["context"]["revisions"]
        return found

    def request(self, who: str) -> dict[str, Any]:
        """Ask for a dump of the production database as one of them."""
        return dump(subject={"type": "human", "id": self.ids[who]})

    def reasons(self, who: str) -> set[str]:
        """Why that request is denied; none if it is allowed."""
        return reasons(self.organisation.ask(self.request(who)))

    def elevate(self) -> dict[str, str]:
        """Alice asks for the privileged path; the line that the broker keeps of it. Nobody has approved yet."""
        return {"accessor": self.place.ask("alice")["wrap_info"]["accessor"], "ticket": "CHG-4407"}


def _secret(path: Path, text: str) -> str:
    path.write_text(text)
    path.chmod(0o600)
    return f"file:{path}"


def _configure(project: Project, scim: Server, place: Place, secrets: Path) -> None:
    token = token_with(place.bao, f"livegate-{place.mount}", POLICY)
    assert token != ROOT
    sources = {
        "corp-scim": {
            "domain": "iga",
            "kind": "scim",
            "max_age": "24h",
            "max_fall": 0.5,
            "scim": {
                "url": scim.url,
                "token": _secret(secrets / "scim-token", scim.token),
                "page_size": 2,
                "entitlement_prefix": "orders:",
            },
        },
        "corp-bao": {
            "domain": "pam",
            "kind": "openbao",
            "max_age": "30m",
            "max_fall": 1.0,
            "correlate": "user_name",
            "openbao": {
                "url": place.bao.url.removesuffix("/v1"),
                "token": _secret(secrets / "bao-token", token),
                "approvals": "approvals.jsonl",
                "prefixes": {
                    f"{place.mount}/creds/dba/": {
                        "entitlement": "orders:dba", "scope": "database:orders-prod", "recording": "on",
                    }
                },
            },
        },
    }  # fmt: skip
    for path in project.sources.glob("*.yaml"):
        path.unlink()
    for name, section in sources.items():
        (project.sources / f"{name}.yaml").write_text(yaml.safe_dump({name: section}))


@pytest.fixture
def corporation(
    pytestconfig: pytest.Config,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    bao: Server,
    scim_server: Callable[..., Server],
) -> Iterator[Corporation]:
    """Everything but OPA: two live sources, and a project that has never synced."""
    project = example.workspace(Project.at(pytestconfig.rootpath), tmp_path / "project", now=example.INSTANT)
    name = hashlib.sha256(request.node.nodeid.encode()).hexdigest()[:12]  # of the tests that share the server
    scim, place = scim_server(), make_place(bao, name)
    _configure(project, scim, place, tmp_path)
    private, _ = keys.new("corp", project.state / "keys", project.keys)
    admit(project, ["db-proxy", "operator"])
    made = Organisation(project, KeySigner.load("corp", f"file:{private}"))
    corporation = Corporation(made, command_line(project, tmp_path), scim, place)
    corporation.ids = {
        "alice": add_user(scim, f"alice-{name}", entitlements=[{"value": "dba"}]),
        "bob": add_user(scim, f"bob-{name}"),
        "carol": add_user(scim, f"carol-{name}"),
    }
    add_group(scim, "reader", (corporation.ids["bob"], "User"))
    corporation.approvals()
    with made.session:
        yield corporation


def test_what_people_do_in_the_sources_is_what_opa_decides(corporation: Corporation, opa_engine: Engine) -> None:
    said = corporation.sync()
    assert said["sources"]["corp-scim"]["counts"] == {"grant": 2, "identity": 3}
    organisation, place = corporation.organisation, corporation.place
    with Deployment(organisation.project, opa_engine) as running:
        organisation.url = running.opa.url
        assert corporation.reasons("alice") == {"elevation.missing"}, "allowed to exist is not allowed to act"
        query = dump(subject={"type": "human", "id": corporation.ids["bob"]}, action={"name": "query"})
        assert reasons(organisation.ask(query)) == set(), "bob's group permits that"
        query["subject"]["id"] = corporation.ids["carol"]
        assert reasons(organisation.ask(query)) == {"entitlement.missing"}

        line = corporation.elevate()
        corporation.approvals(line)
        corporation.sync()
        assert corporation.reasons("alice") == {"elevation.missing"}, "asked for, and not approved"

        place.approve("bob", line["accessor"])
        corporation.sync()
        answer = organisation.ask(corporation.request("alice"))
        assert reasons(answer) == set()
        assert answer["context"]["evidence"]["elevation"]["approvers"] == [corporation.ids["bob"]]
        assert {"entitlement.missing", "elevation.missing"} <= corporation.reasons("bob"), "it is nobody else's"

        place.bao.call("POST", "/auth/token/revoke-accessor", accessor=line["accessor"])
        assert corporation.sync()["sources"]["corp-bao"]["counts"].get("elevation", 0) == 0
        assert corporation.reasons("alice") == {"elevation.missing"}, "withdrawn in the PAM"

        again = corporation.elevate()
        place.approve("bob", again["accessor"])
        corporation.approvals(line, again)
        corporation.sync()
        assert corporation.reasons("alice") == set()

        disable = {"op": "replace", "path": "active", "value": False}
        corporation.scim.call("PATCH", f"/Users/{corporation.ids['alice']}", schemas=[PATCH], Operations=[disable])
        corporation.sync()
        assert corporation.reasons("alice") == {"identity.inactive"}, "disabled in the IGA, elevated still"

        corporation.scim.call("DELETE", f"/Users/{corporation.ids['alice']}")
        corporation.sync()
        assert "identity.unknown" in corporation.reasons("alice")


def test_a_source_that_is_away_publishes_nothing_and_the_other_goes_on(
    corporation: Corporation, opa_engine: Engine
) -> None:
    organisation, place = corporation.organisation, corporation.place
    line = corporation.elevate()
    corporation.approvals(line)
    place.approve("bob", line["accessor"])
    corporation.sync()
    with Deployment(organisation.project, opa_engine) as running:
        organisation.url = running.opa.url
        assert corporation.reasons("alice") == set()
        (organisation.project.data.parent.parent / "scim-token").write_text("token-of-yesterday")
        said = corporation.sync(code=1)
        assert {name: item["state"] for name, item in said["sources"].items()} == {
            "corp-scim": "failed",
            "corp-bao": "complete",
        }
        assert "does not accept the token" in said["sources"]["corp-scim"]["error"]
        assert "token-of-yesterday" not in json.dumps(said)
        assert corporation.reasons("alice") == set(), "its last complete listing ages on"
        place.bao.call("POST", "/auth/token/revoke-accessor", accessor=line["accessor"])
        corporation.sync(code=1)
        assert corporation.reasons("alice") == {"elevation.missing"}
