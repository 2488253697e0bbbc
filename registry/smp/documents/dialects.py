# SPDX-License-Identifier: Apache-2.0
"""Which dialect a document is written in, told by its root element alone.

busdox is what Peppol speaks; bdxr1 and bdxr2 are OASIS SMP 1.0 and 2.0. The draft of SMP 1.0 of July 2014 is still
met in the wild (Norway, 2014-16) and belongs to bdxr1, which reads it and never writes it.
"""

from dataclasses import dataclass
from typing import Literal

from registry.errors import ValidationError
from registry.smp.documents.source import read_source

DocumentKind = Literal["service_group", "service_metadata"]

TITLES = {
    "busdox": "Peppol",
    "bdxr1": "OASIS BDXR SMP 1.0",
    "bdxr2": "OASIS SMP 2.0",
}
"""Dialect name -> how people call it."""

_DRAFT = "http://docs.oasis-open.org/bdxr/ns/SMP/2014/07"
_NAMESPACES = {
    "http://busdox.org/serviceMetadata/publishing/1.0/": "busdox",
    _DRAFT: "bdxr1",
    "http://docs.oasis-open.org/bdxr/ns/SMP/2016/05": "bdxr1",
    "http://docs.oasis-open.org/bdxr/ns/SMP/2/ServiceGroup": "bdxr2",
    "http://docs.oasis-open.org/bdxr/ns/SMP/2/ServiceMetadata": "bdxr2",
}
_KINDS: dict[str, DocumentKind] = {
    "ServiceGroup": "service_group",
    "ServiceMetadata": "service_metadata",
    "SignedServiceMetadata": "service_metadata",
}


@dataclass(frozen=True, slots=True)
class DetectedDocument:
    """What a root element says. A redirect can't be told from other service metadata by the root alone."""

    dialect: str
    kind: DocumentKind
    namespace: str

    @property
    def title(self) -> str:
        """How people call what the document is written in."""
        return TITLES[self.dialect] + (" draft 2014/07" if self.namespace == _DRAFT else "")


def detect(data: bytes) -> DetectedDocument:
    """The dialect and the kind of a document.

    Raises ValidationError when `data` is no XML that we accept, or its root is none that we know.
    """
    root, _ = read_source(data)
    return identify(root.tag)


def identify(tag: str) -> DetectedDocument:
    """The dialect and the kind that a root element's tag (`{namespace}name`) stands for."""
    namespace, _, name = tag.removeprefix("{").rpartition("}")
    dialect, kind = _NAMESPACES.get(namespace), _KINDS.get(name)
    if dialect is None or kind is None or (dialect == "bdxr2" and not namespace.endswith(f"/{name}")):
        raise ValidationError.of(
            "SMP-DIALECT",
            f"the root element {tag} is of no SMP document",
            "Peppol SMP 1.4.0 §2; OASIS SMP 1.0 and 2.0 §2",
        )
    return DetectedDocument(dialect, kind, namespace)


def expect(tag: str, *dialects: str) -> DetectedDocument:
    """As `identify`, and any dialect but these is refused by its name."""
    detected = identify(tag)
    if detected.dialect not in dialects:
        wanted = " or ".join(TITLES[dialect] for dialect in dialects)
        message = f"{detected.title}: not a {wanted} document"
        raise ValidationError.of("SMP-DIALECT", message, "Peppol SMP 1.4.0 §2; OASIS SMP 1.0 and 2.0 §2")
    return detected
