# SPDX-License-Identifier: Apache-2.0
"""What the resolver says about one question, as bytes that are made once and sent many times.

What differs from one sending to the next (the explanation or not, `stale`, the request's id) is put in at the end of
the JSON object, so that nothing is written anew.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

from cryptography.hazmat.primitives.serialization import Encoding

from registry.discovery.client import Resolution
from registry.discovery.errors import DiscoveryError
from registry.identifiers.document_type import DocumentTypeIdentifier
from registry.metadata import Endpoint
from registry.problems import MEDIA_TYPE, Problem
from registry.resolver.breaker import CircuitOpenError
from trust_lists.certificates.parsing import subject_text

FOUND: Final = "found"
RETRY_AFTER_S: Final = 30
_TYPE: Final = "urn:edelivery-registry:problem:"
_JSON: Final = b"application/json"
_KINDS: Final = {
    "not-registered": (404, "The participant is not registered"),
    "no-matching-service": (404, "The participant does not receive this"),
    # Somebody answered, and the answer is bad: to the caller we are a gateway (RFC 9110 §15.6.3).
    "not-trusted": (502, "There is an answer that must not be used"),
    "technical-failure": (503, "It could not be found out; try again later"),
}


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer. `body` is a JSON object without its explanation, `explanation` a JSON list.

    `outcome` is `found` or a kind of "no"; `retry_after` is in seconds, 0 where trying again is of no use.
    """

    outcome: str
    status: int
    body: bytes
    explanation: bytes
    etag: str
    retry_after: int = 0

    @property
    def media_type(self) -> bytes:
        """Problems are not plain JSON."""
        return _JSON if self.outcome == FOUND else MEDIA_TYPE.encode()

    def etag_of(self, *, explained: bool) -> str:
        """The validator of what `render` gives for a fresh answer."""
        return f'"{self.etag}-e"' if explained else f'"{self.etag}"'

    def render(self, *, explained: bool, stale: bool = False, request_id: str = "") -> bytes:
        """The whole object."""
        parts = [self.body[:-1]]
        if stale:
            parts.append(b', "stale": true')
        if request_id and self.outcome != FOUND:
            parts.append(b', "instance": "urn:uuid:' + request_id.encode() + b'"')
        if explained:
            parts += (b', "explanation": ', self.explanation)
        return b"".join((*parts, b"}"))


def found(resolution: Resolution, asked: DocumentTypeIdentifier | None, domain: str, expires: datetime) -> Answer:
    """The answer with an endpoint; `expires` is until when it may be used without asking again."""
    return _answer(
        FOUND,
        200,
        {
            "participant": str(resolution.participant),
            "domain": domain,
            "outcome": FOUND,
            "smp_url": resolution.smp_url,
            "document_type": str(asked or resolution.metadata.document_type),
            "published_as": str(resolution.metadata.document_type),
            "process": None if resolution.process is None else str(resolution.process),
            "endpoint": _endpoint(resolution),
            "decisions": [decision.to_json() for decision in resolution.decisions],
            "warnings": list(resolution.warnings),
            "expires": _instant(expires),
        },
        resolution.explanation.to_json(),
    )


def refused(error: DiscoveryError, participant: str, domain: str) -> Answer:
    """The answer to one of the kinds of "no": a problem of a type of its own (RFC 9457)."""
    status, title = _KINDS[error.outcome]
    retry_after = 0
    if error.outcome == "technical-failure":
        retry_after = error.retry_after if isinstance(error, CircuitOpenError) else RETRY_AFTER_S
        if error.reason_id.endswith("-timeout"):
            status = 504
    problem = json.loads(Problem(status, _TYPE + error.outcome, title, detail=str(error)).to_bytes())
    more = {"participant": participant, "domain": domain, "outcome": error.outcome, "reason": error.reason_id}
    return _answer(error.outcome, status, problem | more, error.explanation.to_json(), retry_after)


def _answer(outcome: str, status: int, document: dict[str, Any], steps: list[Any], retry_after: int = 0) -> Answer:
    body = json.dumps(document, ensure_ascii=False).encode()
    explanation = json.dumps(steps, ensure_ascii=False).encode()
    etag = sha256(body + explanation).hexdigest()[:32]
    return Answer(outcome, status, body, explanation, etag, retry_after)


def _endpoint(resolution: Resolution) -> dict[str, Any]:
    endpoint: Endpoint = resolution.endpoint
    certificate = resolution.certificate
    return resolution.endpoint_to_json() | {
        "certificate_subject": subject_text(certificate),
        "certificate_not_after": _instant(certificate.not_valid_after_utc),
        "certificate_pem": certificate.public_bytes(Encoding.PEM).decode(),
        "activation": _instant(endpoint.activation),
        "expiration": _instant(endpoint.expiration),
        "description": endpoint.description,
        "technical_contact": endpoint.technical_contact,
        "technical_information": endpoint.technical_information,
    }


def _instant(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
