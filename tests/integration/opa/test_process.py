"""A real OPA, from signed bundle files and from the generated configuration: started, asked, broken, stopped."""

from __future__ import annotations

import gzip
import io
import json
import os
import random
import signal
import socket
import string
import tarfile
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from livegate.errors import EngineError
from livegate.opa.config import Settings, text
from livegate.opa.process import Configured, Limits, Local, OpaProcess
from livegate.secrets import Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.integration.opa.conftest import Build, Bundles, KeyPair

    from livegate.opa.client import OpaClient
    from livegate.opa.engine import Engine

TOKEN = "server-token"  # of a server that lives as long as the test
CALLER = Secret("caller-token", "env:CALLER")


@pytest.fixture
def local(policy: Path, iga: Path, key: KeyPair) -> Local:
    """Two signed bundle files."""
    return Local(bundles=(policy, iga), kid=key.kid, key=key.public)


@pytest.fixture
def settings(bundles: Bundles, opa_engine: Engine, key: KeyPair, tmp_path: Path) -> Settings:
    """A deployment of two bundles."""
    token = tmp_path / "token"
    token.write_text(TOKEN)
    return Settings(
        service=bundles.url,
        token=token,
        keys={key.kid: key.public.read_text()},
        version=opa_engine.version,
        persistence=tmp_path / "persisted",
        bundles=("policy", "iga"),
    )


@pytest.fixture
def configured(tmp_path: Path) -> Callable[[Settings], Configured]:
    """Writes the configuration file."""

    def write(settings: Settings) -> Configured:
        (tmp_path / "opa.json").write_text(text(settings))
        return Configured(config=tmp_path / "opa.json")

    return write


@pytest.fixture
def closing() -> Iterator[Callable[[OpaClient], OpaClient]]:
    """Closes clients' connections when the test ends."""
    clients: list[OpaClient] = []

    def keep(client: OpaClient) -> OpaClient:
        clients.append(client)
        return client

    yield keep
    for client in clients:
        client.session.close()


def over_once(condition: Callable[[], bool]) -> Callable[[], float]:
    """A clock that stands still until the condition holds: how fast the machine is does not matter."""
    readings = 0

    def clock() -> float:
        nonlocal readings
        readings += 1
        return 1e9 if readings > 1 and condition() else 0.0  # the first reading is the start

    return clock


def logged(log: Path, text: str) -> Callable[[], bool]:
    """Whether OPA's log holds the text."""
    return lambda: text in log.read_text()


def test_decides_from_signed_files(
    opa: Path, local: Local, tmp_path: Path, closing: Callable[[OpaClient], OpaClient]
) -> None:
    with OpaProcess(opa, local, folder=tmp_path / "run") as server:
        client = closing(server.client())
        allowed = {"decision": True, "context": {"told": "yes"}}
        assert client.decide({"subject": "ada"}) == allowed
        assert client.decide({"subject": "ada"}, v0=True) == allowed
        assert client.decide({"subject": "eve"})["decision"] is False
        assert client.healthy()
        assert server.poll() is None
        pid = server.pid
    assert pid is not None
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert server.log.stat().st_mode & 0o077 == 0


def test_what_is_not_asked_well(
    opa: Path, local: Local, tmp_path: Path, closing: Callable[[OpaClient], OpaClient]
) -> None:
    with OpaProcess(opa, local, folder=tmp_path / "run") as server:
        client = closing(server.client())
        with pytest.raises(EngineError, match=r"without a decision|undefined"):
            client.decide({})  # this policy is not total: no subject, no decision
        with pytest.raises(EngineError, match="is undefined"):
            client.data("no/such/document")
        with pytest.raises(EngineError, match="answered 400"):
            client.query("x := ")
        with pytest.raises(EngineError, match="status plugin not enabled"):
            client.status()
        assert client.query("x := input.n; y := data.iga.told", {"n": 1}) == [{"x": 1, "y": "yes"}]
        assert client.query("x := input.n; x == 2", {"n": 1}) == []
        # As client.query warns: this says nothing of whether it holds.
        assert client.query("input.n == 2", {"n": 1}) == client.query("input.n == 1", {"n": 1}) == [{}]
        assert client.query("some c in input; x := data.authz.evaluation with input as c", [{"subject": "ada"}]) == [
            {"c": {"subject": "ada"}, "x": {"decision": True, "context": {"told": "yes"}}}
        ]


