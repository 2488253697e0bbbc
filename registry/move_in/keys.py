# SPDX-License-Identifier: Apache-2.0
"""Whether our SMP signs with the certificate with which the old one signs.

Where it does, redirects at other SMPs stay right, since they name the signer's certificate, and nobody has to be told
of the move. Where it doesn't, an operator has to know that before anything is frozen.
"""

import ssl
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from typing import Final

from cryptography import x509

from registry.domains.domain import Domain
from registry.errors import TechnicalError, ValidationError
from registry.move_in.shadow.sides import HttpSide, Place
from registry.move_in.shadow.smp import Asked, asked_path
from registry.smp.documents.catalogue import DIALECTS
from registry.smp.documents.dialect import Dialect
from registry.smp.documents.signing import verify_document
from registry.storage.domain_directory import StoredDomain
from registry.storage.engine import Database
from registry.storage.queries import domains, service_groups, services
from trust_lists.certificates.parsing import fingerprint, subject_text
from trust_lists.errors import SignatureInvalidError

_SAMPLE: Final = 5
"""Documents that are looked at."""
_LISTED: Final = 100
"""Participants from whom those are taken: some may not be there at the old SMP any more."""
_THERE: Final = 200
_NOT_THERE: Final = 404


def signer_findings(
    database: Database,
    stored: StoredDomain,
    old_url: str = "",
    old_at: str = "",
    ssl_context: ssl.SSLContext | None = None,
) -> list[str]:
    """What an operator has to know of who signs the old SMP's answers: nothing where that is our signing certificate.

    `old_url` and `old_at` (`HOST:PORT`) are where the old SMP is asked, as in a comparison; without `old_url` it has
    our base URL. A domain without a base URL or a signing key isn't looked at, nor one where nothing is published.
    Raises TechnicalError where the old SMP doesn't answer, ConfigurationError for a URL or an address that is none.
    """
    base_url = old_url or stored.domain.smp.base_url
    dialect = DIALECTS[stored.domain.smp.dialects[0]]
    with database.read() as connection:
        key = domains.active_signing_key(connection, stored.id)
        page = service_groups.page(connection, stored.id, 0, _LISTED)
        first = [(group.participant, services.of_group(connection, group.id)[:1]) for group in page]
    if key is None or not base_url:
        return []
    questions = [Asked(participant, row.document_type) for participant, rows in first for row in rows]
    signers: dict[str, x509.Certificate] = {}
    unclear = ""
    with closing(HttpSide(Place(base_url, old_at), ssl_context=ssl_context)) as side:
        for question, document in islice(_documents(side, stored.domain, dialect, questions), _SAMPLE):
            try:
                # Whether its algorithms are allowed is no matter here: phoss signed with SHA-1 for long.
                signer = verify_document(document, archive=True, dialect=dialect).certificate
            except (SignatureInvalidError, ValidationError) as error:
                unclear = unclear or f"who signs the old SMP's answers can't be told from that for {question}: {error}"
            else:
                signers[fingerprint(signer)] = signer
    others = [signer for sha256, signer in signers.items() if sha256 != key.certificate_sha256]
    return [_other(stored, signer) for signer in others] or ([] if signers or not unclear else [unclear])


def _documents(
    side: HttpSide, domain: Domain, dialect: Dialect, questions: list[Asked]
) -> Iterator[tuple[Asked, bytes]]:
    """The answers to those questions that the old SMP has one to."""
    for question in questions:
        side.send(asked_path(domain, dialect, question))
        status, body = side.receive()
        if status == _THERE:
            yield question, body
        elif status != _NOT_THERE:
            raise TechnicalError(f"the old SMP answers for {question} with HTTP {status}")


def _other(stored: StoredDomain, signer: x509.Certificate) -> str:
    return (
        f"the old SMP signs with {subject_text(signer)} (SHA-256 {fingerprint(signer)}), and the domain "
        f"{stored.domain.name} with another certificate: `registry signing-key take` takes the old SMP's, "
        "--other-signer goes on with ours"
    )
