# SPDX-License-Identifier: Apache-2.0
"""A small network that publishes what decisions need: issuers, CRLs, an OCSP responder; in memory, or on a server.

The root is known; the authority below it is only known to the web, and the certificates point to all they need.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID

from tests.simulators.certificate_chains import Authority, key_usage
from tests.simulators.revocation_evidence import Said, crl, entry, point, points, responder_of, response, uri
from trust_lists.certificates.listed import ListedCertificate
from trust_lists.errors import SourceError
from trust_lists.evaluation.trust_configuration import TrustConfiguration
from trust_lists.evaluation.trust_configuration.reading import read_tree
from trust_lists.sources.evidence_manifest import Kind
from trust_lists.sources.ports import Fetched, Known

BASE = "http://pki.example"
ANY_LEAF: dict[str, Any] = dict.fromkeys(
    ("key_usage", "eku", "policies", "algorithms", "max_lifetime", "subject"), "any"
)
CHECKED: dict[str, Any] = {
    "leaf": "crl_and_ocsp_required",
    "intermediates": "crl_required",
    "freshness": "any",
    "retroactive": False,
    "after_expiry": "reject",
    "on_unknown": "indeterminate",
    "clock_skew": "PT5M",
}


def access(**places: str) -> tuple[x509.ExtensionType, bool]:
    """Authority information access: `ca_issuers`, `ocsp`."""
    methods = {"ca_issuers": AuthorityInformationAccessOID.CA_ISSUERS, "ocsp": AuthorityInformationAccessOID.OCSP}
    return x509.AuthorityInformationAccess(
        [x509.AccessDescription(methods[name], uri(url)) for name, url in places.items()]
    ), False


def loaded(certificate: ListedCertificate) -> x509.Certificate:
    found = certificate.certificate
    assert found is not None
    return found


@dataclass
class EvidenceWorld:
    """What is published, by location; `asked` has all requests in their order."""

    base: str = BASE
    documents: dict[str, bytes | SourceError] = field(default_factory=dict)
    revoked: list[ListedCertificate] = field(default_factory=list)
    asked: list[tuple[str, str]] = field(default_factory=list)
    get_answers_ocsp: bool = True

    def __post_init__(self) -> None:
        at = self.at
        self.root = Authority("Root")
        self.issuing = Authority(
            "Issuing CA",
            self.root,
            extensions=[points(point(uri(at("root.crl")))), access(ca_issuers=at("root.cer"))],
        )
        self.responder = responder_of(self.issuing, no_check=False)
        self.leaf = self.issue("leaf")
        self.publish()

    def at(self, path: str) -> str:
        """The location of a path."""
        return f"{self.base}/{path}"

    def issue(self, name: str, *extensions: tuple[x509.ExtensionType, bool]) -> ListedCertificate:
        """A certificate that points to all that there is about it."""
        found = extensions or (
            points(point(uri(self.at("issuing.crl")))),
            access(ca_issuers=self.at("issuing.p7c"), ocsp=self.at("ocsp")),
        )
        return self.issuing.issue(name, extensions=[(key_usage("digital_signature"), True), *found])

    def publish(self) -> None:
        """Puts everything there."""
        self.documents |= {
            self.at("root.cer"): self.root.certificate.der,
            self.at("issuing.p7c"): pkcs7.serialize_certificates([loaded(self.issuing.certificate)], Encoding.DER),
            self.at("root.crl"): crl(self.root),
            self.at("issuing.crl"): crl(self.issuing, *map(entry, self.revoked)),
        }

    def answer_ocsp(self, request: bytes) -> bytes:
        """What the responder says."""
        serial = ocsp.load_der_ocsp_request(request).serial_number
        revoked = any(loaded(each).serial_number == serial for each in self.revoked)
        said = Said(serial, status="revoked" if revoked else "good")
        return response(self.issuing, said, responder=self.responder)

    # A `Fetcher`, and the `Source` of its lists

    @property
    def lists(self) -> "EvidenceWorld":
        return self

    def fetch(
        self, kind: Any, url: str = "", body: bytes | None = None, *, territory: str = "", known: Known | None = None
    ) -> Any:
        """Both ports have a method of this name: a `Source` is asked with the location first."""
        if isinstance(kind, Kind):
            return self.get(kind, url, body)
        return Fetched(self.get(Kind.LIST, kind, None), kind)

    def get(self, kind: Kind, url: str, body: bytes | None) -> bytes:
        self.asked.append((kind.value if body is None else f"{kind.value} POST", url))
        if kind is Kind.OCSP and url.startswith(self.at("ocsp")) and url not in self.documents:
            from base64 import b64decode
            from urllib.parse import unquote

            if body is None and not self.get_answers_ocsp:
                raise SourceError("FETCH_STATUS", "this responder wants a POST")
            return self.answer_ocsp(body or b64decode(unquote(url.rpartition("/")[2])))
        found = self.documents.get(url, SourceError("FETCH_NOT_FOUND", "there is no such document"))
        if isinstance(found, SourceError):
            raise found
        return found

    def configuration(self, change: Callable[[dict[str, Any]], object] = lambda tree: None) -> TrustConfiguration:
        """Who trusts the root, and wants to know about revocation."""
        pem = loaded(self.root.certificate).public_bytes(Encoding.PEM).decode()
        tree: dict[str, Any] = {
            "apiVersion": "trust/v1",
            "kind": "TrustConfiguration",
            "id": "test",
            "model": "test",
            "engine": {"profile": "rfc5280+rfc9618", "max_path": 4, "clock_skew": "PT5M"},
            "stores": {
                "anchors": [
                    {
                        "id": "root",
                        "cert": {"sha256": self.root.certificate.sha256, "pem": pem},
                        "as": "ca",
                        "controls": {
                            "path_len": None,
                            "policies": "any",
                            "require_explicit_policy": False,
                            "inhibit_policy_mapping": False,
                            "inhibit_any_policy": False,
                            "permitted": "any",
                            "excluded": [],
                        },
                        "trusted": {"from": None, "until": None, "for_certs_issued_before": None},
                    }
                ]
            },
            "roles": {
                "ap-sign": {
                    "accept": {"path": {"to": ["root"], "issuer_must_be_anchor": False}},
                    "leaf": dict(ANY_LEAF),
                    "revocation": dict(CHECKED),
                }
            },
        }
        change(tree)
        return read_tree(tree).configuration