def test_tampered_files_are_refused_at_the_start(opa: Path, local: Local, iga: Path, tmp_path: Path) -> None:
    with tarfile.open(iga) as archive:
        files = {member.name: stream.read() for member in archive if (stream := archive.extractfile(member))}
    assert b"yes" in files["/data.json"]
    with tarfile.open(tmp_path / "tampered.tar.gz", "w:gz") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            changed = content.replace(b"yes", b"yep") if name == "/data.json" else content
            info.size = len(changed)
            archive.addfile(info, io.BytesIO(changed))
    tampered = replace(local, bundles=(local.bundles[0], tmp_path / "tampered.tar.gz"))
    server = OpaProcess(opa, tampered, folder=tmp_path / "run")
    with pytest.raises(EngineError, match="ended with status") as caught:
        server.start()
    assert "digest" in str(caught.value)
    assert server.pid is None


def test_unsigned_files_and_another_key_are_refused(
    opa: Path, local: Local, build: Build, new_key: Callable[[str], KeyPair], tmp_path: Path
) -> None:
    other = replace(new_key("k2"), kid="k1")
    files = {"pam/data.json": "{}"}
    for name, signer, says in (("unsigned", None, "signatures"), ("foreign", other, "verify")):
        bundle = build(name, ["pam"], files, key=signer)
        server = OpaProcess(opa, replace(local, bundles=(bundle,)), folder=tmp_path / name)
        with pytest.raises(EngineError, match=says):
            server.start()


def test_a_port_in_use(opa: Path, local: Local, tmp_path: Path) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        server = OpaProcess(opa, local, folder=tmp_path / "run", port=port)
        with pytest.raises(EngineError, match=f"port {port} is in use") as caught:
            server.start()
        assert "choose another port" in str(caught.value)
        assert server.pid is None


def test_a_port_that_another_opa_holds_is_not_taken_for_ours(opa: Path, local: Local, tmp_path: Path) -> None:
    with OpaProcess(opa, local, folder=tmp_path / "first") as first:
        port = int(first.url.rpartition(":")[2])
        with pytest.raises(EngineError, match="is in use"):
            OpaProcess(opa, local, folder=tmp_path / "second", port=port).start()
        assert first.poll() is None


def test_killed_in_the_middle(
    opa: Path, local: Local, tmp_path: Path, closing: Callable[[OpaClient], OpaClient]
) -> None:
    with OpaProcess(opa, local, folder=tmp_path / "run") as server:
        client = closing(server.client())
        server.ensure_running()
        assert server.pid is not None
        os.kill(server.pid, signal.SIGKILL)
        os.waitid(os.P_PID, server.pid, os.WEXITED | os.WNOWAIT)
        assert server.poll() == -signal.SIGKILL
        with pytest.raises(EngineError, match=r"ended by signal 9 \(SIGKILL\)"):
            server.ensure_running()
        with pytest.raises(EngineError, match="cannot be asked"):
            client.decide({"subject": "ada"})
    assert server.pid is None


def test_a_binary_that_is_none(local: Local, tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="cannot be started"):
        OpaProcess(tmp_path / "nowhere", local, folder=tmp_path / "run").start()


def test_no_secret_of_ours_is_inherited(opa: Path, local: Local, tmp_path: Path) -> None:
    environ = {"PATH": "/bin", "HOME": str(tmp_path), "VAULT_TOKEN": "S3CRET"}
    limits = Limits(gogc=50, processors=1)
    with OpaProcess(opa, local, folder=tmp_path / "run", environ=environ, limits=limits) as server:
        client = closing_query(server)
    assert client == {"GOGC": "50", "GOMAXPROCS": "1", "HOME": str(tmp_path), "PATH": "/bin"}


def closing_query(server: OpaProcess) -> object:
    """The environment that OPA itself sees."""
    client = server.client()
    try:
        return client.query("x := opa.runtime().env")[0]["x"]
    finally:
        client.session.close()


def test_the_generated_configuration_comes_up_and_holds_callers_off(
    *,
    opa: Path,
    settings: Settings,
    configured: Callable[[Settings], Configured],
    bundles: Bundles,
    policy: Path,
    iga: Path,
    tmp_path: Path,
    closing: Callable[[OpaClient], OpaClient],
) -> None:
    bundles.files.update(policy=policy, iga=iga)
    with OpaProcess(opa, configured(settings), folder=tmp_path / "run") as server:
        client = closing(server.client(token=CALLER))
        assert client.decide({"subject": "ada"}) == {"decision": True, "context": {"told": "yes"}}
        with pytest.raises(EngineError, match="answered 401"):
            closing(server.client()).decide({"subject": "ada"})
        with pytest.raises(EngineError, match="answered 400"):
            client.decide({"subject": "a" * settings.request_bytes})
        status = client.status()
        assert {name: bundle["active_revision"] for name, bundle in status["bundles"].items()} == {
            "policy": "r1",
            "iga": "r1",
        }
        active = client.config()
        assert active["bundles"]["iga"]["signing"]["keyid"] == "k1"
        assert TOKEN not in str(active)
    assert bundles.tokens == {f"Bearer {TOKEN}"}
    # Stopped in order: the decisions that waited for upload were sent.
    assert "/logs" in [path for path, _ in bundles.posted]
    assert (tmp_path / "persisted" / "bundles" / "iga" / "bundle.tar.gz").is_file()


