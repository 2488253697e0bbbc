# SPDX-License-Identifier: Apache-2.0
"""Channels: who is told of which problems, by mail or by a webhook, at once or collected.

The secret of a webhook is ours: it is shown once, when the channel is made, and kept sealed by the master key.
"""

import re
import secrets
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from registry.alerts.problem import ProblemKind, Severity
from registry.audit.events import record
from registry.errors import AlreadyExistsError, NotFoundError, TechnicalError, ValidationError
from registry.master_key import MasterKey
from registry.storage.queries import alerts
from registry.storage.queries.alerts import ChannelRow
from registry.storage.unit_of_work import Connection, UnitOfWork

MAX_CHANNELS = 100
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_MAIL = re.compile(r"[!#-'*+/-9=?A-Z^-~-]+(\.[!#-'*+/-9=?A-Z^-~-]+)*@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
_MAX_MAIL, _MAX_URL = 254, 2_000
_SECRET_BYTES, _NONCE_BYTES = 32, 12
SECRET_PREFIX = "whsec_"  # noqa: S105 — as Standard Webhooks writes secrets
_INVALID = "ALERT-CHANNEL"


class ChannelKind(StrEnum):
    """How somebody is told."""

    MAIL = "mail"
    WEBHOOK = "webhook"


class Digest(StrEnum):
    """When: as soon as a problem is found, or what was found until the next full hour, or midnight (UTC)."""

    AT_ONCE = "at-once"
    HOURLY = "hourly"
    DAILY = "daily"


@dataclass(frozen=True, slots=True)
class NewChannel:
    """A channel to be made. Without `kinds` it tells of all, without `domains` (names) also of what is about none."""

    name: str
    kind: ChannelKind
    target: str
    least_severity: Severity = Severity.WARNING
    kinds: Sequence[ProblemKind] = ()
    domains: Sequence[str] = ()
    digest: Digest = Digest.AT_ONCE


@dataclass(frozen=True, slots=True)
class ChannelChange:
    """What becomes otherwise with a channel; None: stays."""

    target: str | None = None
    least_severity: Severity | None = None
    kinds: Sequence[ProblemKind] | None = None
    domains: Sequence[str] | None = None
    digest: Digest | None = None
    enabled: bool | None = None


def add(work: UnitOfWork, new: NewChannel) -> tuple[ChannelRow, str | None]:
    """Make a channel; returns it, and the secret of a webhook, which nobody can read again.

    Raises ValidationError ALERT-CHANNEL for a name or target that is none, AlreadyExistsError.
    """
    _check_name(work.connection, new.name)
    _check_target(new.kind, new.target)
    secret = sealed = None
    if new.kind is ChannelKind.WEBHOOK:
        raw = secrets.token_bytes(_SECRET_BYTES)
        sealed = _seal(_required_key(work.master_key), new.name, raw)
        secret = SECRET_PREFIX + b64encode(raw).decode()
    values = {
        "name": new.name,
        "kind": new.kind.value,
        "target": new.target,
        "least_severity": new.least_severity.value,
        "kinds": sorted(kind.value for kind in new.kinds),
        "domains": sorted(new.domains),
        "digest": new.digest.value,
        "enabled": True,
        "secret": sealed,
    }
    if alerts.add_channel(work, values) is None:
        raise AlreadyExistsError(f"there is a channel {new.name} already")
    # Not the target: an address of a mailbox may be a person's.
    after = {name: value for name, value in values.items() if name not in {"name", "target", "secret"}}
    record(work, "alerts:channel:create", f"channel:{new.name}", after=after)
    return required(work.connection, new.name), secret


def change(work: UnitOfWork, name: str, wanted: ChannelChange) -> ChannelRow:
    """Change a channel; its name, kind and secret stay. Disabled, it is told of nothing until it is enabled again.

    Raises NotFoundError, ValidationError ALERT-CHANNEL.
    """
    row = required(work.connection, name)
    if wanted.target is not None:
        _check_target(ChannelKind(row.kind), wanted.target)
    given = {
        "target": wanted.target,
        "least_severity": None if wanted.least_severity is None else wanted.least_severity.value,
        "kinds": None if wanted.kinds is None else sorted(kind.value for kind in wanted.kinds),
        "domains": None if wanted.domains is None else sorted(wanted.domains),
        "digest": None if wanted.digest is None else wanted.digest.value,
        "enabled": wanted.enabled,
    }
    held = {member: list(value) if isinstance(value := getattr(row, member), tuple) else value for member in given}
    new = {member: value for member, value in given.items() if value is not None and value != held[member]}
    if new:
        alerts.change_channel(work, row.id, new)
        shown = [member for member in new if member != "target"]  # which may be a person's
        record(
            work,
            "alerts:channel:change",
            f"channel:{name}",
            before={member: held[member] for member in shown},
            after={member: new[member] for member in shown} | ({"target_changed": True} if "target" in new else {}),
        )
    return required(work.connection, name)


def remove(work: UnitOfWork, name: str) -> None:
    """Remove a channel; nobody is told by it any more. Raises NotFoundError."""
    row = required(work.connection, name)
    alerts.remove_channel(work, row.id)
    record(work, "alerts:channel:delete", f"channel:{name}", before={"kind": row.kind, "digest": row.digest})


def required(connection: Connection, name: str) -> ChannelRow:
    """A channel by its name. Raises NotFoundError."""
    row = alerts.find_channel(connection, name)
    if row is None:
        raise NotFoundError("there is no such channel")
    return row


def secret_of(master_key: MasterKey | None, channel: ChannelRow) -> bytes:
    """What a webhook's messages are signed with. Raises TechnicalError where it can't be read."""
    sealed = channel.secret or b""
    try:
        cipher = AESGCM(_required_key(master_key).derive("alert-secret"))
        return cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], channel.name.encode())
    except (InvalidTag, ValueError) as error:
        raise TechnicalError(
            f"the secret of the channel {channel.name} can't be read; remove it, and make it anew"
        ) from error


