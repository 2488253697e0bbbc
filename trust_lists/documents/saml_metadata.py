# SPDX-License-Identifier: Apache-2.0
"""SAML metadata, read for one thing: which keys an entity has, for what, and until when.

A date holds for the element that it stands on and for all inside, so each key has the earliest of those around it.
Extensions are passed over: an entity that hides in them is none. Of an affiliation nobody has a key. Clauses:
saml-metadata-2.0 §2.2 to §2.4 with the errata (E62: what `use` means).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from lxml import etree

from trust_lists.certificates.listed import ListedCertificate
from trust_lists.documents.key_info import KEY_INFO, read_key_info
from trust_lists.documents.xml_dates import read_date, read_duration
from trust_lists.errors import CertificateError, MetadataRefusedError, shown

MD = "urn:oasis:names:tc:SAML:2.0:metadata"
ENTITY = f"{{{MD}}}EntityDescriptor"
ENTITIES = f"{{{MD}}}EntitiesDescriptor"
ROOTS = (ENTITY, ENTITIES)
MAX_ID_LENGTH = 1_024
"""Of an entityID (saml-metadata-2.0 §2.2.1)."""

_ROLES = frozenset(
    f"{{{MD}}}{name}"
    for name in (
        *("RoleDescriptor", "IDPSSODescriptor", "SPSSODescriptor"),
        *("AuthnAuthorityDescriptor", "AttributeAuthorityDescriptor", "PDPDescriptor"),
    )
)
_KEY = f"{{{MD}}}KeyDescriptor"


@dataclass(frozen=True, slots=True)
class Lasting:
    """How long something holds: until when at most, and how long after it was fetched (None: no bound)."""

    until: datetime | None = None
    cached: timedelta | None = None

    def within(self, until: datetime | None, cached: timedelta | None) -> "Lasting":
        """With these bounds too, which are inside of it."""
        return Lasting(
            min((each for each in (self.until, until) if each is not None), default=None),
            min((each for each in (self.cached, cached) if each is not None), default=None),
        )


@dataclass(frozen=True, slots=True)
class MetadataKey:
    """A key of an entity in one of its roles."""

    use: str
    """`signing`, `encryption`, or "" for both (E62)."""
    key: bytes
    """SubjectPublicKeyInfo, as `canonical_key` has it."""
    certificate: ListedCertificate | None
    """What the key came in; nothing of it but the key counts."""
    lasting: Lasting


@dataclass(frozen=True, slots=True)
class Entity:
    """An entity, and all keys of its roles that can be read."""

    id: str
    keys: tuple[MetadataKey, ...]
    unread: tuple[str, ...] = ()
    """Why others can't be read."""


@dataclass(frozen=True, slots=True)
class SamlMetadata:
    """The entities of a document by entityID: usually one each."""

    lasting: Lasting
    """Of the root."""
    entities: Mapping[str, tuple[Entity, ...]] = field(default_factory=dict)


def read_saml_metadata(root: etree._Element) -> SamlMetadata:
    """What an EntityDescriptor, or an EntitiesDescriptor with all inside, says of keys.

    Raises MetadataRefusedError: METADATA_ROOT, METADATA_ENTITY_ID, METADATA_DATE.
    """
    if root.tag not in ROOTS:
        raise MetadataRefusedError("METADATA_ROOT", f"the document is a {shown(str(root.tag))}, no SAML metadata")
    found: dict[str, list[Entity]] = {}
    waiting = [(root, Lasting())]
    while waiting:
        element, around = waiting.pop()
        lasting = _lasting(element, around)
        if element.tag == ENTITY:
            entity = _entity(element, lasting)
            found.setdefault(entity.id, []).append(entity)
        else:
            waiting.extend((child, lasting) for child in element if child.tag in ROOTS)
    return SamlMetadata(_lasting(root, Lasting()), {name: tuple(each) for name, each in found.items()})


def _entity(element: etree._Element, lasting: Lasting) -> Entity:
    name = element.get("entityID", "")
    if not 0 < len(name) <= MAX_ID_LENGTH:
        raise MetadataRefusedError("METADATA_ENTITY_ID", "an EntityDescriptor has no entityID, or one that is too long")
    found: list[MetadataKey] = []
    unread: list[str] = []
    for descriptor, around in _key_descriptors(element, lasting):
        try:
            found.append(_key(descriptor, around))
        except CertificateError as error:
            unread.append(str(error))
    return Entity(name, tuple(found), tuple(dict.fromkeys(unread)))


def _key_descriptors(entity: etree._Element, lasting: Lasting) -> Iterator[tuple[etree._Element, Lasting]]:
    for role in entity:
        if role.tag in _ROLES:
            around = _lasting(role, lasting)
            for each in role.findall(_KEY):
                yield each, around


def _key(descriptor: etree._Element, lasting: Lasting) -> MetadataKey:
    use = descriptor.get("use", "")
    if use not in {"", "signing", "encryption"} or ("use" in descriptor.attrib and not use):
        raise CertificateError(f"a KeyDescriptor is for {shown(use)!r}, which means nothing")
    infos = descriptor.findall(KEY_INFO)
    if len(infos) != 1:
        raise CertificateError(f"a KeyDescriptor has {len(infos)} KeyInfo elements")
    info = read_key_info(infos[0])
    return MetadataKey(use, info.key, info.certificate, lasting)


def _lasting(element: etree._Element, around: Lasting) -> Lasting:
    """With what the element says of itself. Raises MetadataRefusedError METADATA_DATE."""
    return around.within(read_date(element, "validUntil"), read_duration(element, "cacheDuration"))
