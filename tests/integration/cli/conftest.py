"""A project of its own for each test of the command line."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from tests.integration.commands import Cli, command_line

from livegate.pipeline import example
from livegate.project import Project

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Cli"]


@pytest.fixture
def project(pytestconfig: pytest.Config, tmp_path: Path) -> Project:
    """A project of its own with the example's exports of now."""
    now = time.time_ns() // 10**9 * 10**9
    return example.workspace(Project.at(pytestconfig.rootpath), tmp_path / "project", now=now)


@pytest.fixture
def cli(project: Project, tmp_path: Path) -> Cli:
    """``livegate`` in that project, at home in ``tmp_path``."""
    return command_line(project, tmp_path)
