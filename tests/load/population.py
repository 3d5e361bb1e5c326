"""An organisation of any size, exported as JSON Lines: ten grants a subject, over two hundred applications."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from livegate.model.instants import DAY, show
from livegate.pipeline.example import write

if TYPE_CHECKING:
    from pathlib import Path

GRANTS_A_SUBJECT = 10


def export(folder: Path, grants: int, *, now: int, subject: str = "alice") -> None:
    """Write identities and grants to ``folder`` with their manifests.

    Every grant has an end, so that none is smaller than in life. ``subject`` may dump the orders database.
    """
    end = show((now + 300 * DAY) // 10**9 * 10**9)
    people = [f"user-{number:06d}" for number in range(grants // GRANTS_A_SUBJECT - 2)]
    people.append("carol")  # who approved the elevation
    identities = [
        {
            "id": name,
            "type": "human",
            "status": "active",
            "user_name": f"{name}@example.com",
            "names": proof_names(name),
        }
        for name in (subject, *people)
    ]
    identities.append(AGENT)
    rows = []
    for index, name in enumerate((subject, *people)):
        for number in range(GRANTS_A_SUBJECT):
            entitlement = (
                "orders:dba" if (name, number) == (subject, 0) else f"app{(index + number) % 200:03d}:role-{number:02d}"
            )
            grant = f"g-{index * GRANTS_A_SUBJECT + number:08d}"
            rows.append(f'{{"id":"{grant}","subject":"{name}","entitlement":"{entitlement}","expires_at":"{end}"}}')
    rows += [
        f'{{"id":"g-{reader}","subject":"{reader}","entitlement":"ledger:viewer","expires_at":"{end}"}}'
        for reader in ("carol", AGENT["id"])
    ]
    write(
        folder / "identities.jsonl", _lines(json.dumps(item) for item in identities), system="big-iga", exported_at=now
    )
    write(folder / "grants.jsonl", _lines(rows), system="big-iga", exported_at=now)


CONFIG = """\
big-iga:
  domain: iga
  kind: file
  max_age: 24h
  file:
    exports:
      identity: {path: example/identities.jsonl}
      grant: {path: example/grants.jsonl, default_scope: "*"}
"""
"""Source configuration of such an export."""


ISSUER = "https://login.example"

AGENT = {
    "id": "agent-recon",
    "type": "agent",
    "status": "active",
    "owners": ["carol"],
    "environment": "prod",
    "user_name": "agent-recon",
}
"""The agent of the example's mandate m-301, whose person is carol."""


def proof_names(subject: str) -> list[str]:
    """What a token of :data:`ISSUER` calls a subject; alice has a SPIFFE ID too, so that each kind asks the same."""
    return [f"{ISSUER}#{subject}", *(["spiffe://prod.example/console"] if subject == "alice" else [])]


def _lines(rows: object) -> bytes:
    return "".join(f"{row}\n" for row in rows).encode()  # type: ignore[attr-defined]  # any iterable
