"""Verification: a good bundle passes, and each way of being bad is named."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import jwt
import orjson
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from livegate.bundle import archive, build, definition, hashing, verify
from livegate.bundle.signing import KeySigner, signatures
from livegate.errors import BundleError, VerificationError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from livegate.project import Project

NOW = 1_795_000_000_000_000_000


def _pem(signer: KeySigner) -> str:
    return (
        signer.key.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )


@pytest.fixture
def good(project: Project, signer: KeySigner) -> Path:
    """A policy bundle that passes."""
    return build.build(definition.load(project.bundles / "policy.yaml"), project, signer).path


def _check(path: Path, signer: KeySigner, **more: Any) -> verify.Inspection:
    return verify.verify(path, public_keys={"k1": _pem(signer)}, **{"now": NOW, **more})


def _rewrite(path: Path, change: Callable[[dict[str, bytes]], None], signer: KeySigner | None = None) -> None:
    """Change the files in a bundle; sign anew when a signer is given."""
    files = archive.read(io.BytesIO(path.read_bytes()), where="x")
    change(files)
    if signer is not None:
        files.pop(".signatures.json", None)
        digests = {name: hashing.sha256_file(name, data) for name, data in files.items()}
        files[".signatures.json"] = signatures(digests, signer)
    with path.open("wb") as stream:
        archive.write(stream, files.items(), level=1)


def test_a_good_bundle_passes(good: Path, signer: KeySigner) -> None:
    found = _check(good, signer, minimum=7, roots=["authz", "catalog", "config"])
    assert found.stamp is not None
    assert (found.kid, found.stamp.sequence, found.stamp.revision) == ("k1", 7, "p-7")
    assert found.roots == ("authz", "catalog", "config")
    assert found.files["config/data.json"] == len(b'{"leeway":5}')
    assert verify.inspect(good) == found


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("authz/main.rego", b"package authz\nallow := false\n", "authz/main.rego: changed"),
        ("config/data.json", b'{"leeway":6}', "config/data.json: changed"),
        (".manifest", b'{"revision":"p-7","roots":["authz","catalog","config","iga"]}', "manifest: changed"),
        ("authz/more.rego", b"package authz\n", "more.rego: not covered"),
        ("config/patch.json", b'{"data":[]}', "a delta bundle"),
        ("policy.wasm", b"", "no file of that name"),
        ("x.manifest", b"{}", "no file of that name"),
        ("authz/.signatures.json", b"{}", "no file of that name"),
        ("config/data.yaml", b"a: 1", "no file of that name"),
        (".signatures.json", None, "unsigned"),
        ("authz/main.rego", None, "signed, but not in the bundle"),
        (".manifest", None, "signed, but not in the bundle"),
        (".signatures.json", b"{}", "exactly one"),
        (".signatures.json", b'{"signatures":[]}', "exactly one"),
        (".signatures.json", b'{"signatures":["a","b"]}', "exactly one"),
        (".signatures.json", b'{"signatures":["a.b.c"]}', "does not verify"),
        (".signatures.json", b'{"signatures":["a.b.c"],"plugin":"mine"}', "keys beside"),
        (".signatures.json", b"[", "not JSON"),
    ],
)
def test_tampering_is_named(name: str, data: bytes | None, reason: str, good: Path, signer: KeySigner) -> None:
    def change(files: dict[str, bytes]) -> None:
        if data is None:
            del files[name]
        else:
            files[name] = data

    _rewrite(good, change)
    with pytest.raises(VerificationError, match=reason) as caught:
        _check(good, signer)
    assert caught.value.exit_code == 3
    assert str(good) in str(caught.value)


def test_white_space_in_a_document_does_not_matter_but_a_value_does(good: Path, signer: KeySigner) -> None:
    _rewrite(good, lambda files: files.update({"config/data.json": b' { "leeway" : 5 } '}))
    _check(good, signer)
    _rewrite(good, lambda files: files.update({"config/data.json": b'{"leeway":5.0}'}))
    with pytest.raises(VerificationError, match="changed"):
        _check(good, signer)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"authz/main.rego": b"# a\n\npackage iga.more\n"}, "outside the roots"),
        ({"authz/main.rego": b'package authz["x"]\n'}, ""),
        ({"authz/main.rego": b"package authzmore\n"}, "outside the roots"),
        ({"authz/main.rego": b"import data.x\n"}, "no package"),
        ({"iga/data.json": b"{}"}, "outside the roots"),
        ({"data.json": b'{"iga":{}}'}, "outside the roots"),
        ({".manifest": b'{"revision":"p-7"}'}, "own everything"),
        ({".manifest": b'{"revision":"p-7","roots":[""]}'}, "own everything"),
        ({".manifest": b'{"revision":"other","roots":["authz","catalog","config"]}'}, "stamp"),
        ({"catalog/data.json": b"{}"}, "no stamp"),
    ],
)
def test_a_signed_bundle_must_still_be_right(
    change: dict[str, bytes], reason: str, good: Path, signer: KeySigner
) -> None:
    _rewrite(good, lambda files: files.update(change), signer)
    if not reason:
        _check(good, signer)
        return
    with pytest.raises(VerificationError, match=reason):
        _check(good, signer)


def test_another_key_is_refused(good: Path, signer: KeySigner) -> None:
    other = KeySigner("k1", ec.generate_private_key(ec.SECP256R1()))
    with pytest.raises(VerificationError, match="does not verify"):
        _check(good, other)
    with pytest.raises(VerificationError, match="unknown key 'k1'"):
        verify.verify(good, public_keys={"k2": _pem(signer)}, now=NOW)


def _payload(files: dict[str, bytes], more: dict[str, object]) -> dict[str, object]:
    names = sorted(name for name in files if name != ".signatures.json")
    listed = [{"name": n, "hash": hashing.sha256_file(n, files[n]), "algorithm": "SHA-256"} for n in names]
    return {"files": listed, "keyid": "k1"} | more


@pytest.mark.parametrize(
    ("header", "more", "reason"),
    [
        ({"kid": "k1"}, {}, ""),
        ({}, {}, "unknown key None"),
        ({"kid": "k2"}, {}, "unknown key 'k2'"),
        ({"kid": "k1"}, {"keyid": "k2"}, "key id or scope"),
        ({"kid": "k1"}, {"scope": "write"}, "key id or scope"),
        ({"kid": "k1"}, {"files": "none"}, "malformed"),
        ({"kid": "k1"}, {"files": [{"name": "a", "hash": "b", "algorithm": "MD5"}]}, "not hashed with"),
    ],
)
def test_the_signature_itself_is_checked(
    header: dict[str, str], more: dict[str, object], reason: str, good: Path, signer: KeySigner
) -> None:
    def change(files: dict[str, bytes]) -> None:
        token = jwt.PyJWS().encode(orjson.dumps(_payload(files, more)), signer.key, "ES256", headers=header)
        files[".signatures.json"] = orjson.dumps({"signatures": [token]})

    _rewrite(good, change)
    if not reason:
        _check(good, signer)
        return
    with pytest.raises(VerificationError, match=reason):
        _check(good, signer)


@pytest.mark.parametrize("algorithm", ["none", "HS256"])
def test_no_other_algorithm_is_taken(algorithm: str, good: Path, signer: KeySigner) -> None:
    secret = "x" * 64  # a key that an attacker has

    def change(files: dict[str, bytes]) -> None:
        payload = orjson.dumps(_payload(files, {}))
        token = jwt.PyJWS().encode(payload, secret if algorithm == "HS256" else "", algorithm, headers={"kid": "k1"})
        files[".signatures.json"] = orjson.dumps({"signatures": [token]})

    _rewrite(good, change)
    with pytest.raises(VerificationError, match="does not verify"):
        _check(good, signer)


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"now": NOW + 1_000_000_000}, "ended"),
        ({"now": NOW - 1_001}, "future"),
        ({"minimum": 8}, "below 8"),
        ({"roots": ["authz"]}, "expected"),
        ({"limits": archive.Limits(file=10)}, "limit"),
    ],
)
def test_age_order_and_place_are_checked(more: dict[str, Any], reason: str, good: Path, signer: KeySigner) -> None:
    with pytest.raises(VerificationError, match=reason):
        _check(good, signer, **more)


@pytest.mark.parametrize("data", [b"", b"not an archive", b"\x1f\x8b"])
def test_what_is_no_archive_is_refused(data: bytes, tmp_path: Path, signer: KeySigner) -> None:
    path = tmp_path / "b.tar.gz"
    path.write_bytes(data)
    with pytest.raises(VerificationError):
        _check(path, signer)
    with pytest.raises(VerificationError):
        verify.inspect(path)


def test_a_missing_bundle_is_a_failure_not_a_finding(tmp_path: Path, signer: KeySigner) -> None:
    with pytest.raises(BundleError) as caught:
        _check(tmp_path / "none.tar.gz", signer)
    assert caught.value.exit_code == 1


def test_inspect_shows_what_does_not_verify(good: Path) -> None:
    _rewrite(good, lambda files: files.__delitem__(".signatures.json"))
    assert verify.inspect(good).kid == ""
