"""SPIRE, server and agent, on loopback: built once from its own module, with its own go.sum, and kept in the cache."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import platformdirs
import pytest
from tests.integration.servers import free_port, running

if TYPE_CHECKING:
    from collections.abc import Iterator

VERSION = "1.13.3"
MODULE = f"github.com/spiffe/spire@v{VERSION}"
PROGRAMS = ("spire-server", "spire-agent")
_BUILD_SECONDS = 3600.0

_SERVER = """
server {{
  bind_address = "127.0.0.1"
  bind_port = "{port}"
  socket_path = "{folder}/server.sock"
  trust_domain = "{domain}"
  data_dir = "{folder}/server"
  log_level = "WARN"
  ca_ttl = "24h"
  default_x509_svid_ttl = "1h"
  default_jwt_svid_ttl = "5m"
}}
plugins {{
  DataStore "sql" {{ plugin_data {{ database_type = "sqlite3" connection_string = "{folder}/server/ds.sqlite3" }} }}
  KeyManager "memory" {{ plugin_data {{}} }}
  NodeAttestor "join_token" {{ plugin_data {{}} }}
}}
"""

_AGENT = """
agent {{
  data_dir = "{folder}/agent"
  log_level = "WARN"
  server_address = "127.0.0.1"
  server_port = "{port}"
  socket_path = "{folder}/agent.sock"
  trust_domain = "{domain}"
  insecure_bootstrap = true
}}
plugins {{
  KeyManager "memory" {{ plugin_data {{}} }}
  NodeAttestor "join_token" {{ plugin_data {{}} }}
  WorkloadAttestor "unix" {{ plugin_data {{}} }}
}}
"""


def programs() -> Path:
    """The folder of both programs, built the first time (about 15 minutes on two cores)."""
    root = Path(os.environ.get("LIVEGATE_CACHE") or platformdirs.user_cache_path("livegate"))
    folder = root / f"spire-{VERSION}"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # of two runs at once, one builds
        if not all((folder / name).is_file() for name in PROGRAMS):
            _build(folder)
    return folder


def _build(folder: Path) -> None:
    """Build into ``folder``.

    The module is copied out of the module cache and built as the main module, so that its own go.sum proves every
    dependency: one of them is in no checksum database. SQLite needs cgo.
    """
    if shutil.which("go") is None:
        pytest.fail("SPIRE is built with Go, and there is no `go` on the path")
    found = json.loads(_go(["mod", "download", "-json", MODULE], folder))
    copy = folder / "src"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(found["Dir"], copy)
    for path in (copy, *copy.rglob("*")):
        path.chmod(path.stat().st_mode | 0o200)  # the module cache is read-only
    fresh = folder / "fresh"
    fresh.mkdir(exist_ok=True)
    packages = [f"./cmd/{name}" for name in PROGRAMS]
    _go(["build", "-mod=readonly", "-trimpath", "-buildvcs=false", "-o", f"{fresh}/", *packages], copy)
    for name in PROGRAMS:
        (fresh / name).replace(folder / name)
    shutil.rmtree(fresh)
    shutil.rmtree(copy)


def _go(arguments: list[str], folder: Path) -> str:
    environ = {**os.environ, "CGO_ENABLED": "1", "GOWORK": "off"}
    done = subprocess.run(
        ["go", *arguments], cwd=folder, env=environ, capture_output=True, text=True, timeout=_BUILD_SECONDS, check=False
    )
    if done.returncode != 0:
        pytest.fail(f"go {arguments[0]} ended with {done.returncode}: {done.stderr[-2000:]}")
    return done.stdout


@dataclass(frozen=True)
class Spire:
    """A running trust domain with one agent; whoever runs the tests is the workload ``name``."""

    programs: Path
    folder: Path
    name: str

    def server(self, *arguments: str) -> str:
        """What ``spire-server`` answers."""
        return self._call("spire-server", *arguments, "-socketPath", f"{self.folder}/server.sock")

    def bundle(self) -> str:
        """The trust domain's bundle, as a federation endpoint publishes it."""
        return self.server("bundle", "show", "-format", "spiffe")

    def token(self, audience: str) -> str:
        """A JWT-SVID of the workload from the Workload API."""
        arguments = ("api", "fetch", "jwt", "-audience", audience, "-output", "json")
        found = json.loads(self._agent(*arguments))
        (svid,) = found[0]["svids"]
        assert svid["spiffe_id"] == self.name
        return str(svid["svid"])

    def certificate(self) -> str:
        """The X.509-SVID of the workload from the Workload API, PEM, leaf first."""
        self._agent("api", "fetch", "x509", "-write", str(self.folder))
        return (self.folder / "svid.0.pem").read_text()

    def authorities(self, kind: str) -> dict[str, str]:
        """State (``active``, ``prepared``, ``old``) to the id of the authority, of ``jwt`` or ``x509``."""
        shown: dict[str, Any] = json.loads(self.server("localauthority", kind, "show", "-output", "json"))
        return {state: facts["authority_id"] for state, facts in shown.items() if facts and facts.get("authority_id")}

    def authority(self, kind: str, act: str, name: str = "") -> None:
        """``prepare``, ``activate``, ``taint`` or ``revoke`` an authority."""
        self.server("localauthority", kind, act, *(("-authorityID", name) if name else ()))

    def _agent(self, *arguments: str) -> str:
        return self._call("spire-agent", *arguments, "-socketPath", f"{self.folder}/agent.sock")

    def _call(self, program: str, *arguments: str) -> str:
        done = subprocess.run(
            [self.programs / program, *arguments], capture_output=True, text=True, timeout=60, check=False
        )
        if done.returncode != 0:
            raise LookupError(f"{program} {' '.join(arguments)}: {done.stdout}{done.stderr}")
        return done.stdout


@contextlib.contextmanager
def spire(folder: Path, *, domain: str, path: str) -> Iterator[Spire]:
    """Run a trust domain; the workload is ``spiffe://<domain>/<path>``.

    Args:
        folder: for everything; its path must be short, as it holds sockets (107 characters).
        domain: trust domain.
        path: of the workload's id.
    """
    built = programs()
    values = {"port": free_port(), "folder": folder, "domain": domain}
    for name, text in (("server", _SERVER), ("agent", _AGENT)):
        (folder / name).mkdir()
        (folder / f"{name}.conf").write_text(text.format(**values))
    found = Spire(built, folder, f"spiffe://{domain}/{path}")
    node = f"spiffe://{domain}/node"

    def server_up() -> bool:
        with contextlib.suppress(LookupError):
            return bool(found.server("healthcheck"))
        return False

    def agent_up() -> bool:
        with contextlib.suppress(LookupError, ValueError):
            return bool(found.token("anybody"))
        return False

    command = [str(built / "spire-server"), "run", "-config", str(folder / "server.conf")]
    with running(command, server_up, folder / "server.log"):
        token = found.server("token", "generate", "-spiffeID", node).split()[1]
        mine = ("-parentID", node, "-spiffeID", found.name, "-selector", f"unix:uid:{os.getuid()}")
        found.server("entry", "create", *mine)
        command = [str(built / "spire-agent"), "run", "-config", str(folder / "agent.conf"), "-joinToken", token]
        with running(command, agent_up, folder / "agent.log"):
            yield found


def until(ask: Any, what: str, seconds: float = 60.0) -> Any:
    """The first answer that is something."""
    end = time.monotonic() + seconds
    while not (answer := ask()):
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        time.sleep(0.5)
    return answer
