"""Bundles that are not ours, put where the server serves them from: what OPA refuses, and what the policy must."""

from __future__ import annotations

import json
import time
import uuid
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from livegate.bundle.signing import KeySigner
from livegate.files import write_bytes
from livegate.model.records import Revocation, RevocationKind
from livegate.pipeline import revoke
from livegate.pipeline.build import build
from livegate.pipeline.running import Deployment

from .conftest import dump, reasons, repacked, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from livegate.opa.engine import Engine

    from .conftest import Organisation


@pytest.fixture
def served(organisation: Organisation, opa_engine: Engine) -> Iterator[Organisation]:
    """A deployment of the test's own, which may change what is served."""
    organisation.publish()
    with Deployment(organisation.project, opa_engine) as running:
        organisation.url = running.opa.url
        yield organisation


def _promoted(files: dict[str, bytes]) -> None:
    """Dave, who left, is active again: what an attacker would want."""
    before = files["iga/data.json"]
    document = json.loads(before)
    document["identities"]["dave"] = document["identities"]["bob"]
    files["iga/data.json"] = json.dumps(document).encode()
    assert files["iga/data.json"] != before


def _tampered(organisation: Organisation) -> None:
    repacked(organisation.project.dist / "iga.tar.gz", _promoted)


def _unsigned(organisation: Organisation) -> None:
    def change(files: dict[str, bytes]) -> None:
        _promoted(files)
        del files[".signatures.json"]

    repacked(organisation.project.dist / "iga.tar.gz", change)


def _delta(organisation: Organisation) -> None:
    def change(files: dict[str, bytes]) -> None:
        identity = json.loads(files["iga/data.json"])["identities"]["bob"]
        files.clear()
        operation = {"op": "upsert", "path": "/iga/identities/dave", "value": identity}
        files["patch.json"] = json.dumps({"data": [operation]}).encode()

    repacked(organisation.project.dist / "iga.tar.gz", change)


def _of_another_key(organisation: Organisation) -> None:
    path = organisation.project.data / "iga" / "data.json"
    honest = path.read_bytes()
    files = {"iga/data.json": honest}
    _promoted(files)
    write_bytes(path, files["iga/data.json"])
    forger = KeySigner("example", ec.generate_private_key(ec.SECP256R1()))  # the very name of our key
    build(organisation.project, ["iga"], forger, now=time.time_ns())
    write_bytes(path, honest)


def _html(organisation: Organisation) -> None:
    write_bytes(organisation.project.dist / "iga.tar.gz", b"<html>502 Bad Gateway</html>")


def _dave() -> dict[str, Any]:
    return {
        "subject": {"type": "human", "id": "dave"},
        "action": {"name": "approve"},
        "resource": {"type": "payment", "id": "4711"},
        "context": {"pep": "ledger-api", "session": "s-4"},
    }


def _change(organisation: Organisation, old: str, new: str) -> None:
    """Edit the configuration by hand."""
    path = organisation.project.data / "config" / "config.yaml"
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))


@pytest.mark.parametrize(
    ("put", "said"),
    [
        (_tampered, "digest mismatch"),
        (_unsigned, "missing .signatures.json"),
        (_delta, "delta bundles do not support signature verification"),
        (_of_another_key, "failed to verify JWT signature"),
        (_html, "archive read failed"),
    ],
)
def test_refused_the_old_data_serving_and_the_status_says_so(
    put: Callable[[Organisation], None], said: str, served: Organisation
) -> None:
    before = served.ask(dump())["context"]["revisions"]
    assert reasons(served.ask(_dave())) == {"identity.inactive"}
    put(served)
    status = until(lambda: (found := served.bundle_status("iga")).get("code") and found, "the refusal")
    assert status["code"] == "bundle_error"
    assert said in status["message"]
    assert status["active_revision"] == before["iga"]
    answer = served.ask(dump())
    assert reasons(answer) == set(), "the old data goes on serving"
    assert answer["context"]["revisions"] == before
    assert reasons(served.ask(_dave())) == {"identity.inactive"}

    # A new issue. The very bytes from before would be no news to OPA, which goes on saying what it refused until
    # its long poll ends.
    _change(served, "iga: 172800000000000 ", "iga: 172000000000000 ")
    served.publish("iga")
    until(lambda: not served.bundle_status("iga").get("code"), "our own is taken again")
    assert served.ask(dump())["context"]["revisions"]["iga"] != before["iga"]
    assert reasons(served.ask(dump())) == set()
    assert reasons(served.ask(_dave())) == {"identity.inactive"}


def _sequence(organisation: Organisation, root: str) -> int:
    document = json.loads((organisation.project.data / root / "bundle.json").read_text())
    found: int = document["bundle"]["sequence"]
    return found


def test_a_replayed_bundle_is_refused_by_the_policy_from_the_floor_on(served: Organisation) -> None:
    """OPA takes any bundle that is rightly signed, older ones too; the floor in the signed policy does not."""
    path = served.project.dist / "revocations.tar.gz"
    old = path.read_bytes()
    revoked = Revocation(
        id=f"r-{uuid.uuid4()}",
        kind=RevocationKind.SUBJECT,
        target="alice",
        effective_at=time.time_ns(),
        reason="",
    )
    revoke.add(served.project, revoked)
    served.publish("revocations")
    until(lambda: reasons(served.ask(dump())) == {"revocation.subject"}, "alice is revoked")
    current = path.read_bytes()

    write_bytes(path, old)
    until(lambda: reasons(served.ask(dump())) == set(), "OPA itself lets the replay pass")

    _change(served, "floors: {}", f"floors: {{revocations: {_sequence(served, 'revocations')}}}")
    served.publish("policy")
    until(lambda: reasons(served.ask(dump())) == {"freshness.rolled_back"}, "the floor shuts the replay out")
    assert not served.bundle_status("revocations").get("code"), "to OPA all is well"

    write_bytes(path, current)
    until(lambda: reasons(served.ask(dump())) == {"revocation.subject"}, "the current one passes the floor")
