"""A real OPA on the bundle server: takes what is ours, refuses the rest, and the old data goes on serving."""

from __future__ import annotations

import functools
import gzip
import io
import time
from typing import TYPE_CHECKING, Any

import orjson
import pytest
import requests

from livegate.bundle import archive, build, definition, verify
from livegate.bundle.manifest import manifest_of
from livegate.documents import stamp
from livegate.files import write_bytes
from livegate.project import Project

from .conftest import document, put, until

if TYPE_CHECKING:
    from collections.abc import Callable

    from livegate.bundle.server import BundleServer, Settings

    from .conftest import Keys, Opa


def _serves(running: Opa, value: object) -> bool:
    return bool(running.value() == value)


def _tampered(files: dict[str, bytes]) -> None:
    files["iga/data.json"] = files["iga/data.json"].replace(b"good", b"evil")


def _unsigned(files: dict[str, bytes]) -> None:
    files["iga/data.json"] = document("evil", 2)
    del files[".signatures.json"]


def _delta(files: dict[str, bytes]) -> None:
    files.clear()
    files["patch.json"] = orjson.dumps({"data": [{"op": "upsert", "path": "/iga/value", "value": "evil"}]})


def _added(files: dict[str, bytes]) -> None:
    files["iga/more/data.json"] = b'{"evil":true}'


def _repack(data: bytes, change: Callable[[dict[str, bytes]], None]) -> bytes:
    files = archive.read(io.BytesIO(data), where="x")
    change(files)
    out = io.BytesIO()
    archive.write(out, files.items(), level=1)
    return out.getvalue()


def test_refused_bundles_leave_the_old_data(
    start_opa: Callable[..., Opa], server: BundleServer, settings: Settings, keys: Keys
) -> None:
    path = settings.dist / "iga.tar.gz"
    running = start_opa()
    sequence = 0

    def refused(make: Callable[[bytes], bytes], reason: str) -> None:
        # a new good one first, so that the refusal seen is this one's
        nonlocal sequence
        sequence += 1
        put(path, {"iga/data.json": document(f"good {sequence}", sequence)}, keys.signer)
        server.publish("iga")
        until(lambda: running.value() == f"good {sequence}", "a good bundle is active")
        until(lambda: not running.status().get("code"), "nothing is wrong")
        write_bytes(path, make(path.read_bytes()))
        server.publish("iga")
        found = until(lambda: running.status().get("code") and running.status(), f"refusal: {reason}")
        assert found["code"] == "bundle_error"
        assert reason in found["message"], found
        assert found["active_revision"] == f"r{sequence}"
        assert running.value() == f"good {sequence}"

    def by_another_key(_: bytes) -> bytes:
        put(path, {"iga/data.json": document("evil", 99)}, keys.other)
        return path.read_bytes()

    refused(lambda good: _repack(good, _tampered), "digest mismatch")
    refused(lambda good: _repack(good, _unsigned), "missing .signatures.json")
    refused(lambda good: _repack(good, _delta), "delta bundles do not support signature verification")
    refused(lambda good: _repack(good, _added), "not included in bundle signature")
    refused(by_another_key, "failed to verify JWT signature")
    refused(lambda _: b"<html>not a bundle</html>", "archive read failed")


@pytest.mark.parametrize("told", [pytest.param(True, id="notified"), pytest.param(False, id="only-the-file-replaced")])
def test_a_publication_reaches_a_long_polling_opa(
    told: bool, start_opa: Callable[..., Opa], server: BundleServer, settings: Settings, keys: Keys
) -> None:
    path = settings.dist / "iga.tar.gz"
    put(path, {"iga/data.json": document(0)}, keys.signer)
    # any other way than the long poll would take ten minutes
    polling = {"min_delay_seconds": 600, "max_delay_seconds": 600, "long_polling_timeout_seconds": 60}
    running = start_opa(polling=polling)
    until(lambda: running.status().get("active_revision") == "r1", "first bundle active")
    for sequence in range(2, 7):
        put(path, {"iga/data.json": document(sequence, sequence)}, keys.signer)
        if told:
            server.publish("iga")
        until(functools.partial(_serves, running, sequence), f"sequence {sequence}")


