"""Real issuers on loopback: started for a test, asked as their own clients ask them, and stopped by whoever started."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import os
import subprocess
import time
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import jwt
import requests
from tests.integration.servers import answers, free_port, running, script

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from livegate.regression import mint

ROOT = "root-of-the-tests"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
TOKEN_TYPE = "urn:ietf:params:oauth:token-type:"  # a prefix of RFC 8693, no token


def claims(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims as they stand there; nothing is verified."""
    return jwt.get_unverified_header(token), jwt.decode(token, options={"verify_signature": False})


@dataclass(frozen=True)
class Bao:
    """An OpenBao dev server."""

    url: str

    @property
    def issuer(self) -> str:
        """``iss`` of its identity tokens."""
        return f"{self.url}/v1/identity/oidc"

    def call(self, method: str, path: str, *, token: str = ROOT, **body: Any) -> Any:
        """Ask it; the JSON, or None without a body."""
        answer = requests.request(
            method, f"{self.url}/v1/{path}", json=body or None, headers={"X-Vault-Token": token}, timeout=20
        )
        if answer.status_code >= 400:
            raise LookupError(f"{method} {path}: {answer.status_code} {answer.text}")
        return answer.json() if answer.content else None

    def user(self, name: str) -> tuple[str, str]:
        """Log a new user in; its entity, and a token that may ask for identity tokens."""
        with contextlib.suppress(LookupError):  # there from the user before
            self.call("POST", "sys/auth/userpass", type="userpass")
        self.call("POST", "sys/policies/acl/oidc", policy='path "identity/oidc/token/*" {capabilities = ["read"]}')
        self.call("POST", f"auth/userpass/users/{name}", password="pw", token_policies=["oidc"])
        found = self.call("POST", f"auth/userpass/login/{name}", token="", password="pw")["auth"]
        return found["entity_id"], found["client_token"]

    def role(self, name: str, key: str, algorithm: str, audience: str) -> None:
        """A role whose tokens have what RFC 9068 asks for, and its key."""
        self.call("POST", f"identity/oidc/key/{key}", algorithm=algorithm, allowed_client_ids=["*"])
        template = '{"client_id": {{identity.entity.name}}, "jti": {{identity.entity.id}}}'
        self.call("POST", f"identity/oidc/role/{name}", key=key, ttl="5m", client_id=audience, template=template)

    def identity_token(self, role: str, token: str) -> str:
        """An identity token for whoever holds ``token``."""
        return str(self.call("GET", f"identity/oidc/token/{role}", token=token)["data"]["token"])


@contextlib.contextmanager
def open_bao(folder: Path) -> Iterator[Bao]:
    """OpenBao in dev mode."""
    port = free_port()
    found = Bao(f"http://127.0.0.1:{port}")
    command = [script("bao"), "server", "-dev", f"-dev-root-token-id={ROOT}", f"-dev-listen-address=127.0.0.1:{port}"]
    ready = answers(f"{found.url}/v1/sys/health")
    with running([*command, "-dev-no-store-token"], ready, folder / "bao.log", HOME=str(folder)):
        found.call("POST", "identity/oidc/config", issuer=found.url)
        yield found


@dataclass(frozen=True)
class Authgent:
    """An authgent server."""

    url: str
    environ: dict[str, str]
    folder: Path

    def client(self, name: str) -> dict[str, str]:
        """Register a client; its id and secret."""
        asked = {"client_name": name, "grant_types": ["client_credentials", EXCHANGE], "scope": "db.query"}
        answer = requests.post(f"{self.url}/register", json=asked, timeout=20)
        assert answer.status_code == 201, answer.text
        return {key: answer.json()[key] for key in ("client_id", "client_secret")}

    def token(self, client: dict[str, str], proof: str | None = None, **form: str) -> str:
        """Ask for a token at the token endpoint, with a DPoP proof if there is one."""
        headers = {"DPoP": proof} if proof else {}
        asked = {"scope": "db.query", **client, **form}
        answer = requests.post(f"{self.url}/token", data=asked, headers=headers, timeout=20)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    def exchanged(self, client: dict[str, str], subject: str, kind: str = "access_token", **form: str) -> str:
        """Exchange ``subject`` (RFC 8693) for a token in which ``client`` acts, or a transaction token."""
        types = {"subject_token_type": f"{TOKEN_TYPE}access_token", "requested_token_type": TOKEN_TYPE + kind}
        return self.token(client, grant_type=EXCHANGE, subject_token=subject, **types, **form)

    def rotate(self) -> None:
        """A new signing key; the old one stays listed."""
        subprocess.run(
            [script("authgent-server"), "rotate-keys"],
            check=True,
            capture_output=True,
            timeout=60,
            cwd=self.folder,
            env={**os.environ, **self.environ},
        )


@contextlib.contextmanager
def authgent(folder: Path, *, trust_domain: str) -> Iterator[Authgent]:
    """authgent-server with a database of its own; its transaction tokens are for ``trust_domain``."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    environ = {
        "AUTHGENT_SECRET_KEY": "5e" * 32,
        "AUTHGENT_SERVER_URL": url,
        "AUTHGENT_DATABASE_URL": f"sqlite+aiosqlite:///{folder / 'authgent.db'}",
        "AUTHGENT_TXN_TOKEN_TRUST_DOMAIN": trust_domain,
        "AUTHGENT_REGISTER_RATE_LIMIT": "1000",
        "AUTHGENT_TELEMETRY": "0",
        "HOME": str(folder),
    }
    command = [script("authgent-server"), "run", "--host", "127.0.0.1", "--port", str(port)]
    with running(command, answers(f"{url}/.well-known/jwks.json"), folder / "authgent.log", **environ):
        yield Authgent(url, environ, folder)


def dpop(key: mint.Key, method: str, url: str, token: str | None = None, **more: Any) -> str:
    """A DPoP proof (RFC 9449) as a client makes it, by PyJWT."""
    ath = base64.urlsafe_b64encode(hashlib.sha256((token or "").encode()).digest()).rstrip(b"=").decode()
    said = {"jti": str(uuid.uuid4()), "htm": method, "htu": url, "iat": int(time.time()), **more}
    public = {name: value for name, value in key.public_jwk().items() if name not in {"kid", "alg"}}
    header = {"typ": "dpop+jwt", "jwk": public}
    return jwt.encode(said | ({"ath": ath} if token else {}), key.private, algorithm="ES256", headers=header)
