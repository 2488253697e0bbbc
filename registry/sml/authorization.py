# SPDX-License-Identifier: Apache-2.0
"""Who may do what at the SML: a caller's certificate selects the domains and owns its publishers (sml.md §1.4)."""

from collections.abc import Callable, Sequence
from datetime import datetime

import structlog

from registry.domains.domain import Domain
from registry.errors import ConfigurationError
from registry.sml.errors import SmlError, publisher_not_found, unauthorized
from registry.sml.model import Caller
from registry.storage.domain_directory import StoredDomain
from registry.storage.queries import publishers
from registry.storage.queries.publishers import PublisherRow
from registry.storage.unit_of_work import UnitOfWork
from registry.trust import TrustModel
from trust_lists.certificates.parsing import fingerprint, subject_text
from trust_lists.evaluation.trust_configuration.model import Context

log = structlog.get_logger(__name__)

TrustOf = Callable[[Domain], TrustModel]


class AuthorizedCaller:
    """A caller whose certificate at least one domain accepts in the role `sml-client`, or only warns of."""

    def __init__(
        self,
        caller: Caller,
        domains: Sequence[StoredDomain],
        trust_of: TrustOf,
        at: datetime,
        smp_id: str | None = None,
    ) -> None:
        """`smp_id` is the SMP that the call is about, if it is about one.

        Raises SmlError (ERR-101) when no domain lets the certificate pass, or there is none.
        """
        if caller.certificate is None:
            raise unauthorized("No client certificate was presented")
        self.certificate = caller.certificate
        self.sha256 = fingerprint(caller.certificate)
        self.domains: list[StoredDomain] = []
        self.trusted: list[StoredDomain] = []
        """Those that accept the certificate, without a warning."""
        refusals = []
        context = {Context.SMP_ID: smp_id} if smp_id else {}
        for stored in domains:
            try:
                trust = trust_of(stored.domain)
            except ConfigurationError as error:
                log.error("trust_model_unusable", domain=stored.domain.name, reason=str(error))  # noqa: TRY400
                refusals.append(f"{stored.domain.name}: its trust model can't be used")
                continue
            decision = trust.decide("sml-client", caller.certificate, at, context=context)
            if decision.accepted:
                self.trusted.append(stored)
            else:
                refusals.append(f"{stored.domain.name}: {decision.reason}")
            if decision.accepted or not decision.enforced:
                self.domains.append(stored)
        if not self.domains:
            why = "; ".join(refusals) or "this instance has no SML"
            raise unauthorized(f"The certificate {subject_text(caller.certificate)} is not accepted ({why})")
        if not self.trusted:
            log.warning("sml_client_untrusted", certificate=self.sha256, reasons=refusals)

    @property
    def domain_ids(self) -> list[int]:
        """The ids of the domains that let the certificate pass."""
        return [stored.id for stored in self.domains]

    def domain_of(self, publisher: PublisherRow) -> StoredDomain:
        """The domain of a publisher that was found in these domains."""
        return next(stored for stored in self.domains if stored.id == publisher.domain_id)

    def own_publisher(self, work: UnitOfWork, smp_id: str) -> PublisherRow:
        """The caller's publisher of this id.

        Raises SmlError: ERR-100 when there is none in the caller's domains, ERR-101 when it is somebody else's or
        suspended.
        """
        found = publishers.find(work.connection, self.domain_ids, smp_id)
        if not found:
            raise publisher_not_found(smp_id)
        owned = {row.id for row in self.own_publishers(work)}
        for row in found:
            if row.id in owned:
                if row.suspended:
                    raise unauthorized(f"The SMP '{smp_id}' is suspended")
                return row
        raise _not_owner(smp_id)

    def own_publishers(self, work: UnitOfWork) -> list[PublisherRow]:
        """All publishers of the caller."""
        return publishers.owned_by(work.connection, self.domain_ids, self.sha256, work.now)

    def actor(self) -> str:
        """The name under which the audit knows the caller."""
        return f"certificate:{subject_text(self.certificate)}:{self.certificate.serial_number:016x}"


def _not_owner(smp_id: str) -> SmlError:
    return unauthorized(f"The SMP '{smp_id}' belongs to another certificate")
