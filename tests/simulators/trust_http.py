# SPDX-License-Identifier: Apache-2.0
"""Trust decisions over HTTP, asked of an instance without listeners: our own interface, and AuthZEN."""

import base64
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from cryptography import x509

from registry.accounts.permissions import Role, Scope
from registry.api.authzen import AuthzenApp
from registry.api.v1 import trust
from registry.api.v1.app import ApiV1
from registry.trust import TrustModel
from tests.simulators.asgi import Reply, call
from tests.simulators.offline import OfflineInstance
from tests.simulators.rest_callers import RestCaller, RestOffice
from trust_lists.certificates.listed import ListedCertificate, listed

PUBLIC_URL = "https://registry.example.org"


class TrustOffice(RestOffice):
    """The routes about trust alone, and AuthZEN beside them."""

    def __init__(
        self, offline: OfflineInstance, model: TrustModel | None = None, collected_at: datetime | None = None
    ) -> None:
        """With `model` every domain trusts by that one, on evidence of that time."""
        super().__init__(offline)
        if model is not None:
            self.context = replace(
                self.context, trust_of=lambda _domain: model, evidence_collected_at=lambda _domain: collected_at
            )
        self.app = ApiV1(self.context, (trust.resource,))
        self.authzen = AuthzenApp(self.context, PUBLIC_URL)
        self.viewer = self.caller(Role.VIEWER, Scope(offline.stored.id))

    @property
    def model(self) -> TrustModel:
        """The trust model of the domain."""
        return self.context.trust_of(self.offline.stored.domain)

    def decide(self, body: Any, by: RestCaller | None = None, domain: str = "demo") -> Reply:
        """A decision."""
        return self.ask("POST", f"/domains/{domain}/trust/decisions", by or self.viewer, body)

    def evaluate(
        self,
        body: Any,
        by: RestCaller | str | None = "viewer",
        *,
        several: bool = False,
        media_type: str = "application/json",
        **headers: str,
    ) -> Reply:
        """An evaluation, or several; `body` is sent as it is where it is bytes."""
        caller = self.viewer if by == "viewer" else by
        sent = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
        if isinstance(caller, RestCaller):
            sent.append((b"authorization", f"Bearer {caller.secret}".encode()))
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        path = b"/access/v1/evaluations" if several else b"/access/v1/evaluation"
        sent.append((b"content-type", media_type.encode()))
        reply = call(self.authzen, "POST", path, headers=sent, body=[content])
        if reply.status >= 400:
            assert reply.headers["content-type"] == "application/problem+json", reply
            assert reply.status != 500, reply.body
        return reply


Certificate = x509.Certificate | ListedCertificate | bytes


def question(name: str, *certificates: Certificate, action: str = "ap-encrypt", **context: str) -> dict[str, Any]:
    """An Access Evaluation about certificates."""
    asked = {
        "subject": {"type": "key", "id": name},
        "action": {"name": action},
        "resource": {"type": "x5c", "id": name, "key": x5c(certificates)},
    }
    return asked | ({"context": context} if context else {})


def x5c(certificates: Sequence[Certificate]) -> list[str]:
    """As RFC 7517 §4.7 wants them; so `/api/v1` takes them, too."""
    return [base64.b64encode(_der(each)).decode() for each in certificates]


def pem(*certificates: Certificate) -> str:
    return "".join(f"-----BEGIN CERTIFICATE-----\n{each}\n-----END CERTIFICATE-----\n" for each in x5c(certificates))


def steps_of(trace: Any) -> Iterator[Any]:
    """A trace with all steps in it."""
    yield trace
    for step in trace["steps"]:
        yield from steps_of(step)


def common_name(certificate: x509.Certificate) -> str:
    return str(certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value)


def _der(certificate: Certificate) -> bytes:
    return certificate if isinstance(certificate, bytes) else listed(certificate).der
