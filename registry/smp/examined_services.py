# SPDX-License-Identifier: Apache-2.0
"""Service metadata that were looked at once for all participants that say the same.

Nothing that a document type's metadata are judged by depends on who publishes them, with one exception: the address of
a redirect may name the participant. So a million participants of some hundred access points need some thousand looks.
"""

import hashlib
import marshal
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from registry.domains.domain import Domain
from registry.errors import Reason, ValidationError
from registry.identifiers.participant import ParticipantIdentifier
from registry.identifiers.rules import stops_new_entries_only
from registry.metadata import ServiceMetadata
from registry.smp.exchange.json_reader import JsonReader
from registry.smp.exchange.model_json import read_service
from registry.smp.publishing import audited_metadata, unwritable
from registry.smp.validation import check_metadata, participant_reasons
from registry.storage.queries.bulk_services import ServiceRows
from registry.trust import TrustDecision, TrustModel
from trust_lists.evaluation.trust_configuration.model import Context

_Question = tuple[str, str, datetime, frozenset[str] | None]

MOST_KEPT: Final = 32_768
"""Services that are kept as they were examined: some hundred access points times the document types of a network."""
_LOOKS_COUNT_FOR: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class ExaminedService:
    """Service metadata with all that has to be known to publish them; `metadata` names any of the participants.

    Where there are `reasons`, they can't be published. What a code list says against new entries only is among the
    `warnings`: who publishes in bulk brings what is published already.
    """

    metadata: ServiceMetadata
    rows: ServiceRows
    says: Mapping[str, Any]
    """For the audit."""
    reasons: tuple[Reason, ...]
    warnings: tuple[str, ...]


class ServiceExaminer:
    """Looks at service metadata as they would be published in a domain at a moment."""

    def __init__(self, domain: Domain, trust: TrustModel, at: datetime) -> None:
        self._domain = domain
        self._trust = _DecidedOnce(trust)
        self._at = at

    def examine(self, metadata: ServiceMetadata) -> ExaminedService:
        """What there is to know. The participant must be one that can be published itself."""
        domain = self._domain
        reasons, warnings = check_metadata(metadata, domain, self._trust, self._at)
        known = participant_reasons(domain, metadata.participant)
        found = [reason for reason in (*reasons, *unwritable(domain, metadata)) if reason not in known]
        told = set(map(str, domain.identifiers.participant_warnings(metadata.participant)))
        tolerated = [str(reason) for reason in found if stops_new_entries_only(reason)]
        return ExaminedService(
            metadata,
            ServiceRows.of(metadata, domain.identifiers.document_type_key(metadata.document_type)),
            {"document_type": str(metadata.document_type), "says": audited_metadata(metadata)},
            tuple(dict.fromkeys(reason for reason in found if not stops_new_entries_only(reason))),
            tuple(dict.fromkeys((*tolerated, *(warning for warning in warnings if warning not in told)))),
        )


class ServicesRead:
    """Services in JSON (`service_to_json`), read and looked at once, however many participants say the same.

    What was looked at is forgotten after a while, or where there is too much of it; `on_forgetting` is called then.
    """

    def __init__(
        self,
        domain: Domain,
        trust: Callable[[], TrustModel],
        on_forgetting: Callable[[], None] = lambda: None,
    ) -> None:
        self._domain = domain
        self._trust = trust
        self._on_forgetting = on_forgetting
        self._examined: dict[bytes, ExaminedService] = {}
        self._examiner: ServiceExaminer | None = None
        self._examined_at: datetime | None = None

    def look_anew(self, now: datetime) -> None:
        """Begin a batch: forget what was looked at so long ago that a certificate may have ended, or evidence come."""
        if self._examined_at is None or now - self._examined_at > _LOOKS_COUNT_FOR:
            self._forget()
            self._examined_at = now
            self._examiner = ServiceExaminer(self._domain, self._trust(), now)

    def read(self, said: Any, participant: ParticipantIdentifier, where: str) -> ExaminedService:
        """What a JSON value says, after `look_anew`; `where` is its name in reasons. Raises ValidationError."""
        # In the form of version 2 equal values are equal bytes, and it takes a fraction of the time that JSON takes.
        digest = hashlib.blake2b(marshal.dumps(said, 2), digest_size=16)
        if _redirects(said):
            digest.update(str(participant).encode())  # its address may name the participant
        key = digest.digest()
        found = self._examined.get(key)
        if found is None:
            found = self._examine(said, participant, where)
            if len(self._examined) >= MOST_KEPT:
                self._forget()
            self._examined[key] = found
        return found

    def _examine(self, said: Any, participant: ParticipantIdentifier, where: str) -> ExaminedService:
        assert self._examiner is not None  # noqa: S101  # made by `look_anew`
        reasons: list[Reason] = []
        reader = JsonReader(said, where, reasons)
        metadata = read_service(reader, participant)
        reader.finish()
        if reasons:
            raise ValidationError(reasons)
        return self._examiner.examine(metadata)

    def _forget(self) -> None:
        self._examined.clear()
        self._on_forgetting()


def _redirects(said: Any) -> bool:
    groups = said.get("process_metadata") if isinstance(said, dict) else None
    return isinstance(groups, list) and any(isinstance(group, dict) and "redirect" in group for group in groups)


class _DecidedOnce:
    """A trust model that is asked the same thing once."""

    def __init__(self, trust: TrustModel) -> None:
        self._trust = trust
        self._decided: dict[_Question, TrustDecision] = {}

    def decide(
        self,
        role: str,
        certificate: x509.Certificate,
        at: datetime,
        *,
        context: Mapping[Context, str],
        asserted: frozenset[str] | None,
    ) -> TrustDecision:
        """As `TrustModel.decide`; `context` is always the domain's own."""
        digest = hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest()
        question = role, digest, at, asserted
        if question not in self._decided:
            self._decided[question] = self._trust.decide(role, certificate, at, context=context, asserted=asserted)
        return self._decided[question]
