"""The two connectors of keys: what of a set becomes a record, what is left out, and in which order sets may come."""

from __future__ import annotations

import base64
import datetime
import hashlib
import json
import os
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from livegate.errors import RefusedError, SourceError
from livegate.model import instants
from livegate.model.records import Key, KeyUse
from livegate.model.snapshot import Domain, Quarantined
from livegate.sources import connect
from livegate.sources.config import SourceConfig
from livegate.sources.protocol import Effects
from livegate.sources.run import dry_run, run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from livegate.sources.protocol import Row, Source
    from livegate.sources.store import SnapshotStore

    Configured = Callable[..., tuple[SourceConfig, Source]]

NOW = instants.parse("2026-11-23T18:00:00Z")
MOMENT = datetime.datetime(2026, 11, 23, 18, tzinfo=datetime.UTC)
DAY = datetime.timedelta(days=1)
DOMAIN = "prod.example"
KEY = ec.generate_private_key(ec.SECP256R1())
OTHER = ec.generate_private_key(ec.SECP256R1())


def jwk(kid: str | None = "k1", key: ec.EllipticCurvePrivateKey = KEY, **more: Any) -> dict[str, Any]:
    """A public JWK; a member given as None is left out."""
    made: dict[str, Any] = ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return {name: value for name, value in (made | {"kid": kid} | more).items() if value is not None}


