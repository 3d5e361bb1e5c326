"""An application: the console of a database, which asks before it acts.

It is an enforcement point. What it does not get an allow for, it does not do; what an allow obliges it to, it does
first; an obligation that it does not know is one that it cannot carry out, so it refuses.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import requests

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

NAME = "db-proxy"
_PATH = "/v1/data/authz/evaluation"


class NoDecisionError(Exception):
    """Nobody could say whether this may be done, so it may not."""


@dataclass(frozen=True)
class Guard:
    """Asks for decisions. ``url`` of OPA; ``token``: how this application proves to OPA who it is."""

    url: str
    token: str
    session: requests.Session = field(default_factory=requests.Session)

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """The answer, ``{"decision": …, "context": …}``. Raises NoDecisionError."""
        headers = {"Authorization": f"Bearer {self.token}"}
        try:
            answered = self.session.post(self.url + _PATH, json={"input": request}, headers=headers, timeout=5)
            answer = answered.json()["result"] if answered.status_code == 200 else {}
        except (requests.RequestException, ValueError, KeyError, TypeError) as error:
            raise NoDecisionError from error
        if not isinstance(answer, dict) or not isinstance(answer.get("decision"), bool):
            raise NoDecisionError
        return answer


@dataclass
class Database:
    """What there is to protect, and its recorder; both only remember what happened."""

    done: list[tuple[str, str, str]] = field(default_factory=list)
    recorded: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Console:
    """The WSGI application: ``POST /<database>/<action>``, by a signed-in user or with an access token."""

    guard: Guard
    database: Database

    def __call__(self, environ: dict[str, Any], start: Callable[..., object]) -> Iterable[bytes]:
        """Answer one call."""
        status, body = self._handle(environ)
        start(status, [("Content-Type", "application/json")])
        return [json.dumps(body).encode()]

    def _handle(self, environ: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        _, database, action = environ["PATH_INFO"].split("/")
        user, session = environ["HTTP_X_USER"], environ["HTTP_X_SESSION"]
        context: dict[str, Any] = {"pep": NAME, "session": session}
        scheme, _, token = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
        if scheme == "Bearer":
            context["credential"] = {
                "kind": "access-token",
                "token": token,
                "method": "POST",
                "url": "https://db.example/",
            }
        try:
            answer = self.guard.ask(
                {
                    "subject": {"type": "human", "id": user},
                    "action": {"name": action},
                    "resource": {"type": "database", "id": database},
                    "context": context,
                }
            )
        except NoDecisionError:
            return "503 Service Unavailable", {"error": "nobody can say now whether you may do this"}
        if not answer["decision"]:
            return "403 Forbidden", {"reasons": [reason["id"] for reason in answer["context"]["reasons"]]}
        for obligation in answer["context"]["obligations"]:
            if obligation["type"] != "record_session":
                return "503 Service Unavailable", {"error": f"this console cannot {obligation['type']}"}
            self.database.recorded.append(session)
        self.database.done.append((user, action, database))
        return "200 OK", {"until": answer["context"]["valid_until"]}
