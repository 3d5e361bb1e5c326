"""The rules that deny: each reason of the policy with its text, its controls, its place and what a caller may do."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from livegate.bundle.build import modules as shipped
from livegate.errors import EngineError
from livegate.files import read_bytes
from livegate.opa.annotations import reasons

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_SECONDS = 60
_LIMIT = 1 << 20

# What the heads of `reasons` rules say as constants. A syntax tree knows what a search of the text would guess.
_HEADS = """[{"id": said.id, "next_action": object.get(said, "next_action", ""), "file": path} |
    some path, text in input
    some rule in rego.parse_module(path, text).rules
    rule.head.name == "reasons"
    rule.head.key.type == "object"
    said := {key.value: value.value |
        some [key, value] in rule.head.key.value
        key.type == "string"
        value.type == "string"
    }
]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One reason for which a gate denies.

    Attributes:
        gate: the first word of the id. next_action: ``request``, ``retry``, ``none``, or None where it is no constant.
        controls: own controls, as its METADATA says. file: from the project's folder. line: from 1; 0 if unknown.
        annotated: whether it has METADATA at all.
    """

    id: str
    gate: str
    title: str
    description: str
    remediation: str
    next_action: str | None
    controls: tuple[str, ...]
    file: str
    line: int
    annotated: bool = True

    @property
    def where(self) -> str:
        """File and line."""
        return f"{self.file}:{self.line}" if self.line else self.file


def rules(engine: Path, rego: Path) -> Mapping[str, Rule]:
    """Every reason that the policy gives, by id, in order of id.

    Raises:
        EngineError: OPA cannot read the policy.
        ConfigError: a module cannot be read.
    """
    heads = {head["id"]: head for head in _heads(engine, rego)}
    texts = reasons(engine, rego)
    found = {}
    for id_ in sorted(heads.keys() | texts.keys()):
        head, text = heads.get(id_, {}), texts.get(id_)
        found[id_] = Rule(
            id=id_,
            gate=id_.partition(".")[0],
            title=text.title if text else "",
            description=text.description if text else "",
            remediation=text.remediation if text else "",
            next_action=head.get("next_action") or None,
            controls=text.controls if text else (),
            file=_named(text.file if text else head["file"], rego),
            line=text.line if text else 0,
            annotated=text is not None,
        )
    return found


def _heads(engine: Path, rego: Path) -> list[dict[str, str]]:
    modules = {str(path): read_bytes(path, limit=_LIMIT).decode("utf-8", errors="replace") for path in shipped(rego)}
    done = subprocess.run(
        [engine, "eval", "--format=json", "--strict-builtin-errors", "--stdin-input", _HEADS],
        input=json.dumps(modules).encode(),
        capture_output=True,
        timeout=_SECONDS,
        check=False,
    )
    answer = json.loads(done.stdout) if done.returncode == 0 else {}
    if not answer.get("result"):
        said = (done.stderr or done.stdout).decode(errors="replace").strip()
        raise EngineError(f"OPA cannot read the rules: {said[:500]}", where=str(rego))
    listed: list[dict[str, str]] = answer["result"][0]["expressions"][0]["value"]
    return listed


def _named(file: str, rego: Path) -> str:
    return file.removeprefix(f"{rego.parent}/")
