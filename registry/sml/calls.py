# SPDX-License-Identifier: Apache-2.0
"""The transaction of a call at the SML, with who calls already decided; SOAP and the publisher API work in it."""

from collections.abc import Iterator
from contextlib import contextmanager

from registry.sml.authorization import AuthorizedCaller, TrustOf
from registry.sml.model import Caller
from registry.storage.domain_directory import DomainDirectory
from registry.storage.engine import Actor, Database
from registry.storage.unit_of_work import UnitOfWork


class Calls:
    """Opens a transaction for each caller that a domain lets in."""

    def __init__(self, database: Database, directory: DomainDirectory, trust_of: TrustOf) -> None:
        self.database = database
        self._directory = directory
        self._trust_of = trust_of

    @contextmanager
    def open(self, caller: Caller, smp_id: str | None = None) -> Iterator[tuple[UnitOfWork, AuthorizedCaller]]:
        """A transaction for the caller; `smp_id` is the SMP that the call is about, where it says so.

        Raises SmlError (ERR-101) where no domain lets the caller in.
        """
        authorized = self.authorize(caller, smp_id)
        with self.transaction(authorized) as work:
            yield work, authorized

    def authorize(self, caller: Caller, smp_id: str | None = None) -> AuthorizedCaller:
        """The first half of `open`: what can be done before the transaction, so as to keep that short."""
        domains, now = self._directory.with_sml(), self.database.now()
        return AuthorizedCaller(caller, domains, self._trust_of, now, smp_id)

    @contextmanager
    def transaction(self, authorized: AuthorizedCaller) -> Iterator[UnitOfWork]:
        """The second half of `open`. Raises SmlError (ERR-101) for a certificate that is blocked."""
        with self.database.write(Actor(authorized.actor(), authorized.request_id)) as work:
            authorized.refuse_blocked(work)
            yield work