def _seal(master_key: MasterKey, name: str, secret: bytes) -> bytes:
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return nonce + AESGCM(master_key.derive("alert-secret")).encrypt(nonce, secret, name.encode())


def _required_key(master_key: MasterKey | None) -> MasterKey:
    if master_key is None:
        raise TechnicalError("the secret of a webhook is sealed with the master key, which isn't at hand")
    return master_key


def _check_name(connection: Connection, name: str) -> None:
    if not _NAME.fullmatch(name):
        raise ValidationError.of(_INVALID, "a name has lower-case letters, digits and hyphens, 63 at most")
    if len(alerts.channels(connection)) >= MAX_CHANNELS:
        raise ValidationError.of(_INVALID, f"there are {MAX_CHANNELS} channels already")


def is_mail_address(text: str) -> bool:
    """Whether a text is one plain mail address (RFC 5321 §4.1.2, without quotes)."""
    return len(text) <= _MAX_MAIL and _MAIL.fullmatch(text) is not None


def _check_target(kind: ChannelKind, target: str) -> None:
    if kind is ChannelKind.MAIL and not is_mail_address(target):
        raise ValidationError.of(_INVALID, "the target of a mail is one address: somebody@example.org")
    if kind is ChannelKind.WEBHOOK:
        _check_url(target)


def _check_url(url: str) -> None:
    message = "the target of a webhook is an address https://host/path, without a user, and visible characters only"
    try:
        parts = urlsplit(url)
        good = parts.scheme == "https" and bool(parts.hostname) and parts.port != 0 and "@" not in parts.netloc
    except ValueError:
        good = False
    if not good or len(url) > _MAX_URL or not url.isascii() or not url.isprintable() or " " in url:
        raise ValidationError.of(_INVALID, message)
