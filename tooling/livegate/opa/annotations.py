"""What the policy says of itself: the METADATA of its reasons, asked of OPA."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

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
    found = {}
    for item in json.loads(done.stdout).get("annotations", []):
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
