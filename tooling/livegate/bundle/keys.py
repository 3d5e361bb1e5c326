"""Keys for signing bundles: ES256 (P-256), the private half owner-only and outside the repository.

Public halves live in ``bundles/keys/<kid>.pem``, so OPA's configuration and ``verify`` find them; the file name
is the key id. Private halves are named by reference (``file:`` or ``env:``), see :mod:`livegate.secrets`.
"""

from __future__ import annotations

import os
import re
import stat
from typing import TYPE_CHECKING

import platformdirs
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from livegate import secrets
from livegate.errors import ConfigError, RefusedError
from livegate.files import read_bytes, write_bytes

if TYPE_CHECKING:
    from pathlib import Path

KID = re.compile(r"(?!\.)[A-Za-z0-9._-]{1,64}")
_LIMIT = 16 * 1024


def default_private_folder() -> Path:
    """The folder for private keys of this user: never inside a clone."""
    return platformdirs.user_config_path("livegate") / "keys"


def new(kid: str, private_dir: Path, public_dir: Path) -> tuple[Path, Path]:
    """Make a key pair; the paths of the private (0600, in a 0700 folder) and the public PEM file.

    Raises:
        ConfigError: ``kid`` is not a key id.
        RefusedError: either file is there, the private folder is inside a git work tree, or others can
            read that folder.
        LivegateError: a file cannot be written.
    """
    _check_kid(kid, where="kid")
    private, public = private_dir / f"{kid}.pem", public_dir / f"{kid}.pem"
    refuse_work_tree(private_dir, what="a private key")
    for path in (private, public):
        if path.exists() or path.is_symlink():
            raise RefusedError("there is a key already", where=str(path), todo="choose another key id")
    _make_private_folder(private_dir)
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    create(private, pem)
    write_bytes(public, _public_pem(key.public_key()).encode())
    return private, public


def load_private(reference: str, *, where: str = "signing key", base: Path | None = None) -> ec.EllipticCurvePrivateKey:
    """The private key that ``reference`` names (``file:PATH``, owner-only, or ``env:NAME`` holding the PEM).

    Raises:
        ConfigError: not there, readable by others, or not an unencrypted P-256 private key.
    """
    secret = secrets.resolve(reference, where=where, base=base)
    try:
        key = serialization.load_pem_private_key(secret.reveal().encode(), password=None)
    except (ValueError, TypeError) as error:
        # the cause is left out on purpose: it could show part of the text
        raise ConfigError(
            f"{reference} is not an unencrypted private key in PEM", where=where, todo="livegate keys new"
        ) from (None if isinstance(error, ValueError) else error)
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise ConfigError(f"{reference} is not a P-256 key (ES256)", where=where, todo="livegate keys new")
    return key


def load_public(folder: Path) -> dict[str, str]:
    """Key id → public PEM of every ``<kid>.pem`` in ``folder``, sorted by key id.

    Raises:
        ConfigError: a file that is no P-256 public key (a private one above all), or whose name is no key id.
    """
    return {path.stem: _read_public(path) for path in sorted(folder.glob("*.pem"))}


def names(folder: Path) -> tuple[str, ...]:
    """The key ids that have a public key in ``folder``."""
    return tuple(load_public(folder))


def parse_public(pem: str, *, where: str) -> ec.EllipticCurvePublicKey:
    """The P-256 public key of ``pem``.

    Raises:
        ConfigError: it is anything else.
    """
    try:
        key = serialization.load_pem_public_key(pem.encode())
    except ValueError as error:
        raise ConfigError("not a public key in PEM", where=where) from error
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise ConfigError("not a P-256 public key (ES256)", where=where)
    return key


def _read_public(path: Path) -> str:
    _check_kid(path.stem, where=str(path))
    data = read_bytes(path, limit=_LIMIT)
    if b"PRIVATE KEY" in data:
        raise ConfigError(
            "a private key among the public ones",
            where=str(path),
            todo="take it as disclosed: remove it, make a new pair, remove its public key",
        )
    # written anew, so that text around the key never reaches OPA's configuration
    return _public_pem(parse_public(data.decode("ascii", "replace"), where=str(path)))


def _public_pem(key: ec.EllipticCurvePublicKey) -> str:
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()


def _check_kid(kid: str, *, where: str) -> None:
    if not KID.fullmatch(kid):
        raise ConfigError(
            f"{kid!r} is not a key id", where=where, todo="1 to 64 letters, digits, '.', '_' or '-', no leading dot"
        )


def refuse_work_tree(folder: Path, *, what: str) -> None:
    """Raise RefusedError when ``folder`` is inside a git work tree, where ``what`` could be committed."""
    resolved = folder.expanduser().resolve()
    for parent in (resolved, *resolved.parents):
        if (parent / ".git").exists():
            raise RefusedError(
                f"{what} does not belong into the git work tree {parent}",
                where=str(folder),
                todo=f"choose a folder outside it, such as {default_private_folder()}",
            )


def _make_private_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, mode=0o700, exist_ok=True)
        mode = stat.S_IMODE(folder.stat().st_mode)
    except OSError as error:
        raise RefusedError(f"cannot make the folder: {error.strerror or error}", where=str(folder)) from error
    if mode & 0o077:
        raise RefusedError(
            f"others can look into the folder (mode {mode:04o})", where=str(folder), todo=f"chmod 700 {folder}"
        )


def create(path: Path, data: bytes) -> None:
    """Write a new file for its owner alone (0600).

    Raises:
        RefusedError: something is there already.
        ConfigError: it cannot be written.
    """
    # O_EXCL: of two that make the same key at once, one must lose and none may be overwritten
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
    except FileExistsError as error:
        raise RefusedError("is there already", where=str(path), todo="choose another name") from error
    except OSError as error:
        path.unlink(missing_ok=True)
        raise ConfigError(f"cannot write: {error.strerror or error}", where=str(path)) from error