def test_a_padded_request_does_not_keep_its_decision_out_of_the_log(
    *,
    opa: Path,
    settings: Settings,
    configured: Callable[[Settings], Configured],
    bundles: Bundles,
    policy: Path,
    iga: Path,
    tmp_path: Path,
    closing: Callable[[OpaClient], OpaClient],
) -> None:
    bundles.files.update(policy=policy, iga=iga)
    # Letters in no order, so that they hardly compress, up to what the server takes.
    chance = random.Random(1)  # noqa: S311  # no secret: the same letters each time
    padding = "".join(chance.choices(string.ascii_letters + string.digits, k=settings.request_bytes - 1000))
    with OpaProcess(opa, configured(settings), folder=tmp_path / "run") as server:
        client = closing(server.client(token=CALLER))
        assert client.decide({"subject": "ada", "padding": padding})["decision"] is True
    events = [event for path, body in bundles.posted if path == "/logs" for event in json.loads(gzip.decompress(body))]
    assert [event["input"]["padding"] == padding for event in events if event["path"] == "authz/evaluation"] == [True]


def test_with_two_live_keys_each_signs_and_a_third_does_not(
    *,
    opa: Path,
    settings: Settings,
    configured: Callable[[Settings], Configured],
    bundles: Bundles,
    policy: Path,
    build: Build,
    key: KeyPair,
    new_key: Callable[[str], KeyPair],
    tmp_path: Path,
    closing: Callable[[OpaClient], OpaClient],
) -> None:
    second, third = new_key("k2"), new_key("k3")
    both = replace(settings, keys={pair.kid: pair.public.read_text() for pair in (key, second)})
    files = {"iga/data.json": '{"told": "second"}'}
    bundles.files.update(policy=policy, iga=build("iga2", ["iga"], files, key=second))
    with OpaProcess(opa, configured(both), folder=tmp_path / "run") as server:
        answer = closing(server.client(token=CALLER)).decide({"subject": "ada"})
        assert answer["context"] == {"told": "second"}
    for name, signer in (("third", third), ("unsigned", None)):
        bundles.files["iga"] = build(name, ["iga"], files, key=signer)
        fresh = replace(both, persistence=tmp_path / f"persisted-{name}")
        log = tmp_path / name / "opa.log"
        clock = over_once(logged(log, "Bundle load failed"))
        with pytest.raises(EngineError, match="was not healthy within") as caught:
            OpaProcess(opa, configured(fresh), folder=tmp_path / name, clock=clock).start()
        assert "Bundle load failed" in str(caught.value)


def test_without_the_bundle_server_it_is_not_healthy_and_says_so(
    opa: Path, settings: Settings, configured: Callable[[Settings], Configured], tmp_path: Path
) -> None:
    server = OpaProcess(opa, configured(settings), folder=tmp_path / "run", limits=Limits(start=1.0))
    with pytest.raises(EngineError, match="was not healthy within 1 s") as caught:
        server.start()
    assert TOKEN not in str(caught.value)
    assert server.pid is None


def test_a_policy_that_does_not_let_health_be_asked(
    *,
    opa: Path,
    settings: Settings,
    configured: Callable[[Settings], Configured],
    bundles: Bundles,
    build: Build,
    iga: Path,
    tmp_path: Path,
    closing: Callable[[OpaClient], OpaClient],
) -> None:
    strict = 'package system.authz\n\nallow := {"allowed": false, "reason": "nobody may"}\n'
    bundles.files.update(policy=build("strict", ["system/authz"], {"system/authz/s.rego": strict}), iga=iga)
    sightings: list[str] = []

    def seen_before() -> bool:
        try:
            closing(server.client()).healthy()
        except EngineError as error:
            sightings.extend([error.what] if "401" in error.what else [])
        return len(sightings) > 1  # so that the server's own question came after the first

    server = OpaProcess(opa, configured(settings), folder=tmp_path / "run", clock=over_once(seen_before))
    with pytest.raises(EngineError, match="answered 401: nobody may"):
        server.start()


def test_a_configuration_that_opa_refuses(opa: Path, tmp_path: Path) -> None:
    (tmp_path / "opa.json").write_text('{"bundles": {"x": {"service": "nobody"}}}')
    with pytest.raises(EngineError, match="nobody"):
        OpaProcess(opa, Configured(config=tmp_path / "opa.json"), folder=tmp_path / "run").start()
