"""The application under test, configured as in production: with an address and a token."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from service import Console, Database, Guard  # type: ignore[import-not-found]  # found once it runs on its own

if TYPE_CHECKING:
    from livegate.pytest import Livegate


@dataclass
class Client:
    """Calls the application."""

    console: Console
    database: Database = field(default_factory=Database)

    def post(self, database: str, action: str, *, user: str, **headers: str) -> tuple[int, dict[str, Any]]:
        """Status and body."""
        statuses: list[str] = []
        environ = {"PATH_INFO": f"/{database}/{action}", "HTTP_X_USER": user, "HTTP_X_SESSION": "s-1"}
        environ |= {f"HTTP_{name.upper()}": text for name, text in headers.items()}
        body = b"".join(self.console(environ, lambda status, _: statuses.append(status)))
        return int(statuses[0].split()[0]), json.loads(body)


@pytest.fixture
def client(livegate: Livegate) -> Client:
    """The console, asking the address of the tests."""
    database = Database()
    return Client(Console(Guard(livegate.url, livegate.token), database), database)
