"""The example organisation that trusts real issuers: their keys synced, signed, served, and decided by a real OPA."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.integration.commands import command_line
from tests.integration.trust import servers
from tests.integration.trust.world import World

from livegate.cli.demo import prepare
from livegate.project import Project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from livegate.opa.engine import Engine


@pytest.fixture
def world(pytestconfig: pytest.Config, tmp_path: Path, opa_engine: Engine) -> Iterator[World]:
    """An organisation of the test's own; nothing runs before it publishes."""
    project, signer, _ = prepare(Project.at(pytestconfig.rootpath), tmp_path / "organisation")
    home = tmp_path / "home"
    home.mkdir()
    made = World(project, signer, opa_engine, command_line(project, home))
    yield made
    made.close()


@pytest.fixture(scope="module")
def bao(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.Bao]:
    """OpenBao, which the tests of a module share; each takes keys and roles of its own."""
    with servers.open_bao(tmp_path_factory.mktemp("bao")) as found:
        yield found


@pytest.fixture
def authgent(tmp_path: Path) -> Iterator[servers.Authgent]:
    """An OAuth server of the test's own."""
    with servers.authgent(tmp_path, trust_domain="mesh.example") as found:
        yield found
