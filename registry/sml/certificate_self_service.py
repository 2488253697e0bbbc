# SPDX-License-Identifier: Apache-2.0
"""What an SMP does about its own certificates over the publisher API, beyond PrepareChangeCertificate of SOAP.

The instant is exact and has a zone, and both keys are proved: the present one by the TLS connection, the next one by a
signature (`registry.sml.key_proof`). An SMP without a certificate that is accepted any more needs its operator.
"""

import base64
from datetime import datetime
from typing import Any

from cryptography import x509

from registry.errors import Reason, ValidationError
from registry.sml.authorization import TrustOf
from registry.sml.calls import Calls
from registry.sml.errors import broken_rules
from registry.sml.key_proof import CertificateChange, check_proof, read_instant
from registry.sml.model import Caller
from registry.sml.publisher_api import ApiRequest, Route
from registry.sml.publisher_certificates import PublisherCertificates, read_certificate
from registry.storage.engine import Database, retried
from trust_lists.certificates.parsing import fingerprint

_MAX_PROOF = 4_096
_CERTIFICATES = "publishers/{smp_id}/certificates"


class CertificateSelfService:
    """The next certificate of an SMP, and the end of one."""

    def __init__(self, database: Database, calls: Calls, trust_of: TrustOf) -> None:
        self._database = database
        self._calls = calls
        self._certificates = PublisherCertificates(trust_of)
        self.routes = [
            Route("POST", _CERTIFICATES, self._post, 201),
            Route("DELETE", f"{_CERTIFICATES}/{{sha256}}", self._delete),
        ]

    @retried
    def change(self, caller: Caller, smp_id: str, following: x509.Certificate, begin: datetime, proof: bytes) -> bool:
        """Let the next certificate speak for the caller's SMP from `begin` on, beside the present one.

        The same once more is done already: False, also after `begin`. What the caller has planned before for this SMP
        is replaced. Raises SmlError: ERR-100, ERR-101; ERR-106 for an instant that is over, or after the end of the
        present certificate, or outside the validity of the next one; a wrong proof; what the domain doesn't accept.
        """
        with self._calls.open(caller, smp_id) as (work, authorized):
            row = authorized.own_publisher(work, smp_id, lock=True)
            stored = authorized.domain_of(row)
            change = CertificateChange(stored.domain.name, row.smp_id, authorized.certificate, following, begin)
            try:
                check_proof(change, proof)
            except ValidationError as error:
                raise broken_rules(error.reasons) from error
            if self._certificates.is_planned(work, row, fingerprint(following), begin):
                return False
            if reasons := _instant_reasons(change, work.now):
                raise broken_rules(reasons)
            return self._certificates.succeed(work, stored, row, following, begin)

    @retried
    def end(self, caller: Caller, smp_id: str, sha256: str, *, last: bool = False) -> None:
        """Let a certificate of the caller's SMP speak for it no more; `last` as in `PublisherCertificates.end`."""
        with self._calls.open(caller, smp_id) as (work, authorized):
            row = authorized.own_publisher(work, smp_id, lock=True)
            self._certificates.end(work, authorized.domain_of(row), row, sha256.lower(), last=last)

    def _post(self, request: ApiRequest) -> dict[str, Any]:
        """Body: `certificate` (base64 of DER), `from` (an instant with its zone), `proof` (base64)."""
        members = request.members("certificate", "from", "proof")
        following, begin = read_certificate(members["certificate"]), read_instant(members["from"])
        self.change(request.caller, request.path["smp_id"], following, begin, _proof(members["proof"]))
        return {"sha256": fingerprint(following), "usable_from": begin, "not_after": following.not_valid_after_utc}

    def _delete(self, request: ApiRequest) -> None:
        """`?last=true` says that an SMP for which nobody speaks then is meant."""
        last = request.query.get("last") == "true"
        self.end(request.caller, request.path["smp_id"], request.path["sha256"], last=last)


def _instant_reasons(change: CertificateChange, now: datetime) -> list[Reason]:
    present, following, reasons = change.present, change.following, []
    if following == present:
        reasons.append(Reason("SML-CERTIFICATE-SAME", "the new certificate is the present one"))
    if change.begin <= now:
        reasons.append(Reason("SML-CERTIFICATE-INSTANT", f"{change.begin.isoformat()} is over already"))
    if change.begin > present.not_valid_after_utc:
        message = f"the present certificate ends before that, at {present.not_valid_after_utc.isoformat()}"
        reasons.append(Reason("SML-CERTIFICATE-GAP", message))
    if not following.not_valid_before_utc <= change.begin < following.not_valid_after_utc:
        reasons.append(Reason("SML-CERTIFICATE-INSTANT", "the new certificate is not valid then"))
    return reasons


def _proof(text: str) -> bytes:
    try:
        if len(text) <= _MAX_PROOF:
            return base64.b64decode(text, validate=True)
    except ValueError:
        pass
    raise ValidationError.of("SML-CERTIFICATE-PROOF", "the base64 of a signature is wanted")
