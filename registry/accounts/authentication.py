# SPDX-License-Identifier: Apache-2.0
"""Who calls: found by a token, a session or a client certificate, at every request anew.

Nothing is remembered between two requests, so whatever is revoked is so at once, in every process. One statement
finds the credential, its account and the account's grants.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from cryptography import x509

from registry import telemetry
from registry.accounts.credentials import certificate_lookup
from registry.accounts.names import audit_name, name_key
from registry.accounts.permissions import Grant, Principal, Role, Scope
from registry.accounts.scopes import grant_of
from registry.accounts.sessions import IDLE
from registry.accounts.tokens import secret_hash
from registry.errors import TechnicalError, UnauthorizedError
from registry.storage.engine import Actor, Database
from registry.storage.identity_reader import Identity, IdentityReader, TokenIdentity
from registry.storage.queries import credentials, sessions, tokens
from registry.storage.unit_of_work import UnitOfWork

_MAX_SECRET = 200
_UNKNOWN_TOKEN = "the token is not known"  # noqa: S105
_UNKNOWN_SESSION = "the session is not known or has ended"
_UNKNOWN_CERTIFICATE = "the client certificate is not known"
_TOKEN_NOTED = timedelta(hours=1)
"""So often the last use is written at most: a write costs more than all the rest."""
_SESSION_NOTED = timedelta(minutes=1)
log = structlog.get_logger(__name__)


class PasswordChangeRequiredError(UnauthorizedError):
    """The session is good for nothing but changing the password."""


class Authenticator:
    """Finds out who calls. Blocking. Every method raises UnauthorizedError, which doesn't tell who there is."""

    def __init__(self, database: Database, idle: timedelta = IDLE) -> None:
        """Sessions end after `idle` without use."""
        self._database = database
        self._reader = IdentityReader(database)
        self._idle = idle

    def by_token(self, secret: str, *, name: str | None = None) -> Principal:
        """Whose token this is; with `name` only a token of that name, or of an account of that name, is meant."""
        if not secret or len(secret) > _MAX_SECRET:
            raise UnauthorizedError(_UNKNOWN_TOKEN)
        found = self._reader.token(secret_hash(secret))
        if found is None or (name is not None and not _is_called(found, name)):
            raise UnauthorizedError(_UNKNOWN_TOKEN)
        now = self._database.now()
        if found.good_until is not None and found.good_until <= now:
            raise UnauthorizedError(f"the token {found.name!r} has expired")
        owner = found.account
        if owner is not None and owner.state != "active":
            raise UnauthorizedError(_UNKNOWN_TOKEN)
        if _is_due(found.last_used_at, now, _TOKEN_NOTED):
            self._note(f"token:{found.name}", lambda work: tokens.used(work, found.id))
        most = Grant(Role(found.role), Scope(found.domain_id))
        if owner is None:
            return Principal(
                f"token:{found.name}", found.name, "program", "token", grants=(most,), management=found.management
            )
        person = owner.kind == "person"
        return Principal(
            audit_name(owner.kind, owner.id, owner.name) if person else f"token:{found.name}",
            owner.name,
            owner.kind,
            "token",
            owner.id,
            _grants(owner),
            most,
            found.management,
        )

    def by_session(self, secret: str, *, changes_password: bool = False) -> Principal:
        """Whose session this is.

        Raises PasswordChangeRequiredError for one that is good for changing the password only, unless that is what it
        is asked for.
        """
        if not secret or len(secret) > _MAX_SECRET:
            raise UnauthorizedError(_UNKNOWN_SESSION)
        found = self._reader.session(secret_hash(secret))
        now = self._database.now()
        if found is None or found.expires_at <= now or found.last_seen_at + self._idle <= now:
            raise UnauthorizedError(_UNKNOWN_SESSION)
        owner = found.account
        if owner.state != "active":
            raise UnauthorizedError(_UNKNOWN_SESSION)
        if found.must_change and found.method == "password" and not changes_password:
            raise PasswordChangeRequiredError("the password has to be changed first")
        actor = audit_name(owner.kind, owner.id, owner.name)
        if _is_due(found.last_seen_at, now, min(_SESSION_NOTED, self._idle / 2)):
            self._note(actor, lambda work: sessions.seen(work, found.id))
        return Principal(actor, owner.name, owner.kind, "session", owner.id, _grants(owner), session_id=found.id)

    def by_certificate(self, der: bytes) -> Principal:
        """Whose client certificate this is. That the client has its key, TLS has seen to."""
        lookup = certificate_lookup(der)
        found = self._reader.certificate(lookup)
        if found is None or found.account.state != "active":
            raise UnauthorizedError(_UNKNOWN_CERTIFICATE)
        now = self._database.now()
        certificate = x509.load_der_x509_certificate(der)  # known by its hash, so it was one when it was registered
        if not certificate.not_valid_before_utc <= now < certificate.not_valid_after_utc:
            raise UnauthorizedError("the client certificate is not valid at present")
        owner = found.account
        actor = audit_name(owner.kind, owner.id, owner.name)
        if _is_due(found.last_used_at, now, _TOKEN_NOTED):
            self._note(actor, lambda work: credentials.used(work, credentials.CERTIFICATE, lookup=lookup))
        return Principal(actor, owner.name, owner.kind, "certificate", owner.id, _grants(owner))

    def _note(self, actor: str, write: Callable[[UnitOfWork], None]) -> None:
        """When it was last used; whoever calls is not refused for that."""
        try:
            with self._database.write(Actor(actor, telemetry.request_id.get())) as work:
                write(work)
        except TechnicalError as error:
            log.warning("last_use_not_noted", reason=str(error))


def _is_called(found: TokenIdentity, name: str) -> bool:
    return name == found.name or (found.account is not None and name_key(name) == name_key(found.account.name))


def _is_due(last: datetime | None, now: datetime, every: timedelta) -> bool:
    return last is None or now - last >= every


def _grants(owner: Identity) -> tuple[Grant, ...]:
    return tuple(grant_of(role, place) for role, place in owner.grants)
