"""What the policy says of itself: the METADATA of its reasons, asked of OPA."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from livegate.errors import EngineError

if TYPE_CHECKING:
    from pathlib import Path

_SECONDS = 60


@dataclass(frozen=True, slots=True)
class ReasonText:
    """What a reason id means, in the words of the rule that gives it, and where (``line`` from 1) that rule is."""

    id: str
    title: str
    description: str
    remediation: str
    controls: tuple[str, ...]
    file: str
    line: int


def reasons(engine: Path, rego: Path) -> dict[str, ReasonText]:
    """Reason id to its text, from every rule below ``rego`` that has ``custom.id``.

    Raises:
        EngineError: OPA cannot read the policy.
    """
    found = {}
    for item in _inspected(engine, rego):
        said = item["annotations"]
        custom = said.get("custom", {})
        if "id" in custom:
            found[custom["id"]] = ReasonText(
                id=custom["id"],
                title=said.get("title", ""),
                description=said.get("description", ""),
                remediation=custom.get("remediation", ""),
                controls=tuple(custom.get("controls", ())),
                file=item["location"]["file"],
                line=item["location"]["row"],
            )
    return found


def verdicts(engine: Path, rego: Path) -> dict[str, str]:
    """Gate → ``file:line`` of its verdict, for every gate whose verdict has METADATA.

    Raises:
        EngineError: OPA cannot read the policy.
    """
    found = {}
    for item in _inspected(engine, rego):
        path = [part["value"] for part in item.get("path", ())]
        if path[:3] == ["data", "authz", "gates"] and path[4:] == ["verdict"]:
            found[path[3]] = f"{item['location']['file'].removeprefix(f'{rego.parent}/')}:{item['location']['row']}"
    return found


def _inspected(engine: Path, rego: Path) -> list[dict[str, Any]]:
    done = subprocess.run(
        [engine, "inspect", "--annotations", "--format=json", rego],
        capture_output=True,
        timeout=_SECONDS,
        check=False,
    )
    if done.returncode != 0:
        raise EngineError(
            f"OPA cannot read the policy: {done.stderr.decode(errors='replace').strip()}", where=str(rego)
        )
    listed: list[dict[str, Any]] = json.loads(done.stdout).get("annotations", [])
    return listed
