"""The generated configuration: what it must hold, and what it refuses."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from livegate.errors import ConfigError
from livegate.opa.config import BUNDLES, Settings, document, text
from livegate.opa.versions import Version


def public(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> str:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


PRIVATE = ec.generate_private_key(ec.SECP256R1())
ONE = public(PRIVATE)
TWO = public(ec.generate_private_key(ec.SECP256R1()))
SETTINGS = Settings(
    service="http://127.0.0.1:8282",
    token=Path("/run/livegate/token"),
    keys={"k1": ONE},
    version=Version(1, 22, 2),
    persistence=Path("/var/lib/livegate/opa"),
)


def test_every_bundle_is_signed_persisted_and_long_polled() -> None:
    found = document(SETTINGS)
    assert tuple(found["bundles"]) == BUNDLES == ("policy", "iga", "pam", "trust", "revocations")
    for name, bundle in found["bundles"].items():
        assert bundle["signing"] == {"keyid": "k1"}
        assert bundle["persist"] is True
        assert bundle["resource"] == f"bundles/{name}"
        assert bundle["polling"]["long_polling_timeout_seconds"] > 0
        assert bundle["polling"]["max_delay_seconds"] <= 5
        assert bundle["size_limit_bytes"] == 1 << 30


def test_keys_are_es256_and_the_token_is_only_named() -> None:
    found = document(SETTINGS)
    assert found["keys"] == {"k1": {"algorithm": "ES256", "key": ONE}}
    assert found["services"]["livegate"]["credentials"] == {"bearer": {"token_path": "/run/livegate/token"}}


def test_bodies_are_bounded_and_tokens_cached() -> None:
    found = document(SETTINGS)
    assert found["server"]["decoding"] == {
        "max_length": SETTINGS.request_bytes,
        "gzip": {"max_length": SETTINGS.request_bytes},
    }
    assert SETTINGS.request_bytes == 1 << 20
    assert found["caching"]["inter_query_builtin_value_cache"]["named"]["io_jwt"]["max_num_entries"] == 10_000
    assert document(replace(SETTINGS, tokens_cached=0))["caching"] == {}


def test_the_largest_request_fits_into_one_upload_of_the_decision_log() -> None:
    reporting = document(SETTINGS)["decision_logs"]["reporting"]
    assert reporting["upload_size_limit_bytes"] >= SETTINGS.request_bytes + (1 << 20), "and its answer"
    assert "nd_builtin_cache" not in document(SETTINGS)["decision_logs"]
    with pytest.raises(ConfigError, match="would be lost"):
        document(replace(SETTINGS, log_upload_bytes=SETTINGS.request_bytes + (1 << 20) - 1))


def test_several_live_keys_on_an_opa_that_then_still_refuses_unsigned_bundles() -> None:
    found = document(replace(SETTINGS, keys={"k2": TWO, "k1": ONE}))
    assert list(found["keys"]) == ["k1", "k2"]
    assert all(bundle["signing"] == {} for bundle in found["bundles"].values())


@pytest.mark.parametrize("version", [Version(1, 21, 3), Version(1, 22, 1)])
def test_several_live_keys_on_an_older_opa_are_refused(version: Version) -> None:
    with pytest.raises(ConfigError, match="k1, k2") as caught:
        document(replace(SETTINGS, keys={"k1": ONE, "k2": TWO}, version=version))
    assert "1.22.2" in str(caught.value)
    assert document(replace(SETTINGS, version=version))["bundles"]["iga"]["signing"] == {"keyid": "k1"}


def test_no_key_is_refused() -> None:
    with pytest.raises(ConfigError, match="no public key"):
        document(replace(SETTINGS, keys={}))


@pytest.mark.parametrize(
    ("pem", "says"),
    [
        (PRIVATE.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(), "private key"),
        (public(ec.generate_private_key(ec.SECP384R1())), "P-256"),
        (public(rsa.generate_private_key(65537, 2048)), "P-256"),
        ("not a key", "not a public key"),
        ("", "not a public key"),
    ],
    ids=["private", "p384", "rsa", "text", "empty"],
)
def test_keys_that_are_none(pem: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says) as caught:
        document(replace(SETTINGS, keys={"k1": pem}))
    assert caught.value.where == "keys.k1"
    assert len(pem) < 20 or pem not in str(caught.value)


@pytest.mark.parametrize("url", ["http://bundles.example", "ftp://127.0.0.1", "https://", "127.0.0.1:8282", ""])
def test_a_service_in_the_clear_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="neither https nor http"):
        document(replace(SETTINGS, service=url))


def test_a_password_in_the_url_is_refused_and_not_repeated() -> None:
    with pytest.raises(ConfigError, match="user name") as caught:
        document(replace(SETTINGS, service="https://me:S3CRET@bundles.example"))
    assert "S3CRET" not in str(caught.value)


def test_certificates_and_labels() -> None:
    settings = replace(SETTINGS, service="https://b.example", ca=Path("/etc/ca.pem"), labels={"region": "eu"})
    found = document(settings)
    assert found["services"]["livegate"]["tls"] == {"ca_cert": "/etc/ca.pem"}
    assert found["labels"] == {"app": "livegate", "region": "eu"}


@pytest.mark.parametrize(
    "settings",
    [
        replace(SETTINGS, labels={"region": "${HOME}"}),
        replace(SETTINGS, labels={"${HOME}": "eu"}),
        replace(SETTINGS, persistence=Path("/var/${TOKEN}")),
    ],
    ids=["value", "key", "path"],
)
def test_nothing_that_opa_would_replace_by_the_environment(settings: Settings) -> None:
    with pytest.raises(ConfigError, match="environment variable"):
        document(settings)


def test_the_text_is_json_and_yaml_and_the_same_each_time() -> None:
    found = text(SETTINGS)
    assert json.loads(found) == yaml.safe_load(found) == document(SETTINGS)
    assert found == text(replace(SETTINGS))
