"""The real engines: paths of OPA and Regal, found as the command line finds them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from livegate.opa.engine import Engine, find
from livegate.opa.tools import OPA, REGAL

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def opa_engine() -> Engine:
    """OPA with its version. Missing, it is a failure that says how to install it, never a skip."""
    return find(OPA)


@pytest.fixture(scope="session")
def opa(opa_engine: Engine) -> Path:
    """OPA's binary."""
    return opa_engine.path


@pytest.fixture(scope="session")
def regal() -> Path:
    """Regal's binary."""
    return find(REGAL).path
