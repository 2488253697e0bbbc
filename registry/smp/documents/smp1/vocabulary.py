# SPDX-License-Identifier: Apache-2.0
"""In what the dialects of SMP 1.x differ."""

from dataclasses import dataclass

from registry.smp.documents.vocabulary import Vocabulary

DS = "http://www.w3.org/2000/09/xmldsig#"
TAD = "eDelivery SMP TAD 1.07"


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary1(Vocabulary):
    """The names of one dialect of SMP 1.x, and the little else that is its own."""

    ids: str
    """The namespace of the identifiers' elements."""
    address: tuple[tuple[str, str], ...]
    """(name, namespace) of the elements around an endpoint's address, from the outside."""
    url_clause: str
    """Where it says how a document's URL is formed."""
    signature_flag_required: bool = True
    """Whether RequireBusinessLevelSignature must be there; where it may be missing that means false."""
    several_extensions: bool = False
    extension_properties: tuple[str, ...] = ()
    """The elements of an extension that describe it, in the order of the schema."""
    barred_content: frozenset[str] = frozenset()
    """The namespaces that an extension's foreign element can't be in (`##other`); empty for none."""
    note: str = ""
    """What a reader says of every such document."""

    @property
    def extension(self) -> str:
        """The tag of an extension."""
        return f"{{{self.namespace}}}Extension"

    @property
    def signed_service_metadata(self) -> str:
        """The tag of the root that carries a signature."""
        return f"{{{self.namespace}}}SignedServiceMetadata"

    @property
    def extension_tags(self) -> dict[str, str]:
        """Tag -> name of the elements that describe an extension."""
        return {f"{{{self.namespace}}}{name}": name for name in self.extension_properties}
