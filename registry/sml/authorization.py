# SPDX-License-Identifier: Apache-2.0
"""Who may do what at the SML: a caller's certificate selects the domains and owns its publishers (sml.md §1.4)."""

from collections.abc import Callable, Sequence
from datetime import datetime

import structlog
from cryptography import x509

from registry.domains.domain import Domain
from registry.errors import ConfigurationError
from registry.sml.errors import SmlError, publisher_not_found, publisher_suspended, unauthorized
from registry.sml.model import Caller
from registry.storage.domain_directory import StoredDomain
from registry.storage.queries import callers, publishers
from registry.storage.queries.callers import Bearer
from registry.storage.queries.publishers import PublisherRow
from registry.storage.unit_of_work import UnitOfWork
from registry.trust import TrustDecision, TrustModel
from trust_lists.certificates.parsing import subject_text
from trust_lists.evaluation.trust_configuration.model import Context

log = structlog.get_logger(__name__)

TrustOf = Callable[[Domain], TrustModel]

_PINS = "stores.pins."
"""How grounds begin that are the certificate itself, rather than who issued it."""


class AuthorizedCaller:
    """A caller whose certificate at least one domain accepts in the role `sml-client`, or only warns of.

    Nothing of it is kept from one call to the next: what was revoked, blocked or ended is so at once. Whoever makes
    one calls `refuse_blocked` before it counts.
    """

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
        self.request_id = caller.request_id
        self.bearer = Bearer.of(caller.certificate)
        self.sha256 = self.bearer.sha256
        self.domains: list[StoredDomain] = []
        self._decisions: dict[int, TrustDecision] = {}
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
            if not decision.accepted:
                refusals.append(f"{stored.domain.name}: {decision.reason}")
            if decision.accepted or not decision.enforced:
                self._decisions[stored.id] = decision
                self.domains.append(stored)
        if not self.domains:
            raise _refused(self.certificate, refusals or ["this instance has no SML"])
        if not self._accepting:
            log.warning("sml_client_untrusted", certificate=self.sha256, reasons=refusals)

    def refuse_blocked(self, work: UnitOfWork) -> None:
        """Leave out the domains in which the certificate is blocked. Raises SmlError (ERR-101) when none is left."""
        blocked = callers.blocked_in(work.connection, self.domain_ids, self.bearer)
        if not blocked:
            return
        names = [stored.domain.name for stored in self.domains if stored.id in blocked]
        self.domains = [stored for stored in self.domains if stored.id not in blocked]
        if not self.domains:
            raise _refused(self.certificate, [f"{name}: it is blocked" for name in names])

    @property
    def trusted(self) -> list[StoredDomain]:
        """The domains in one of which a new SMP of the caller belongs: those that accept it without a warning.

        Where some know the certificate itself (a pin), these go before those that know who issued it: of a non-root
        and a root domain that both match, the non-root one wins (SAD 2.4).
        """
        by_itself = [
            stored
            for stored in self._accepting
            if any(ground.startswith(_PINS) for ground in self._decisions[stored.id].decision.grounds)
        ]
        return by_itself or self._accepting

    @property
    def _accepting(self) -> list[StoredDomain]:
        return [stored for stored in self.domains if self._decisions[stored.id].accepted]

    @property
    def domain_ids(self) -> list[int]:
        """The ids of the domains that let the certificate pass."""
        return [stored.id for stored in self.domains]

    def domain_of(self, publisher: PublisherRow) -> StoredDomain:
        """The domain of a publisher that was found in these domains."""
        return next(stored for stored in self.domains if stored.id == publisher.domain_id)

    def own_publisher(self, work: UnitOfWork, smp_id: str, *, lock: bool = False) -> PublisherRow:
        """The caller's publisher of this id; with `lock` nobody else changes it until the transaction ends.

        Raises SmlError: ERR-100 when there is none in the caller's domains, or it is being removed; ERR-101 when it is
        somebody else's or suspended.
        """
        if lock:
            publishers.lock(work.connection, self.domain_ids, smp_id)
        found = publishers.called(work.connection, self.domain_ids, smp_id, self.bearer, self._named_in, work.now)
        if not found:
            raise publisher_not_found(smp_id)
        own = min((row for row, owned in found if owned), key=lambda row: row.id, default=None)
        if own is None:
            raise _not_owner(smp_id)
        if own.suspended:
            raise publisher_suspended(smp_id)
        return own

    def own_publishers(self, work: UnitOfWork) -> list[PublisherRow]:
        """All publishers of the caller, but for those that are being removed."""
        return publishers.owned_by(work.connection, self.domain_ids, self.bearer, self._named_in, work.now)

    def actor(self) -> str:
        """The name under which the audit knows the caller."""
        return f"certificate:{subject_text(self.certificate)}:{self.certificate.serial_number:016x}"

    @property
    def _named_in(self) -> list[int]:
        """The domains in which the names in a certificate are enough to own an SMP.

        Only where the certificate is accepted: behind a mere warning anybody could have made one with these names.
        """
        return [stored.id for stored in self._accepting if stored.domain.sml.identity == "issuer+subject"]


def _refused(certificate: x509.Certificate, reasons: Sequence[str]) -> SmlError:
    return unauthorized(f"The certificate {subject_text(certificate)} is not accepted ({'; '.join(reasons)})")


def _not_owner(smp_id: str) -> SmlError:
    return unauthorized(f"The SMP '{smp_id}' belongs to another certificate")
