# SPDX-License-Identifier: Apache-2.0
"""A database with accounts in it, without an instance around it, and a clock that a test moves."""

from dataclasses import dataclass
from typing import Any

from registry.accounts.accounts import Kind, create_account
from registry.accounts.authentication import Authenticator
from registry.accounts.credentials import set_password
from registry.accounts.grants import give_grant
from registry.accounts.permissions import SYSTEM, Role, Scope
from registry.accounts.tokens import create_token
from registry.audit.events import about
from registry.identifiers.participant import ISO6523, ParticipantIdentifier
from registry.storage.engine import Actor, Database
from registry.storage.queries import domains, service_groups
from registry.storage.queries.accounts import AccountRow
from tests.simulators.offline import MovableClock

ACTOR = Actor("cli:admin", "request-7")


@dataclass(frozen=True, slots=True)
class House:
    """A database without an instance around it, and short ways to fill it."""

    database: Database
    clock: MovableClock

    def person(self, name: str = "anna", password: str | None = None) -> AccountRow:
        made = create_account(self.database, ACTOR, Kind.PERSON, name)
        if password is not None:
            set_password(self.database, ACTOR, made.id, password, must_change=False)
        return made

    def program(self, name: str = "erp") -> AccountRow:
        return create_account(self.database, ACTOR, Kind.PROGRAM, name)

    def admin(self, name: str = "root") -> AccountRow:
        made = self.person(name)
        give_grant(self.database, ACTOR, made.id, Role.ADMIN, SYSTEM)
        return made

    def grant(self, account: AccountRow, role: Role, scope: Scope = SYSTEM) -> int:
        return give_grant(self.database, ACTOR, account.id, role, scope).id

    def token(self, name: str = "t", **options: Any) -> str:
        return create_token(self.database, ACTOR, name, **options)

    def domain(self, name: str = "net") -> int:
        with self.database.write(ACTOR) as work:
            return domains.add(work, name, "demo", {})

    def participant(self, domain_id: int, value: str = "0088:1") -> tuple[str, str]:
        """Scheme and key of a participant that is published."""
        with self.database.write(ACTOR) as work:
            service_groups.add(work, domain_id, ParticipantIdentifier(ISO6523, value), value, ())
        return ISO6523, value

    def tags(self, subject: str) -> list[str]:
        """The tags of the events about a subject, oldest first."""
        return [event.tag for event in about(self.database, subject)]

    @property
    def authenticator(self) -> Authenticator:
        return Authenticator(self.database)
