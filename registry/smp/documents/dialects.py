# SPDX-License-Identifier: Apache-2.0
"""Which dialect a document is written in, told by its root element alone.

busdox is what Peppol speaks; bdxr1 and bdxr2 are OASIS SMP 1.0 and 2.0. The draft of 2014 is still met in the wild
(Norway, 2014-16) and is known here only to be refused by its name.
"""

from dataclasses import dataclass
from typing import Literal

from registry.errors import ValidationError
from registry.smp.documents.source import read_source

DocumentKind = Literal["service_group", "service_metadata"]

TITLES = {
    "busdox": "Peppol",
    "bdxr-2014-07": "OASIS BDXR SMP 1.0 draft 2014/07",
    "bdxr1": "OASIS BDXR SMP 1.0",
    "bdxr2": "OASIS SMP 2.0",
}
"""Dialect name -> how people call it."""

_NAMESPACES = {
    "http://busdox.org/serviceMetadata/publishing/1.0/": "busdox",
    "http://docs.oasis-open.org/bdxr/ns/SMP/2014/07": "bdxr-2014-07",
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
    return DetectedDocument(dialect, kind)


def expect(tag: str, dialect: str) -> DetectedDocument:
    """As `identify`, and any other dialect is refused by its name."""
    detected = identify(tag)
    if detected.dialect != dialect:
        message = f"{TITLES[detected.dialect]}: not a {TITLES[dialect]} document"
        raise ValidationError.of("SMP-DIALECT", message, "Peppol SMP 1.4.0 §2; OASIS SMP 1.0 and 2.0 §2")
    return detected
