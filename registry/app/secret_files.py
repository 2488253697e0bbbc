# SPDX-License-Identifier: Apache-2.0
"""The files beside the database without which an installation can't go on: master key, signing keys, TLS keys.

In a backup they are encrypted: AES-256-GCM with a key from a passphrase (scrypt, RFC 7914). The manifest of the backup
is the associated data, so who knows the passphrase also knows that nobody has changed what the manifest says, among it
the hash of the database.
"""

import json
import os
import secrets
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from registry.app.archive import MAX_SECRETS, KeyDerivation, Manifest, broken, sync_folder
from registry.errors import ConfigurationError, ConflictError, ValidationError
from registry.settings import Settings

MASTER_KEY = "master_key_file"
_MAX_FILE = 1 << 20
_MIN_PASSPHRASE = 12
_OUTSIDE = "restored"
"""Folder in the data folder for files that were somewhere else."""


@dataclass(frozen=True, slots=True)
class SecretFile:
    """A file and where it was (an absolute path).

    `setting` names it, or the folder `root` that it is in; signing keys have none.
    """

    path: str
    content: bytes
    setting: str = ""
    root: str = ""


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a file goes, and whether one with another content is there already."""

    file: SecretFile
    place: Path
    replaces: bool


def new_derivation() -> KeyDerivation:
    """Salt and nonce that nobody has used before."""
    return KeyDerivation(secrets.token_hex(16), secrets.token_hex(12))


def collect(settings: Settings, signing_key_files: Iterable[str]) -> tuple[list[SecretFile], list[str]]:
    """Every file that the settings or a signing key name, or that is in a folder that the settings name.

    Also gives those that are named and can't be read. Raises ConfigurationError where they are too large to be keys.
    """
    found: dict[str, SecretFile] = {}
    lacks: list[str] = []
    for setting, path in named_by(settings):
        if setting not in {MASTER_KEY, *settings.model_fields_set} and not path.exists():
            continue  # a place for what this installation doesn't have
        for file in sorted(path.glob("**/*")) if path.is_dir() else [path]:
            if not file.is_dir():
                _take(file, setting, str(path), found, lacks)
    for name in signing_key_files:
        _take(Path(name), "", "", found, lacks)
    if sum(len(file.content) for file in found.values()) > MAX_SECRETS // 2:
        raise ConfigurationError("the files that settings and signing keys name are too large for a backup")
    return list(found.values()), lacks


def named_by(settings: Settings) -> list[tuple[str, Path]]:
    """The settings that name a file or a folder of files, but the data folder."""
    values = ((name, getattr(settings, name)) for name in type(settings).model_fields)
    return [(name, value.absolute()) for name, value in values if isinstance(value, Path) and name != "data_dir"]


def _take(file: Path, setting: str, root: str, found: dict[str, SecretFile], lacks: list[str]) -> None:
    name = str(file.absolute())
    try:
        if file.stat().st_size > _MAX_FILE:
            raise ConfigurationError(f"{file} is too large for a key")
        found.setdefault(name, SecretFile(name, file.read_bytes(), setting, root))
    except OSError:
        lacks.append(name)


def seal(files: Sequence[SecretFile], manifest: Manifest, passphrase: str) -> bytes:
    """The files encrypted, for the backup with this manifest. Raises ConfigurationError for a short passphrase."""
    if len(passphrase) < _MIN_PASSPHRASE:
        raise ConfigurationError(f"the passphrase is too short: it takes {_MIN_PASSPHRASE} characters or more")
    listed = [asdict(file) | {"content": b64encode(file.content).decode()} for file in files]
    cipher, nonce = _cipher(manifest, passphrase)
    return cipher.encrypt(nonce, json.dumps(listed).encode(), manifest.without_secrets())


def unseal(data: bytes, manifest: Manifest, passphrase: str) -> list[SecretFile]:
    """The files in a backup. Raises ValidationError BACKUP-PASSPHRASE for a wrong one, or changed data."""
    cipher, nonce = _cipher(manifest, passphrase)
    try:
        content = cipher.decrypt(nonce, data, manifest.without_secrets())
    except InvalidTag as error:
        message = "the passphrase is wrong, or somebody has changed the backup"
        raise ValidationError.of("BACKUP-PASSPHRASE", message) from error
    return [SecretFile(**item | {"content": b64decode(item["content"])}) for item in json.loads(content)]


def _cipher(manifest: Manifest, passphrase: str) -> tuple[AESGCM, bytes]:
    how = manifest.key_derivation
    if how is None:
        raise broken("it doesn't say how its secret files are encrypted")
    scrypt = Scrypt(salt=bytes.fromhex(how.salt), length=32, n=how.n, r=how.r, p=how.p)
    return AESGCM(scrypt.derive(passphrase.encode())), bytes.fromhex(how.nonce)


def places(
    files: Iterable[SecretFile], manifest: Manifest, settings: Settings, *, original_paths: bool
) -> list[Placed]:
    """Where each file goes: the master key where the settings have it, the others into the data folder.

    What was in the data folder keeps its place in it, what was elsewhere comes into a folder of it; with
    `original_paths` it goes back to where it was. Raises ValidationError BACKUP-BROKEN for paths that lead elsewhere.
    """
    placed: list[Placed] = []
    data_dir = settings.data_dir.absolute()
    for file in files:
        old = PurePosixPath(file.path)
        if not old.is_absolute() or ".." in old.parts or "\0" in file.path:
            raise broken(f"a secret file has the path {file.path!r}")
        if file.setting == MASTER_KEY:
            place = settings.master_key_file.absolute()
        elif old.is_relative_to(manifest.data_dir):
            place = data_dir / old.relative_to(manifest.data_dir)
        elif original_paths:
            place = Path(file.path)
        else:
            place = data_dir.joinpath(_OUTSIDE, *old.parts[1:])
        if not original_paths and file.setting != MASTER_KEY:
            _check_inside(place, data_dir)
        placed.append(Placed(file, place, _differs(place, file.content)))
    return placed


def _check_inside(place: Path, folder: Path) -> None:
    """Raises ConflictError where a symbolic link leads out of the folder."""
    if not place.parent.resolve().is_relative_to(folder.resolve()) or place.is_symlink():
        raise ConflictError(f"{place} is, or is behind, a symbolic link; nothing is written outside of {folder}")


def _differs(place: Path, content: bytes) -> bool:
    try:
        return place.read_bytes() != content
    except FileNotFoundError:
        return False
    except OSError as error:
        raise ConfigurationError(f"{place} can't be read: {error.strerror}") from error


def write(placed: Sequence[Placed], suffix: str) -> None:
    """Write the files, readable by their owner only; one that is replaced is kept with `suffix` behind its name.

    Raises ConfigurationError where one can't be written.
    """
    for item in placed:
        place = item.place
        try:
            _make_folders(place.parent)
            if item.replaces:
                place.rename(place.with_name(place.name + suffix))
            new = place.with_name(f".{place.name}.{secrets.token_hex(8)}")
            with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
                stream.write(item.file.content)
                stream.flush()
                os.fsync(stream.fileno())
            new.rename(place)
            sync_folder(place.parent)
        except OSError as error:
            raise ConfigurationError(f"{place} can't be written: {error.strerror}") from error


def _make_folders(folder: Path) -> None:
    for missing in reversed([part for part in (folder, *folder.parents) if not part.exists()]):
        missing.mkdir(mode=0o700)


def settings_to_change(placed: Iterable[Placed], settings: Settings) -> dict[str, str]:
    """Settings that don't name the files that came with the backup, with the paths that they should name."""
    now = dict(named_by(settings))
    wanted: dict[str, Path] = {}
    for item in placed:
        if item.file.setting:
            depth = len(PurePosixPath(item.file.path).relative_to(item.file.root).parts)
            wanted[item.file.setting] = [item.place, *item.place.parents][depth]
    return {name: str(path) for name, path in wanted.items() if now.get(name) != path}


def moved_paths(placed: Iterable[Placed]) -> Mapping[str, str]:
    """The new path of each file that isn't where it was."""
    return {item.file.path: str(item.place) for item in placed if item.file.path != str(item.place)}