def test_a_built_policy_bundle_decides(
    start_opa: Callable[..., Opa], server: BundleServer, settings: Settings, keys: Keys
) -> None:
    project = Project.at(settings.dist.parent / "project")
    write_bytes(project.data / "catalog" / "data.json", document({"ada": "é\u2028\U0001f600", "n": 10**30}))
    write_bytes(project.data / "catalog" / "more.yaml", b"extra: {levels: [1, 2.5]}\n")
    rule = b"package authz\n\nimport rego.v1\n\nallow if data.catalog.value[input.who]\n"
    write_bytes(project.rego / "authz" / "main.rego", rule)
    write_bytes(project.bundles / "policy.yaml", b"roots: [authz, catalog]\nrego: true\n")
    built = build.build(definition.load(project.bundles / "policy.yaml"), project, keys.signer)
    verify.verify(built.path, public_keys={"k1": keys.public}, now=time.time_ns())
    write_bytes(settings.dist / "iga.tar.gz", built.path.read_bytes())
    running = start_opa()
    until(lambda: running.value("catalog/value"), "policy bundle active")
    assert running.value("catalog/value") == {"ada": "é\u2028\U0001f600", "n": 10**30}
    assert running.value("catalog/extra") == {"levels": [1, 2.5]}
    answer = requests.post(f"{running.url}/v1/data/authz/allow", json={"input": {"who": "ada"}}, timeout=10)
    assert answer.json()["result"] is True
    answer = requests.post(f"{running.url}/v1/data/authz/allow", json={"input": {"who": "bob"}}, timeout=10)
    assert "result" not in answer.json()


def test_opas_own_signature_passes_our_check_and_ours_passes_opas(opa: Any, keys: Keys, tmp_path: Any) -> None:
    """``opa run -b`` verifies on its own: no server of ours in between."""
    import subprocess  # noqa: PLC0415  # here alone

    path = tmp_path / "b.tar.gz"
    put(path, {"iga/data.json": document({"a": [1, "\u2028"]})}, keys.signer)
    pem = tmp_path / "k.pem"
    pem.write_text(keys.public)
    checks = ["--verification-key", pem, "--verification-key-id", "k1", "--signing-alg", "ES256"]
    done = subprocess.run(
        [opa, "build", "-b", path, *checks, "-o", tmp_path / "out.tar.gz"], capture_output=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr.decode()
    write_bytes(path, _repack(path.read_bytes(), lambda files: files.update({"iga/data.json": document("evil")})))
    done = subprocess.run(
        [opa, "build", "-b", path, *checks, "-o", tmp_path / "out.tar.gz"], capture_output=True, check=False, timeout=60
    )
    assert done.returncode != 0
    assert b"digest mismatch" in done.stdout + done.stderr


def test_status_and_decision_logs_come_back(start_opa: Callable[..., Opa], settings: Settings, keys: Keys) -> None:
    put(settings.dist / "iga.tar.gz", {"iga/data.json": document("good")}, keys.signer)
    running = start_opa()
    until(lambda: running.value() == "good", "bundle active")
    until(lambda: list(settings.statuses.glob("*.json")), "a status")
    [status] = [orjson.loads(path.read_bytes()) for path in settings.statuses.glob("*.json")]
    assert status["labels"]["app"] == "test"

    def events() -> list[dict[str, Any]]:
        files = settings.logs.glob("*/*.jsonl.gz")
        return [orjson.loads(line) for path in files for line in gzip.decompress(path.read_bytes()).splitlines()]

    found = until(
        lambda: [event for event in events() if event.get("path") == "iga/value" and "result" in event],
        "a decision in the log",
    )
    assert found[0]["result"] == "good"
    assert all(path.stat().st_mode & 0o077 == 0 for path in settings.logs.rglob("*"))


def test_the_manifest_is_readable_in_opa(start_opa: Callable[..., Opa], settings: Settings, keys: Keys) -> None:
    put(settings.dist / "iga.tar.gz", {"iga/data.json": document("good", 9)}, keys.signer)
    running = start_opa()
    until(lambda: running.value() == "good", "bundle active")
    mark = stamp.of(document("good", 9), where="x")
    assert mark is not None
    assert running.value("system/bundles/iga/manifest") == manifest_of(mark, ("iga",)) | {"roots": ["iga"]}
