"""pytest plugin: an application tests its own calls against the real policy, in its own suite.

Installed with livegate, pytest finds it by itself. A test asks for the fixture ``livegate``: a real OPA that has loaded
and verified the signed bundles of an organisation, with a clock that stands and an organisation to change::

    def test_a_revoked_dba_is_turned_away(livegate, application):
        application.configure(url=livegate.url, token=livegate.token)
        assert application.dump("orders-prod", user="alice").status == 200
        livegate.revoke("subject", "alice")
        assert application.dump("orders-prod", user="alice").status == 403
        assert livegate.asked[-1].decision.reasons == {"revocation.subject"}

    def test_the_policy_itself(livegate):
        request = {"subject": {"type": "human", "id": "erin"}, "action": {"name": "read"}, ...}
        livegate.deny(request, "entitlement.missing")
        livegate.grant("erin", "crm:support", ends="+5m")
        assert livegate.allow(request).valid_until == livegate.at("+5m")
        livegate.freeze("+5m")
        livegate.deny(request, "entitlement.not_live")

What it can do is :class:`livegate.pytest.fixture.Livegate`. A failed test shows what was asked, and why it was decided
so. Every test begins with the plain organisation; what one changes, no other sees, under ``pytest -n`` neither, where
each process has an OPA of its own.

``livegate.url`` (fixture ``livegate_url``, the same for the whole session) stands before OPA so that the application's
calls, too, see the test's clock and changes; it answers as OPA's data API does, and ``livegate.pytest.front`` says
what is not the same as a deployed OPA. Changes are made as the sources of a deployment would make them: synced, checked
and signed. With ``livegate.broken("away")`` an application shows that it fails closed.

Settings (``pytest.ini``, ``pyproject.toml``), each also a session fixture of that name to override:

``livegate_project``     folder of the policy's project, from the root folder of the tests; by default that one itself
``livegate_population``  the organisation: ``example``, ``empty``, or a name from the project's tests/policy/populations
``livegate_instant``     RFC 3339, where clocks stand when a test begins; by default the population's own instant
``livegate_authorize``   true: calls to ``livegate.url`` without ``livegate.token`` are refused, as deployed ones are
"""

from __future__ import annotations

import importlib
import secrets
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

    from livegate.pytest.decision import Decision
    from livegate.pytest.fixture import Asked, Livegate
    from livegate.pytest.front import Front
    from livegate.pytest.world import World

__all__ = ["Asked", "Decision", "Livegate"]


def __getattr__(name: str) -> Any:
    """The types that tests are annotated with; read when asked for, so that other test runs do not wait for them."""
    if name not in _IN:
        raise AttributeError(name)
    return getattr(importlib.import_module(f"livegate.pytest.{_IN[name]}"), name)


_IN = {"Asked": "fixture", "Decision": "decision", "Livegate": "fixture"}


def pytest_addoption(parser: pytest.Parser) -> None:
    """The settings."""
    parser.addini("livegate_project", "folder of the policy's project, from the root folder", default=".")
    parser.addini("livegate_population", "the organisation that tests begin with", default="example")
    parser.addini("livegate_instant", "RFC 3339, where clocks stand when a test begins", default="")
    parser.addini("livegate_authorize", "whether callers must show livegate.token", type="bool", default=False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failed test shows what was decided in it."""
    report = yield
    held = getattr(item, "funcargs", {}).get("livegate")
    if report.when == "call" and report.failed and held is not None and (told := held.told()):
        report.sections.append(("livegate: asked and decided, the last at the end", told))
    return report


@pytest.fixture(scope="session")
def livegate_project(pytestconfig: pytest.Config) -> Path:
    """Folder of the policy's project."""
    return pytestconfig.rootpath / str(pytestconfig.getini("livegate_project"))


@pytest.fixture(scope="session")
def livegate_population(pytestconfig: pytest.Config) -> str:
    """Name of the organisation."""
    return str(pytestconfig.getini("livegate_population"))


@pytest.fixture(scope="session")
def livegate_instant(pytestconfig: pytest.Config) -> str:
    """Where clocks stand when a test begins, RFC 3339; empty for the population's own instant."""
    return str(pytestconfig.getini("livegate_instant"))


@pytest.fixture(scope="session")
def livegate_world(
    livegate_project: Path, livegate_population: str, livegate_instant: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    """The population in a running OPA; installs OPA where there is none, as the command line does."""
    from livegate.pytest.world import opened  # noqa: PLC0415  # see __getattr__

    folder = tmp_path_factory.mktemp("livegate")
    with opened(livegate_project, livegate_population, livegate_instant, folder=folder) as world:
        yield world


@pytest.fixture(scope="session")
def livegate_front(pytestconfig: pytest.Config) -> Iterator[Front]:
    """The server that applications ask."""
    from livegate.pytest.front import Front  # noqa: PLC0415  # see __getattr__
    from livegate.secrets import Secret  # noqa: PLC0415  # see __getattr__

    token = Secret(secrets.token_urlsafe(32), "made for the session")
    with Front(token, demanded=bool(pytestconfig.getini("livegate_authorize"))) as front:
        yield front


@pytest.fixture(scope="session")
def livegate_url(livegate_front: Front) -> str:
    """What an application is configured with once for all tests; between tests it answers 503."""
    return livegate_front.url


@pytest.fixture
def livegate(livegate_world: World, livegate_front: Front) -> Iterator[Livegate]:
    """The policy as it ships, a clock that stands and an organisation to change; see :mod:`livegate.pytest`."""
    from livegate.pytest.fixture import Livegate  # noqa: PLC0415  # see __getattr__

    test = Livegate(livegate_world, url=livegate_front.url, token=livegate_front.token)
    livegate_front.test = test
    try:
        yield test
    finally:
        livegate_front.test = None
