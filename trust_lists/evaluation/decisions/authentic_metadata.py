# SPDX-License-Identifier: Apache-2.0
"""SAML metadata, and eIDAS lists of them, as their signers made them: verified and read once for many decisions."""

from dataclasses import dataclass
from functools import lru_cache

from trust_lists.certificates.listed import ListedCertificate
from trust_lists.documents import metadata_service_list, saml_metadata
from trust_lists.documents.metadata_service_list import MetadataServiceList, read_service_list
from trust_lists.documents.saml_metadata import SamlMetadata, read_saml_metadata
from trust_lists.errors import MetadataRefusedError, SignatureInvalidError, XmlRefusedError
from trust_lists.signatures.saml import verify_saml


@dataclass(frozen=True, slots=True)
class AuthenticMetadata:
    """What a document says, or why it counts for nothing: just one of the three is there."""

    metadata: SamlMetadata | None = None
    services: MetadataServiceList | None = None
    problem: str = ""


# As many documents as there are eIDAS nodes in one state of the evidence, more or less: each is kept while it is here.
@lru_cache(maxsize=64)
def authentic_metadata(document: bytes, signers: tuple[ListedCertificate, ...]) -> AuthenticMetadata:
    """The document, if one of the signers has signed it. Raises nothing."""
    try:
        verified = verify_saml(document, signers=signers, root_tags=(*saml_metadata.ROOTS, metadata_service_list.ROOT))
        if verified.root.tag == metadata_service_list.ROOT:
            return AuthenticMetadata(services=read_service_list(verified.root))
        return AuthenticMetadata(metadata=read_saml_metadata(verified.root))
    except (XmlRefusedError, SignatureInvalidError, MetadataRefusedError) as error:
        return AuthenticMetadata(problem=f"{error} ({error.reason_id})")
