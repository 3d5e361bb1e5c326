"""What a bundle is (``bundles/<name>.yaml``) and where its parts lie in a working copy."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from livegate import schema, yamlfiles
from livegate.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

    from livegate.project import Project

NAME = re.compile(r"[a-z][a-z0-9_-]{0,63}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """A bundle: its name, the roots it owns, and whether the rules are in it."""

    name: str
    roots: tuple[str, ...]
    rego: bool


def load(path: Path) -> Definition:
    """The definition in ``path``; the file's name is the bundle's.

    Raises:
        ConfigError: not as the schema says; the message names the key.
    """
    if not NAME.fullmatch(path.stem):
        raise ConfigError(f"{path.stem!r} is not a bundle name", where=str(path), todo="lower-case letters, digits, -")
    value = yamlfiles.load(path)
    schema.check(value, schema.validator("livegate.bundle", "definition"), where=str(path))
    return Definition(name=path.stem, roots=tuple(value["roots"]), rego=value["rego"])


def load_all(project: Project) -> tuple[Definition, ...]:
    """All definitions of a project by name, no root inside another bundle's.

    Raises:
        ConfigError: one is wrong, none is there, or two own the same path (OPA would refuse the second).
    """
    found = tuple(load(path) for path in sorted(project.bundles.glob("*.yaml")))
    if not found:
        raise ConfigError("no bundle is defined", where=str(project.bundles))
    owners = sorted((root.split("/"), root, item.name) for item in found for root in item.roots)
    for (path, root, owner), (below, inner, other) in itertools.pairwise(owners):
        if below[: len(path)] == path:
            raise ConfigError(f"root {inner} of {other} overlaps root {root} of {owner}", where=str(project.bundles))
    return found
