"""Bundles with their documents spoilt (:mod:`livegate.regression.spoilt`), signed again so that OPA takes them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from livegate import canonical
from livegate.bundle import archive
from livegate.bundle.build import MANIFEST, pack
from livegate.bundle.signing import NAME as SIGNATURES
from livegate.files import open_regular, replacing
from livegate.regression.spoilt import documents, patches

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from livegate.bundle.signing import Signer
    from livegate.opa.process import Local


def repacked(local: Local, text: str, signer: Signer, folder: Path) -> Local:
    """The same bundles with their documents spoilt, written to ``folder`` and signed again.

    Raises:
        BundleError: one cannot be read, or is no archive.
    """
    made: Sequence[Path] = [_again(path, text, signer, folder / path.name) for path in local.bundles]
    return replace(local, bundles=tuple(made))


def _again(path: Path, text: str, signer: Signer, target: Path) -> Path:
    with open_regular(path) as stream:
        files = archive.read(stream, where=str(path))
    names = {name.removesuffix("/data.json"): name for name in files if name.endswith("/data.json")}
    touched = {root for patch in patches(text) for root in patch} & names.keys()
    if not touched:
        return path
    sound = {root: canonical.loads(files[name], where=f"{path}: {name}") for root, name in names.items()}
    spoilt = documents(sound, canonical.dumps([_of(patch, names) for patch in patches(text)]).decode())
    manifest = canonical.loads(files[MANIFEST], where=f"{path}: {MANIFEST}")
    kept = {name: data for name, data in files.items() if name not in (MANIFEST, SIGNATURES)}
    kept |= {names[root]: canonical.dumps(spoilt[root]) for root in touched}
    with replacing(target, mode=0o600) as stream:
        pack(kept, manifest, signer, stream)
    return target


def _of(patch: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    return {root: one for root, one in patch.items() if root in names}
