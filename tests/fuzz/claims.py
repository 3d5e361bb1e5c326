"""What tokens of every kind say, the names that they give, and what can be wrong with bindings and certificates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.fuzz.cast import ACTIONS, AGENTS, AUDIENCE, CLUSTER, DOMAIN, OAUTH, OTHER_AUDIENCE, PARAMETERS, PEOPLE, START

if TYPE_CHECKING:
    from random import Random


def names(subject: str) -> list[str]:
    """Every name that a proof of ``subject`` may give."""
    found = [f"{OAUTH}#{subject}", f"{DOMAIN}#{subject}"]
    if subject not in PEOPLE:
        workflow = f"acme/{subject}/.github/workflows/ship.yml@refs/heads/main"
        found += [f"spiffe://{DOMAIN}/{subject}", f"{CLUSTER}#uid-{subject}", f"{ACTIONS}#1:{subject}:prod:{workflow}"]
    return found


def claims(subject: str, kind: str, issuer: str, random: Random) -> dict[str, Any]:
    """The claims of a good token of a kind."""
    made: dict[str, Any] = {"iat": START - 60, "exp": START + random.choice([30, 240]), "jti": f"j-{kind}-{subject}"}
    audience = random.choice([AUDIENCE, AUDIENCE, [AUDIENCE], OTHER_AUDIENCE])
    if kind in {"jwt-svid", "wit"}:
        made["sub"] = f"spiffe://{issuer}/{subject}"
    if kind in {"access-token", "kubernetes", "github"}:
        made["iss"] = issuer
    if kind == "access-token":
        made |= {"sub": subject, "client_id": subject if subject in AGENTS else "app-1"}
    if kind == "kubernetes":
        account = {"name": subject, "uid": f"uid-{subject}"}
        made |= {
            "sub": f"system:serviceaccount:ns:{subject}",
            "kubernetes.io": {"namespace": "ns", "serviceaccount": account},
        }
    if kind == "github":
        made |= {
            "repository_owner_id": "1",
            "repository_id": subject,
            "environment": "prod",
            "sub": "repo:acme/x:ref",
        }
        made["job_workflow_ref"] = f"acme/{subject}/.github/workflows/ship.yml@refs/heads/main"
    if kind == "txn-token":
        made |= {"sub": subject, "txn": f"t-{subject}", "req_wl": "gw"}
        made["tctx"] = random.choice(PARAMETERS)
        audience = issuer
    if kind != "wit":
        made["aud"] = audience
    return made


UNBOUND = [
    "htm",
    "htu",
    "ath",
    "old",
    "ahead",
    "iat-text",
    "fraction",
    "jti",
    "typ",
    "stolen",
    "other-key",
    "private",
    "no-proof",
    "member",
    "other-certificate",
]
WPT = ["aud", "late", "over", "wth", "jti", "typ", "stolen"]
CERTIFICATES: dict[str, dict[str, Any]] = {
    "expired": {"start": -3_600, "ttl": 3_590},
    "long-lived": {"ttl": 86_400},
    "not-yet": {"start": 30},
    "two-uris": {"more": ("spiffe://td.example/other",)},
    "no-uri": {"uri": False},
    "ca": {"ca": True},
    "cert-sign": {"usage": "key_cert_sign"},
    "crl-sign": {"usage": "crl_sign"},
    "foreign": {},
    "no-intermediate": {},
    "long": {},
}
