# SPDX-License-Identifier: Apache-2.0
"""What the demonstration publishes: a few participants that receive invoices and orders at two access points."""

from cryptography.hazmat.primitives.serialization import Encoding

from registry.identifiers.document_type import DocumentTypeIdentifier
from registry.identifiers.participant import ISO6523, ParticipantIdentifier
from registry.identifiers.process import ProcessIdentifier
from registry.metadata import Endpoint, EndpointCertificate, Process, ProcessMetadata, ServiceMetadata
from trust_lists.certificates.parsing import SigningKey

TRANSPORT_PROFILE = "peppol-transport-as4-v2_0"
BILLING = "urn:fdc:peppol.eu:2017:poacc:billing:01:1.0"
ORDERING = "urn:fdc:peppol.eu:poacc:bis:ordering:3"


def _document_type(name: str, customization: str) -> DocumentTypeIdentifier:
    syntax = f"urn:oasis:names:specification:ubl:schema:xsd:{name}-2::{name}"
    return DocumentTypeIdentifier("busdox-docid-qns", f"{syntax}##{customization}::2.1")


INVOICE = _document_type("Invoice", "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0")
CREDIT_NOTE = _document_type("CreditNote", "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0")
ORDER = _document_type("Order", "urn:fdc:peppol.eu:poacc:trns:order:3")

PARTICIPANTS = (
    (ParticipantIdentifier(ISO6523, "0088:7300010000001"), ((INVOICE, BILLING), (CREDIT_NOTE, BILLING))),
    (ParticipantIdentifier(ISO6523, "0192:991825827"), ((INVOICE, BILLING),)),
    (ParticipantIdentifier(ISO6523, "9915:Test-Hospital"), ((ORDER, ORDERING),)),
)


def demo_metadata(access_points: tuple[SigningKey, ...]) -> list[ServiceMetadata]:
    """The service metadata of every participant; participants take turns at the access points."""
    documents = []
    for number, (participant, services) in enumerate(PARTICIPANTS):
        which = number % len(access_points)
        certificate = access_points[which].certificate.public_bytes(Encoding.DER)
        endpoint = Endpoint(
            transport_profile=TRANSPORT_PROFILE,
            address=f"https://ap{which + 1}.demo.example/as4",
            certificates=(EndpointCertificate(certificate),),
            description=f"Demonstration access point {which + 1}",
            technical_contact="https://ap.demo.example/contact",
        )
        for document_type, process in services:
            group = ProcessMetadata((Process(ProcessIdentifier("cenbii-procid-ubl", process)),), (endpoint,))
            documents.append(ServiceMetadata(participant, document_type, (group,)))
    return documents
