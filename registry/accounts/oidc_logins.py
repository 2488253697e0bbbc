# SPDX-License-Identifier: Apache-2.0
"""The use case of a login at an OIDC provider: begun, answered once, and the account's roles as the provider says.

Whoever comes for the first time gets an account, if one of the groups gives a role. An account is found by issuer and
subject only: a local account of the same name is somebody else until the administrator links it.
"""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from registry.accounts.credentials import find_person_of_oidc, person_of_oidc
from registry.accounts.grants import OIDC, sync_oidc_grants
from registry.accounts.permissions import Scope
from registry.accounts.role_mapping import RoleMapping, grants_of
from registry.accounts.sessions import NewSession, Sessions
from registry.errors import UnauthorizedError
from registry.storage.engine import Actor, Database
from registry.storage.queries import domains, grants, oidc_logins, owner_groups
from registry.storage.queries.oidc_logins import WaitingLogin
from registry.storage.unit_of_work import Connection, UnitOfWork

if TYPE_CHECKING:  # what it needs takes a while to load, and most installations have no provider
    from registry.accounts.oidc import BegunLogin, OidcIdentity, OidcProvider

LASTS = timedelta(minutes=10)
"""How long somebody may take to log in at the provider."""
_ACTOR = Actor("oidc")
_FAILED = "the login can't be finished: begin again"


@dataclass(frozen=True, slots=True)
class FinishedLogin:
    """A session, and the path of our own to which the browser goes now."""

    session: NewSession
    return_to: str


class OidcLogins:
    """Logins at one provider, whose groups give roles by `mappings`."""

    def __init__(
        self, database: Database, provider: "OidcProvider", mappings: Sequence[RoleMapping], sessions: Sessions
    ) -> None:
        self._database = database
        self._provider = provider
        self._mappings = mappings
        self._sessions = sessions

    def begin(self, return_to: str = "/") -> "BegunLogin":
        """Begin a login. `return_to` is a path; another host's address becomes ``/``.

        Raises TechnicalError where the provider can't be asked, ConfigurationError where it isn't the one that was
        set up.
        """
        login = self._provider.begin()
        with self._database.write(_ACTOR) as work:
            waiting = WaitingLogin(login.nonce, login.code_verifier, _own_path(return_to))
            oidc_logins.add(work, _hash(login.state), waiting, work.now + LASTS)
        return login

    def finish(self, cookie: str, answer: Mapping[str, str], *, address: str, user_agent: str) -> FinishedLogin:
        """Take the provider's answer; `cookie` is the state that this browser was given.

        Whatever comes of it, the same answer counts no second time. Raises UnauthorizedError, which tells the log why
        and the caller that it failed; TechnicalError where the provider can't be asked.
        """
        state = answer.get("state", "")
        if not state or not hmac.compare_digest(state.encode(), cookie.encode()):
            raise UnauthorizedError(_FAILED)
        with self._database.write(_ACTOR) as work:
            waiting = oidc_logins.take(work, _hash(state))
        if waiting is None:
            raise UnauthorizedError(_FAILED)
        identity = self._provider.finish(answer, waiting.nonce, waiting.code_verifier)
        with self._database.write(_ACTOR) as work:
            account_id = self._account_of(work, identity)
            session = None
            if account_id is not None and grants.of_account(work.connection, account_id):
                session = self._sessions.begin(account_id, OIDC, address=address, user_agent=user_agent)
            elif account_id is not None:
                self._sessions.revoke_all(account_id, _ACTOR)  # the provider has taken every role away
        if session is None:
            raise UnauthorizedError("none of your groups at the provider has a role here")
        return FinishedLogin(session, waiting.return_to)

    def _account_of(self, work: UnitOfWork, identity: "OidcIdentity") -> int | None:
        """The account, with the roles that the provider gives now; None for a stranger to whom it gives none."""
        given = grants_of(self._mappings, identity.groups, lambda *place: _scope_of(work.connection, *place))
        if not given and find_person_of_oidc(work.connection, identity.issuer, identity.subject) is None:
            return None
        account = person_of_oidc(
            work,
            issuer=identity.issuer,
            subject=identity.subject,
            name=identity.name,
            display_name=identity.display_name,
            email=identity.email,
        )
        if account.state != "active":
            raise UnauthorizedError(_FAILED)
        sync_oidc_grants(work, account.id, given)
        return account.id


def _scope_of(connection: Connection, domain: str, group: str | None) -> Scope | None:
    found = next((row for row in domains.all_domains(connection) if row.name == domain), None)
    if found is None or group is None:
        return None if found is None else Scope(found.id)
    owner = owner_groups.by_name(connection, found.id, group)
    return None if owner is None else Scope(found.id, owner.id)


def _own_path(text: str) -> str:
    """A path of this host; browsers read ``//host`` and ``/\\host`` as another one."""
    safe = text.startswith("/") and text[1:2] not in {"/", "\\"} and text.isascii() and text.isprintable()
    return text if safe and len(text) <= 1_000 else "/"


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
