"""Who and what takes part in a run: names, issuers, addresses, parameters, and the instant it is about."""

from __future__ import annotations

from typing import Any

START = 1_800_000_000
"""Epoch second around which everything happens: 2027-01-15T08:00:00Z, a Friday."""

DOMAIN, OTHER_DOMAIN = "td.example", "other.example"
OAUTH, CLUSTER, ACTIONS = "https://as.example", "https://k8s.example", "https://actions.example"
AUDIENCE, OTHER_AUDIENCE = "https://api.example", "https://else.example"
URL = f"{AUDIENCE}/pay"
PEOPLE = ("alice", "bob", "carol", "dave", "erin", "frank")
MACHINES = ("svc-build", "wl-pay", "key-etl")
AGENTS = ("agent-a", "agent-b", "agent-c")
PARAMETERS: tuple[dict[str, Any], ...] = (
    {},
    {"amount": 10, "currency": "EUR"},
    {"amount": 500, "currency": "CHF", "note": "<b>&\u2028"},
    {"amount": 10, "deep": {"b": [1, 2, {"z": None}], "a": True}},
)