def authority(
    key: ec.EllipticCurvePrivateKey = KEY,
    *,
    ca: bool = True,
    sign: bool | None = True,
    uri: str | None = f"spiffe://{DOMAIN}",
    start: datetime.datetime = MOMENT - DAY,
    end: datetime.datetime = MOMENT + DAY,
) -> x509.Certificate:
    """A self-signed authority of the trust domain."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "SPIFFE")])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )
    if sign is not None:
        usage = {"key_cert_sign": sign, "crl_sign": True}
        names = ["digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement"]
        names += ["encipher_only", "decipher_only"]
        builder = builder.add_extension(x509.KeyUsage(**dict.fromkeys(names, False), **usage), critical=True)
    if uri is not None:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.UniformResourceIdentifier(uri)]), False)
    return builder.sign(key, hashes.SHA256())


def x5c(certificate: x509.Certificate) -> list[str]:
    """As a JWK holds it."""
    return [base64.b64encode(certificate.public_bytes(Encoding.DER)).decode()]


def x509_jwk(key: ec.EllipticCurvePrivateKey = KEY, **more: Any) -> dict[str, Any]:
    """An entry for X.509-SVIDs; ``more`` is of the certificate."""
    return jwk(None, key, use="x509-svid", x5c=x5c(authority(key, **more)))


@pytest.fixture
def keys(tmp_path: Path, effects: Effects) -> Configured:
    """A source of keys at a file with this content, written at ``at``."""

    def make(kind: str, content: Any, *, at: int = NOW, **settings: Any) -> tuple[SourceConfig, Source]:
        path = tmp_path / "set.json"
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        os.utime(path, ns=(at, at))
        named = {"issuer": "https://idp.example"} if kind == "jwks" else {"trust_domain": DOMAIN}
        config = SourceConfig(
            system="keys",
            domain=Domain.TRUST,
            kind=kind,
            max_age=instants.HOUR,
            max_fall=1.0,
            keep=3,
            correlate="id",
            settings=named | {"path": "set.json"} | settings,
            path=tmp_path / "keys.yaml",
        )
        return config, connect(config, effects)

    return make


@pytest.fixture
def rows(keys: Configured) -> Callable[..., list[Row]]:
    """The rows of a set with these entries."""

    def read(kind: str, *entries: Any, **settings: Any) -> list[Row]:
        _, source = keys(kind, {"keys": list(entries)}, **settings)
        return list(source.listing().rows)

    return read


def left_out(found: list[Row]) -> list[str]:
    """Why each row was left out; there is nothing else among them."""
    assert all(isinstance(row, Quarantined) and not row.critical for row in found)
    return [row.reason for row in found if isinstance(row, Quarantined)]


def test_a_key_set(rows: Callable[..., list[Row]]) -> None:
    first, second = rows("jwks", jwk("k1", use="sig", alg="ES256", x5t="x"), jwk("k2", OTHER))
    assert isinstance(first, Key)
    assert isinstance(second, Key)
    assert (first.id, first.issuer, first.use, first.alg) == ("k1", "https://idp.example", KeyUse.SIG, "ES256")
    assert json.loads(first.jwk) == jwk("k1", alg="ES256")
    assert json.loads(second.jwk) == jwk("k2", OTHER, alg="ES256")
    assert not first.certificate


def test_an_empty_set_is_a_complete_one(rows: Callable[..., list[Row]]) -> None:
    assert rows("jwks") == rows("spiffe") == []


def test_keys_for_encryption_are_none_of_ours(rows: Callable[..., list[Row]]) -> None:
    assert [row.id for row in rows("jwks", jwk("e", use="enc"), jwk("k1")) if isinstance(row, Key)] == ["k1"]
    assert len(rows("jwks", jwk("e", use="enc"))) == 0


def test_a_private_one_is_shown_whatever_it_is_for(rows: Callable[..., list[Row]]) -> None:
    (row,) = rows("jwks", jwk("e", use="enc", d="c2VjcmV0"))
    assert "must withdraw it" in left_out([row])[0]
    assert "c2VjcmV0" not in str(row)


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        (None, "no object"),
        ([], "no object"),
        ("key", "no object"),
        ({}, "kty"),
        (jwk("b", use="tls"), "use is not known"),
        (jwk("b", use="jwt-svid"), "use is not known"),
        (jwk("b", use="SIG"), "use is not known"),
        (jwk("b", use=["sig"]), "use is not known"),
        (jwk("b", use=1), "use is not known"),
        (jwk(None), "no kid"),
        (jwk(""), "no kid"),
        (jwk("b", d="c2VjcmV0"), "private"),
        ({"kty": "oct", "k": "c2VjcmV0", "kid": "b"}, "symmetric"),
        (jwk("b", alg="HS256"), "alg"),
        (jwk("b\ud800"), "kid"),
        (jwk("b", y="AA"), "length of a coordinate"),
    ],
)
def test_one_bad_key_spoils_no_other(rows: Callable[..., list[Row]], bad: Any, says: str) -> None:
    before, out, after = rows("jwks", jwk("k1"), bad, jwk("k2", OTHER))
    assert isinstance(before, Key)
    assert isinstance(after, Key)
    assert says in left_out([out])[0]
    assert "keys[1]" in str(out)
    assert "c2VjcmV0" not in str(out)


def test_two_keys_of_one_name_are_both_refused(rows: Callable[..., list[Row]]) -> None:
    found = rows("jwks", jwk("k1"), jwk("k1", OTHER), jwk("k2"))
    assert ["another key has this kid" in reason for reason in left_out(found[:2])] == [True, True]
    assert isinstance(found[2], Key)
    # even where the other would be refused, or is for something else: the token names both
    assert left_out(rows("jwks", jwk("k1"), jwk("k1", OTHER, use="enc")))
    assert len(left_out(rows("jwks", jwk("k1"), jwk("k1", d="x")))) == 2


def test_the_algorithm_of_rsa_keys(rows: Callable[..., list[Row]]) -> None:
    made: dict[str, Any] = RSAAlgorithm.to_jwk(rsa.generate_private_key(65537, 2048).public_key(), as_dict=True)
    made.pop("key_ops")
    for settings, alg in (({}, "RS256"), ({"rsa_alg": "PS384"}, "PS384")):
        (row,) = rows("jwks", made | {"kid": "r"}, **settings)
        assert isinstance(row, Key)
        assert row.alg == alg


def test_a_bundle(rows: Callable[..., list[Row]]) -> None:
    certificate = authority()
    token, workload, found = rows(
        "spiffe",
        jwk("j1", use="jwt-svid"),
        jwk("w1", OTHER, use="wit-svid"),
        jwk(None, use="x509-svid", x5c=x5c(certificate)),
    )
    assert isinstance(token, Key)
    assert isinstance(workload, Key)
    assert isinstance(found, Key)
    assert (token.id, token.issuer, token.use, token.alg) == ("j1", DOMAIN, KeyUse.JWT_SVID, "ES256")
    assert (workload.id, workload.use, workload.alg) == ("w1", KeyUse.WIT_SVID, "ES256")
    der = certificate.public_bytes(Encoding.DER)
    assert (found.id, found.use, found.jwk) == (hashlib.sha256(der).hexdigest(), KeyUse.X509_SVID, "")
    assert x509.load_pem_x509_certificate(found.certificate.encode()) == certificate


def test_the_same_authority_twice_is_one(rows: Callable[..., list[Row]]) -> None:
    entry = x509_jwk()
    assert len(rows("spiffe", entry, entry, x509_jwk(OTHER))) == 2


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        (7, "no object"),
        (jwk("b"), "no use"),
        (jwk("b", use="sig"), "not known here"),
        (jwk("b", use={}), "not known here"),
        (jwk(None, use="jwt-svid"), "no kid"),
        (jwk("b", use="jwt-svid", d="x"), "private"),
        (jwk(None, use="x509-svid"), "x5c is not one certificate"),
        (jwk(None, use="x509-svid", x5c=[]), "x5c is not one certificate"),
        (jwk(None, use="x509-svid", x5c=x5c(authority()) * 2), "x5c is not one certificate"),
        (jwk(None, use="x509-svid", x5c=[7]), "x5c is not one certificate"),
        (jwk(None, use="x509-svid", x5c=["!"]), "no certificate that can be read"),
        (jwk(None, use="x509-svid", x5c=["AAAA"]), "no certificate that can be read"),
        (jwk(None, use="x509-svid", x5c=["A" * 40_000]), "longer than"),
        (jwk(None, OTHER, use="x509-svid", x5c=x5c(authority())), "of another key"),
        (x509_jwk(ca=False), "no authority"),
        (x509_jwk(sign=False), "no authority"),
        (x509_jwk(end=MOMENT), "not valid now"),
        (x509_jwk(start=MOMENT + datetime.timedelta(seconds=1)), "not valid now"),
        (x509_jwk(uri="spiffe://other.example"), "another trust domain"),
        (x509_jwk(uri="spiffe://prod.example.evil"), "another trust domain"),
        (x509_jwk(uri="spiffe://prod.example/workload"), "another trust domain"),
    ],
)
def test_one_bad_entry_spoils_no_other(rows: Callable[..., list[Row]], bad: Any, says: str) -> None:
    before, out, after = rows("spiffe", jwk("j1", use="jwt-svid"), bad, x509_jwk(OTHER))
    assert isinstance(before, Key)
    assert isinstance(after, Key)
    assert says in left_out([out])[0]


@pytest.mark.parametrize(
    "more",
    [
        {"start": MOMENT},
        {"end": MOMENT + datetime.timedelta(seconds=1)},
        {"uri": None},
        {"uri": "https://ca.example"},
        {"sign": None},
    ],
)
def test_which_authorities_count(rows: Callable[..., list[Row]], more: dict[str, Any]) -> None:
    (row,) = rows("spiffe", x509_jwk(**more))
    assert isinstance(row, Key)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "not JSON"),
        ("[]", "no list `keys`"),
        ("{}", "no list `keys`"),
        ('{"keys": {}}', "no list `keys`"),
        ('{"keys": [], "keys": []}', "there twice"),
        ('{"keys": [{"kid": "a", "kid": "b"}]}', "there twice"),
        ({"keys": [{}] * 1001}, "more than 1000 keys"),
        ({"keys": ["x" * 5_000_000]}, "larger than"),
    ],
)
@pytest.mark.parametrize("kind", ["jwks", "spiffe"])
def test_what_is_no_set(keys: Configured, kind: str, content: Any, says: str) -> None:
    _, source = keys(kind, content)
    with pytest.raises(SourceError, match=says):
        source.listing()


@pytest.mark.parametrize("name", ["spiffe_sequence", "spiffe_refresh_hint"])
@pytest.mark.parametrize("value", [-1, 1.5, "4", True, None, [], 1 << 63])
def test_what_is_no_number_of_a_bundle(keys: Configured, name: str, value: Any) -> None:
    _, source = keys("spiffe", {"keys": [], name: value})
    with pytest.raises(SourceError, match=f"{name} is no whole number"):
        source.listing()


def test_a_file_speaks_for_when_it_was_written(keys: Configured) -> None:
    assert keys("jwks", {"keys": []}, at=NOW - 5)[1].listing().observed_at == NOW - 5
    with pytest.raises(SourceError, match="before 2001"):
        keys("jwks", {"keys": []}, at=0)[1].listing()


def test_a_file_that_is_not_there(keys: Configured, tmp_path: Path) -> None:
    _, source = keys("jwks", {"keys": []})
    (tmp_path / "set.json").unlink()
    with pytest.raises(SourceError, match="cannot read"):
        source.listing()
    (tmp_path / "set.json").mkdir()
    with pytest.raises(SourceError, match="cannot read"):
        source.listing()


def bundle(sequence: int | None, *entries: Any, hint: int = 300) -> dict[str, Any]:
    """A bundle with this sequence."""
    numbered = {} if sequence is None else {"spiffe_sequence": sequence}
    return {"keys": list(entries), "spiffe_refresh_hint": hint} | numbered


A, B = jwk("a", use="jwt-svid"), jwk("b", OTHER, use="jwt-svid")


@pytest.mark.parametrize(
    ("first", "then", "says"),
    [
        (bundle(4, A), bundle(3, A), "sequence 3, below the 4"),
        (bundle(4, A), bundle(0), "sequence 0, below the 4"),
        (bundle(4, A), bundle(4, A, B), "sequence 4 .* another content"),
        (bundle(4, A, B), bundle(4, A), "sequence 4 .* another content"),
        (bundle(4, A), bundle(None, A), "has no sequence"),
    ],
)
def test_an_older_bundle_is_refused(
    keys: Configured, store: SnapshotStore, effects: Effects, first: Any, then: Any, says: str
) -> None:
    config, source = keys("spiffe", first)
    kept = run(config, source, store, effects).snapshot
    config, source = keys("spiffe", then)
    for act in (run, dry_run):
        with pytest.raises(RefusedError, match=says):
            act(config, source, store, effects, accept_removals=True)
    assert store.latest("keys") == kept


@pytest.mark.parametrize(
    ("first", "then"),
    [
        (bundle(4, A), bundle(5, A, B)),
        (bundle(4, A, B), bundle(4, B, A)),
        (bundle(4, A, B), bundle(4, B, A, hint=60)),
        (bundle(4, A), bundle(40)),
        (bundle(None, A), bundle(None, B)),
        (bundle(None, A), bundle(1, B)),
        (bundle(0, A), bundle(1, B)),
    ],
)
def test_a_newer_bundle_replaces_the_last(
    keys: Configured, store: SnapshotStore, effects: Effects, first: Any, then: Any
) -> None:
    run(*keys("spiffe", first), store, effects)
    outcome = run(*keys("spiffe", then), store, effects)
    listed = {record.id for record in store.records(outcome.snapshot)}
    assert listed == {entry["kid"] for entry in then["keys"]}
    assert outcome.snapshot.sequence == 2


def test_the_sequence_is_of_the_bundle_and_not_of_what_could_be_used(
    keys: Configured, store: SnapshotStore, effects: Effects
) -> None:
    entries = [A, x509_jwk(end=MOMENT + datetime.timedelta(hours=1))]
    run(*keys("spiffe", bundle(4, *entries)), store, effects)
    later = Effects(now=lambda: NOW + 2 * instants.HOUR, sleep=effects.sleep, base=effects.base)
    config, _ = keys("spiffe", bundle(4, *entries), at=NOW + 2 * instants.HOUR)
    outcome = run(config, connect(config, later), store, later)
    assert (outcome.snapshot.count, outcome.snapshot.quarantined) == (1, 1)


def test_a_set_of_which_nothing_can_be_used_withdraws_what_was_there(
    keys: Configured, store: SnapshotStore, effects: Effects
) -> None:
    run(*keys("jwks", {"keys": [jwk("k1")]}), store, effects)
    outcome = run(*keys("jwks", {"keys": [jwk("k1", d="x")]}), store, effects)
    assert (outcome.snapshot.count, outcome.snapshot.quarantined) == (0, 1)


@pytest.mark.parametrize(("hint", "told"), [(300, True), (899, True), (900, False), (0, False), (10_000, False)])
def test_a_bundle_that_wants_to_be_read_more_often(
    keys: Configured, store: SnapshotStore, effects: Effects, hint: int, *, told: bool
) -> None:
    first = run(*keys("spiffe", bundle(1, hint=hint), at=NOW - 900 * instants.SECOND), store, effects)
    second = run(*keys("spiffe", bundle(1, hint=hint)), store, effects)
    assert first.notes == ()
    assert second.notes == ((f"asks to be read every {hint} s; 900 s passed since the last time",) if told else ())
