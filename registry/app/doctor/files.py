# SPDX-License-Identifier: Apache-2.0
"""The files of an installation: who may read them, and whether they can be used."""

import os
import shutil
import stat
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from registry.app.doctor.findings import Finding, error, hint, warning
from registry.app.limits import tls_policy_of
from registry.app.privileges import Identity
from registry.app.secret_files import named_by
from registry.errors import ConfigurationError
from registry.listeners.pairs import PairFiles, ServerCertificate, find_pairs
from registry.listeners.tls import server_context
from registry.settings import Settings

TLS_SOON = timedelta(days=14)
"""Those who renew by themselves do so 30 days before the end."""
_LITTLE_BYTES, _VERY_LITTLE_BYTES = 2_000_000_000, 200_000_000
_LITTLE, _VERY_LITTLE = 0.10, 0.02
_SECRET = ("_key", "_file")


def check_secrets(settings: Settings) -> Iterator[Finding]:
    """Secrets that others can read, and files that the user who serves can't."""
    for path in _secrets(settings):
        mode = _mode(path)
        if mode is not None and mode & (stat.S_IROTH | stat.S_IWOTH):
            what = f"everybody on this machine may read or change {path}"
            yield error("DOCTOR-SECRET-OPEN", what, f"chmod o= {path}", str(path))
    mode = _mode(settings.data_dir)
    if mode is not None and mode & stat.S_IWOTH:
        yield error(
            "DOCTOR-DATA-OPEN", f"everybody may write into {settings.data_dir}", f"chmod o= {settings.data_dir}"
        )
    yield from _check_user(settings)


def _secrets(settings: Settings) -> Iterator[Path]:
    for name, path in named_by(settings):
        if name.endswith(_SECRET) and path.is_file():
            yield path
    if settings.public_tls is not None:
        for pair in _pairs(settings):
            yield pair.key


def _check_user(settings: Settings) -> Iterator[Finding]:
    if settings.run_as is None:
        if os.geteuid() == 0:
            yield warning(
                "DOCTOR-ROOT",
                "started like this, the program serves as root: whoever finds a hole in it has the machine",
                "Set REGISTRY_RUN_AS to a user of its own; ports below 1024 are bound before.",
            )
        return
    try:
        identity = Identity.parse(settings.run_as)
    except ConfigurationError as problem:
        yield error("DOCTOR-RUN-AS", str(problem), "Make the user (useradd --system registry), or name another one.")
        return
    for path in [settings.data_dir.absolute(), *(path for _, path in named_by(settings)), *_secrets(settings)]:
        if path.exists() and not may_read(path, identity):
            yield error(
                "DOCTOR-RUN-AS-FILE",
                f"{identity.name} can't read {path}, and the program reads it as that user",
                f"chown {identity.name} {path}, and see that the folders above can be entered.",
                str(path),
            )


def may_read(path: Path, identity: Identity) -> bool:
    """Whether a user may read a file, or list and enter a folder, by the permission bits on the way there."""
    real = path.resolve()
    if not all(_allowed(folder, identity, stat.S_IXOTH) for folder in real.parents):
        return False
    return _allowed(real, identity, stat.S_IROTH | (stat.S_IXOTH if real.is_dir() else 0))


def _allowed(path: Path, identity: Identity, wanted: int) -> bool:
    try:
        found = path.stat()
    except OSError:
        return False
    shift = 6 if found.st_uid == identity.uid else 3 if found.st_gid in identity.groups else 0
    return found.st_mode >> shift & wanted == wanted


def _mode(path: Path) -> int | None:
    try:
        return path.stat().st_mode
    except OSError:
        return None


def check_tls(settings: Settings, now: datetime) -> Iterator[Finding]:
    """Certificates of listeners that can't be used, or not for much longer."""
    try:
        policy = tls_policy_of(settings)
    except ConfigurationError as problem:
        yield error("DOCTOR-TLS-POLICY", str(problem), "Leave REGISTRY_TLS_CIPHERS out, or name strong suites only.")
        return
    pairs = [
        PairFiles(listener, certificate, getattr(settings, f"{listener}_tls_key"))
        for listener in ("public", "manage", "sml", "resolver")
        if (certificate := getattr(settings, f"{listener}_tls_cert")) is not None
    ]
    try:
        pairs += find_pairs(settings.public_tls) if settings.public_tls is not None else []
    except ConfigurationError as problem:
        yield error("DOCTOR-TLS", str(problem), "Put certificates and keys there, or name another folder.")
    for pair in pairs:
        try:
            server_context(str(pair.certificate), str(pair.key), policy=policy)
            served = ServerCertificate.read(pair.certificate)
        except ConfigurationError as problem:
            remedy = "Put the certificate's chain and its own key there, in PEM."
            yield error("DOCTOR-TLS", str(problem), remedy, str(pair.certificate))
            continue
        ends = served.not_after
        if served.not_before > now:
            what = f"the certificate {pair.certificate} is not valid before {served.not_before:%Y-%m-%d %H:%M} UTC"
            remedy = "Put the one before back until then, or set this machine's clock right."
            yield error("DOCTOR-TLS-EARLY", what, remedy, str(pair.certificate))
        if ends <= now:
            remedy = "Renew it; the new one is taken over without a restart."
            what = f"the certificate {pair.certificate} ended {ends:%Y-%m-%d}"
            yield error("DOCTOR-TLS-EXPIRED", what, remedy, str(pair.certificate))
        elif ends <= now + TLS_SOON:
            remedy = "Renew it, and see why that wasn't done by itself."
            what = f"the certificate {pair.certificate} ends {ends:%Y-%m-%d}"
            yield warning("DOCTOR-TLS-ENDS", what, remedy, str(pair.certificate))


def _pairs(settings: Settings) -> list[PairFiles]:
    try:
        return find_pairs(settings.public_tls) if settings.public_tls is not None else []
    except ConfigurationError:
        return []  # told by check_tls


def check_disk(settings: Settings) -> Iterator[Finding]:
    """The room on the disk of the data folder."""
    folder = settings.data_dir.absolute()
    if not folder.exists():
        yield hint("DOCTOR-NEW", f"there is no folder {folder} yet", "`registry serve` makes it.")
        return
    usage = shutil.disk_usage(folder)
    what = f"{usage.free // 1_000_000:,} MB of {usage.total // 1_000_000:,} MB are free for {folder}".replace(",", " ")
    remedy = "Make room: a database that can't write refuses every change. Old backups and logs are a good start."
    share = usage.free / usage.total
    if usage.free < _VERY_LITTLE_BYTES or (share < _VERY_LITTLE and usage.free < _LITTLE_BYTES):
        yield error("DOCTOR-DISK", what, remedy)
    elif usage.free < _LITTLE_BYTES or (share < _LITTLE and usage.free < 10 * _LITTLE_BYTES):
        yield warning("DOCTOR-DISK", what, remedy)
