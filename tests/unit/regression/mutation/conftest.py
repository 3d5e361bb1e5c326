"""Modules of a few lines, read by the real OPA, and the mutants of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from livegate.opa.engine import find
from livegate.opa.tools import OPA
from livegate.regression.mutation import plan, tree

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from livegate.regression.mutation.mutants import Mutant
    from livegate.regression.mutation.tree import Module

    Read = Callable[..., tuple[Module, ...]]


@pytest.fixture(scope="session")
def engine() -> Path:
    """OPA's binary."""
    return find(OPA).path


@pytest.fixture
def read(engine: Path, tmp_path: Path) -> Read:
    """Modules of these texts, by name; `import future.keywords.not` is put into each."""

    def made(**texts: str) -> tuple[Module, ...]:
        rego = tmp_path / "rego"
        for name, text in texts.items():
            path = rego / f"{name.replace('__', '/')}.rego"
            path.parent.mkdir(parents=True, exist_ok=True)
            head, _, rest = text.partition("\n")
            path.write_text(f"{head}\nimport future.keywords.not\n{rest}", "utf-8")
        return tree.modules(engine, rego, tree.files(rego))

    return made


@pytest.fixture
def mutants(read: Read) -> Callable[[str], tuple[Mutant, ...]]:
    """The mutants of one module `package t`."""
    return lambda text: plan.mutants(read(authz__t=f"package t\n{text}\n"))
