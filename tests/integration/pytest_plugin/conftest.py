"""The plugin's parts in this process, and applications with tests of their own as processes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import platformdirs
import pytest

from livegate.pytest.fixture import Livegate
from livegate.pytest.front import Front
from livegate.pytest.world import World, opened
from livegate.secrets import Secret

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[3]
APPLICATION = Path(__file__).parent / "application"
TOKEN = "a-token-of-these-tests"
_PLUGINS = ("-p", "livegate.pytest", "-p", "xdist", "-p", "no:cacheprovider")
collect_ignore = ["application"]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The example organisation, shared by the tests of a module."""
    with opened(ROOT, "example", "", folder=tmp_path_factory.mktemp("world")) as made:
        yield made


@pytest.fixture(scope="module")
def front() -> Iterator[Front]:
    """The server before it."""
    with Front(Secret(TOKEN, "test"), demanded=False) as made:
        yield made


@pytest.fixture
def gate(world: World, front: Front) -> Iterator[Livegate]:
    """What the fixture `livegate` is."""
    front.test = Livegate(world, url=front.url, token=front.token)
    yield front.test
    front.test = None


class Run(Protocol):
    """Runs the tests in a folder as their author would; they must end with ``code``."""

    def __call__(self, folder: Path, *arguments: str, code: int = 0) -> str: ...


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """pytest in a process of its own, with the plugin and xdist and nothing else that is installed."""
    (tmp_path / "policy").symlink_to(ROOT)

    def make(folder: Path, *arguments: str, code: int = 0) -> str:
        cache = os.environ.get("LIVEGATE_CACHE") or str(platformdirs.user_cache_path("livegate"))
        environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "LIVEGATE_CACHE": cache}
        for name in ("PYTEST_ADDOPTS", "PYTEST_XDIST_WORKER", "PYTEST_XDIST_WORKER_COUNT"):
            environment.pop(name, None)
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "pytest",
                "-p",
                "livegate.pytest",
                "-p",
                "xdist",
                "-p",
                "no:cacheprovider",
                *arguments,
            ],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=150,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout

    return make


@pytest.fixture
def application(tmp_path: Path) -> Path:
    """A copy of the example application, beside the policy."""
    return Path(shutil.copytree(APPLICATION, tmp_path / "application"))


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """An application without tests yet."""
    folder = tmp_path / "small"
    folder.mkdir()
    (folder / "pytest.ini").write_text("[pytest]\nlivegate_project = ../policy\nfilterwarnings = error\n")
    return folder
