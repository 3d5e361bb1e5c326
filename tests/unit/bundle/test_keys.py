"""Keys: owner-only, outside the repository, never overwritten, never shown."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from livegate.bundle import keys
from livegate.errors import ConfigError, RefusedError


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """Where private and public keys go."""
    return tmp_path / "private", tmp_path / "public"


def test_a_new_pair_fits_and_is_owner_only(folders: tuple[Path, Path]) -> None:
    private, public = keys.new("k1", *folders)
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    assert stat.S_IMODE(private.parent.stat().st_mode) == 0o700
    assert b"BEGIN PRIVATE KEY" in private.read_bytes()
    key = keys.load_private(f"file:{private}")
    pem = keys.load_public(folders[1])["k1"]
    assert pem == public.read_text()
    assert keys.parse_public(pem, where="x").public_numbers() == key.public_key().public_numbers()
    assert keys.names(folders[1]) == ("k1",)


@pytest.mark.parametrize("kid", ["", "../x", "a/b", "a b", ".hidden", "..", "x" * 65, "é", "a\n"])
def test_a_bad_key_id_is_refused(kid: str, folders: tuple[Path, Path]) -> None:
    with pytest.raises(ConfigError):
        keys.new(kid, *folders)
    assert not folders[0].exists()


@pytest.mark.parametrize("which", [0, 1])
def test_nothing_is_overwritten(which: int, folders: tuple[Path, Path]) -> None:
    paths = keys.new("k1", *folders)
    before = [path.read_bytes() for path in paths]
    with pytest.raises(RefusedError) as caught:
        keys.new("k1", *folders)
    assert caught.value.exit_code == 4
    paths[1 - which].unlink()
    with pytest.raises(RefusedError):
        keys.new("k1", *folders)
    assert paths[which].read_bytes() == before[which]


def test_a_git_work_tree_gets_no_private_key(tmp_path: Path) -> None:
    (tmp_path / "clone" / ".git").mkdir(parents=True)
    with pytest.raises(RefusedError, match="work tree"):
        keys.new("k1", tmp_path / "clone" / "a" / "b", tmp_path / "public")
    (tmp_path / "link").symlink_to(tmp_path / "clone")
    with pytest.raises(RefusedError, match="work tree"):
        keys.new("k1", tmp_path / "link" / "a", tmp_path / "public")
    assert not (tmp_path / "public").exists()


def test_a_folder_that_others_see_is_refused(folders: tuple[Path, Path]) -> None:
    folders[0].mkdir(mode=0o755)
    folders[0].chmod(0o755)
    with pytest.raises(RefusedError, match="chmod 700"):
        keys.new("k1", *folders)


def test_a_private_key_that_others_read_is_refused(folders: tuple[Path, Path]) -> None:
    private, _ = keys.new("k1", *folders)
    private.chmod(0o640)
    with pytest.raises(ConfigError, match="chmod 600"):
        keys.load_private(f"file:{private}")


def test_a_private_key_from_the_environment(folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    private, _ = keys.new("k1", *folders)
    monkeypatch.setenv("SIGNING_KEY", private.read_text())
    assert isinstance(keys.load_private("env:SIGNING_KEY"), ec.EllipticCurvePrivateKey)


def _pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey, password: bytes = b"") -> str:
    encryption = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption).decode()


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("hunter2-not-a-key", id="text"),
        pytest.param(_pem(ec.generate_private_key(ec.SECP384R1())), id="other-curve"),
        pytest.param(_pem(rsa.generate_private_key(65537, 2048)), id="rsa"),
        pytest.param(_pem(ec.generate_private_key(ec.SECP256R1()), b"secret"), id="encrypted"),
    ],
)
def test_another_private_key_is_refused_without_being_shown(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGNING_KEY", text)
    with pytest.raises(ConfigError) as caught:
        keys.load_private("env:SIGNING_KEY")
    assert text[:20] not in str(caught.value) or text.startswith("-----")
    assert "hunter2" not in repr(caught.value.__cause__)
    assert caught.value.exit_code == 2


def test_a_private_key_among_the_public_is_refused(folders: tuple[Path, Path]) -> None:
    private, public = keys.new("k1", *folders)
    (public.parent / "k2.pem").write_bytes(private.read_bytes())
    with pytest.raises(ConfigError, match="disclosed"):
        keys.load_public(public.parent)


@pytest.mark.parametrize("text", ["", "nothing", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "é"])
def test_what_is_no_public_key_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "k9.pem").write_text(text)
    with pytest.raises(ConfigError, match=r"k9\.pem"):
        keys.load_public(tmp_path)


def test_no_folder_no_keys(tmp_path: Path) -> None:
    assert keys.load_public(tmp_path / "none") == {}


def test_default_folder_is_the_users(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    folder = keys.default_private_folder()
    assert folder.name == "keys"
    assert not folder.is_relative_to(Path(__file__).parents[3])
