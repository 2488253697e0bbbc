# SPDX-License-Identifier: Apache-2.0
"""The planned roll-over of the key with which a domain's SMP signs.

A key is planned for an instant T. At T a job makes it the active one, exactly once, whoever runs; since the key is part
of every stamp, nothing that the old one signed is served from then on, and everything is signed anew in the background.
The documents of the 1.x dialects name one certificate, so that is their re-publication. Clients may still hold what the
old key signed: it is safe to retire at T and the time for which they keep it and their clocks differ.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from cryptography.hazmat.primitives.serialization import Encoding

from registry.audit.events import record
from registry.domains.domain import Domain
from registry.errors import ConfigurationError, NotFoundError, Reason, ValidationError
from registry.jobs.queue import enqueue
from registry.smp.documents.catalogue import DIALECTS
from registry.smp.documents.signing import signature_profile
from registry.smp.signed_documents import read_signing_key
from registry.storage.certificate_rows import certificate_row
from registry.storage.domain_directory import StoredDomain
from registry.storage.engine import Actor, Database, retried
from registry.storage.queries import certificate_views, certificates, domains, signing_keys
from registry.storage.queries.signing_keys import KeyRow, NamedRedirect
from registry.storage.unit_of_work import Connection, UnitOfWork
from registry.trust import TrustModel
from trust_lists.certificates.parsing import SigningKey, fingerprint, load_certificate, same_subject
from trust_lists.errors import SigningError
from trust_lists.signatures.xmldsig import create_signature

ACTIVATION = "activate-signing-key"
"""The kind of the job that activates a planned key."""
KeyState = Literal["former", "active", "planned"]
_MAX_REDIRECTS = 1_000


@dataclass(frozen=True, slots=True)
class Retirement:
    """How long after a change of keys the old one is still needed."""

    client_cache: timedelta
    """For which clients keep documents, at the longest."""
    skew: timedelta
    """By which clocks differ, at the most."""

    def safe_from(self, changed_at: datetime | None) -> datetime | None:
        """When nobody needs the old key any more, where it is known when the new one came."""
        return None if changed_at is None else changed_at + self.client_cache + self.skew


@dataclass(frozen=True, slots=True)
class SigningKeyView:
    """A signing key.

    `safe_to_retire_at` is known of former keys, and of the active one where its successor is planned.
    """

    id: int
    state: KeyState
    certificate_sha256: str
    subject: str
    not_before: datetime | None
    not_after: datetime | None
    planned_at: datetime | None
    retired_at: datetime | None
    safe_to_retire_at: datetime | None


@dataclass(frozen=True, slots=True)
class BrokenRedirects:
    """Redirects held here that name the certificate of the present key, and not that of the next one."""

    count: int
    redirects: tuple[NamedRedirect, ...]
    """The first of them."""


@dataclass(frozen=True, slots=True)
class PlannedKey:
    """A key that is planned, and what to know before its instant comes."""

    id: int
    warnings: tuple[str, ...]
    broken: BrokenRedirects


class SigningKeys:
    """The signing keys of one domain; `request_signing` has all that it serves signed in the background."""

    def __init__(
        self,
        database: Database,
        stored: StoredDomain,
        trust: TrustModel,
        request_signing: Callable[[UnitOfWork, int], int],
    ) -> None:
        self._database = database
        self._stored = stored
        self._trust = trust
        self._request_signing = request_signing

    def listed(self, retirement: Retirement) -> list[SigningKeyView]:
        """All of them, in the order in which they were added."""
        with self._database.read() as connection:
            rows = signing_keys.of_domain(connection, self._stored.id)
        planned_at = next((row.planned_at for row in rows if row.is_planned), None)
        return [_view(row, retirement.safe_from(planned_at if row.active else row.retired_at)) for row in rows]

    def broken_redirects(self, key_id: int) -> BrokenRedirects:
        """What will break when this key takes over from the active one. Raises NotFoundError."""
        with self._database.read() as connection:
            row = self._planned(connection, key_id)
            return _broken(connection, self._stored.id, row.certificate_sha256)

    @retried
    def plan(self, actor: Actor, file: Path, password_file: Path | None, at: datetime) -> PlannedKey:
        """Let another key sign from an instant on; it takes the place of one that is planned already.

        Raises ConfigurationError for a key that can't be read or doesn't fit a dialect; ValidationError for an instant
        that is over, or at which the certificate isn't valid.
        """
        key = read_signing_key(file, password_file)
        check_signing_key(self._stored.domain, key)
        values = certificate_row(key.certificate.public_bytes(Encoding.DER))
        sha256, name = str(values["sha256"]), str(file.absolute())
        with self._database.write(actor) as work:
            _check_instant(key, at, work.now)
            domains.lock(work, self._stored.id)
            for row in signing_keys.of_domain(work.connection, self._stored.id):
                if row.active and row.certificate_sha256 == sha256:
                    raise ValidationError.of("SIGNING-KEY-ACTIVE", "this key signs already")
                if row.is_planned:
                    if (row.certificate_sha256, row.planned_at, row.file) == (sha256, at, name):
                        return PlannedKey(
                            row.id, self._warnings(key, at), _broken(work.connection, self._stored.id, sha256)
                        )
                    self._forget(work, row)
            certificates.put(work.connection, [values])
            password = str(password_file.absolute()) if password_file else None
            key_id = signing_keys.plan(work, self._stored.id, sha256, name, password, at)
            # One job for each instant, which finds nothing to do where the plan was called off meanwhile.
            job_key = f"{ACTIVATION}:{self._stored.id}:{at.isoformat()}"
            enqueue(work, ACTIVATION, {}, key=job_key, domain_id=self._stored.id, run_at=at)
            after = {"certificate": sha256, "subject": values["subject"], "at": at.isoformat()}
            record(work, "smp:signing-key:plan", self._subject, domain_id=self._stored.id, after=after)
            return PlannedKey(key_id, self._warnings(key, at), _broken(work.connection, self._stored.id, sha256))

    @retried
    def activate(self, actor: Actor, key_id: int) -> bool:
        """Make a planned key the one that signs, now; False where it is already.

        Raises NotFoundError; ConfigurationError for a key that can't be read or doesn't fit any more, ValidationError
        for a certificate that isn't valid now.
        """
        with self._database.write(actor) as work:
            domains.lock(work, self._stored.id)
            rows = signing_keys.of_domain(work.connection, self._stored.id)
            if any(row.id == key_id and row.active for row in rows):
                return False
            self._activate(work, self._planned(work.connection, key_id))
            return True

    @retried
    def activate_due(self, actor: Actor) -> bool:
        """Activate the planned key where its instant has come; False where there is none. Raises as `activate`."""
        with self._database.write(actor) as work:
            domains.lock(work, self._stored.id)
            for row in signing_keys.of_domain(work.connection, self._stored.id):
                if row.is_planned and row.planned_at is not None and row.planned_at <= work.now:
                    self._activate(work, row)
                    return True
            return False

    @retried
    def cancel(self, actor: Actor, key_id: int) -> None:
        """Call off a planned key. Raises NotFoundError."""
        with self._database.write(actor) as work:
            domains.lock(work, self._stored.id)
            self._forget(work, self._planned(work.connection, key_id))

    @property
    def _subject(self) -> str:
        return f"domain:{self._stored.domain.name}"

    def _planned(self, connection: Connection, key_id: int) -> KeyRow:
        for row in signing_keys.of_domain(connection, self._stored.id):
            if row.id == key_id and row.is_planned:
                return row
        raise NotFoundError(f"the domain {self._stored.domain.name} has no planned signing key {key_id}")

    def _activate(self, work: UnitOfWork, row: KeyRow) -> None:
        key = read_signing_key(Path(row.file), Path(row.password_file) if row.password_file else None)
        check_signing_key(self._stored.domain, key)
        if fingerprint(key.certificate) != row.certificate_sha256:
            raise ConfigurationError(f"the signing key {row.file} is another one than was planned")
        _check_valid(key, work.now)
        rows = signing_keys.of_domain(work.connection, self._stored.id)
        before = next((_audited(each) for each in rows if each.active), None)
        signing_keys.activate(work, self._stored.id, row.id)
        shown = {"before": before, "after": _audited(row)}
        record(work, "smp:signing-key:activate", self._subject, domain_id=self._stored.id, **shown)
        self._request_signing(work, self._stored.id)

    def _forget(self, work: UnitOfWork, row: KeyRow) -> None:
        signing_keys.forget(work, row.id)
        record(work, "smp:signing-key:cancel", self._subject, domain_id=self._stored.id, before=_audited(row))

    def _warnings(self, key: SigningKey, at: datetime) -> tuple[str, ...]:
        """A domain may publish without knowing whom clients trust, so this is no reason to refuse."""
        decision = self._trust.decide("smp-sign", key.certificate, at, key.chain)
        if decision.accepted:
            return ()
        return (f"the domain would not accept the signer of a look-up at that instant: {decision.reason}",)


def check_signing_key(domain: Domain, key: SigningKey) -> None:
    """Raises ConfigurationError where a dialect of the domain does not allow to sign with this key."""
    for name in domain.smp.dialects:
        dialect = DIALECTS[name]
        try:
            create_signature(b"<probe></probe>", key, signature_profile(domain, dialect))
        except SigningError as error:
            raise ConfigurationError(f"the signing key does not fit {dialect.title} in this domain: {error}") from error


def _check_instant(key: SigningKey, at: datetime, now: datetime) -> None:
    if at <= now:
        raise ValidationError.of("SIGNING-KEY-INSTANT", f"{at.isoformat()} is over already")
    _check_valid(key, at)


def _check_valid(key: SigningKey, at: datetime) -> None:
    first, last = key.certificate.not_valid_before_utc, key.certificate.not_valid_after_utc
    if not first <= at <= last:
        message = f"the certificate is valid from {first.isoformat()} to {last.isoformat()}, not at {at.isoformat()}"
        raise ValidationError((Reason("SIGNING-KEY-VALIDITY", message, "RFC 5280 §4.1.2.5"),))


def _broken(connection: Connection, domain_id: int, following_sha256: str) -> BrokenRedirects:
    active = domains.active_signing_key(connection, domain_id)
    if active is None:
        return BrokenRedirects(0, ())
    present, following = (
        load_certificate(certificate_views.der(connection, sha256))
        for sha256 in (active.certificate_sha256, following_sha256)
    )
    uids = [
        uid
        for uid in signing_keys.named_by_redirects(connection)
        if same_subject(uid, present) and not same_subject(uid, following)
    ]
    found = signing_keys.redirects(connection, uids, active.certificate_sha256, _MAX_REDIRECTS)
    return BrokenRedirects(signing_keys.count_redirects(connection, uids, active.certificate_sha256), tuple(found))


def _view(row: KeyRow, safe_to_retire_at: datetime | None) -> SigningKeyView:
    state: KeyState = "active" if row.active else "planned" if row.is_planned else "former"
    return SigningKeyView(
        row.id,
        state,
        row.certificate_sha256,
        row.subject,
        row.not_before,
        row.not_after,
        row.planned_at,
        row.retired_at,
        None if state == "planned" else safe_to_retire_at,
    )


def _audited(row: KeyRow) -> dict[str, str]:
    return {"certificate": row.certificate_sha256, "subject": row.subject}
