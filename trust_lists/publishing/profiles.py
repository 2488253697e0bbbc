# SPDX-License-Identifier: Apache-2.0
"""What the short names of a source mean, and what a list says where its source says nothing.

Lists of schemes outside the EU framework have list types, rules and an approach of their own (TS 119 612 V2.4.1
§5.3.3, §5.3.8, §5.3.9, D.4, D.6): `CClist` and `CCdetermination`, where CC is the territory. TS 119 602 §6.3.3 and C.1
leave the type of a LoTE to whoever makes the profile.

The eDelivery profile is a *domain trusted list*: the authorities under which a network's access points and SMPs have
their certificates. Its URIs stand under a base URI of the network; the statuses are the standard ones, since DSS and
what is built on it (Domibus among them) know no others.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from trust_lists.documents import vocabulary

EDELIVERY = "edelivery"
STANDARD = "standard"
PROFILES = (STANDARD, EDELIVERY)
ACCESS_POINT_CA = "AccessPoint/CA"
SMP_CA = "SMP/CA"

_TYPES = vocabulary.QUALIFIED_TYPES | vocabulary.OTHER_TYPES | vocabulary.NATIONAL_TYPES
_STATUSES = {vocabulary.GRANTED, vocabulary.WITHDRAWN, vocabulary.RECOGNISED, vocabulary.DEPRECATED} | {
    *vocabulary.STATUS_SUCCESSORS
}
_APPROVING = frozenset({vocabulary.GRANTED, vocabulary.RECOGNISED})


@dataclass(frozen=True, slots=True)
class Profile:
    """Short name → URI of service types and statuses, and what is filled in; "" where nothing can be."""

    name: str
    service_types: Mapping[str, str]
    statuses: Mapping[str, str]
    authorities: frozenset[str]
    """Types (URIs) whose certificates must be those of authorities."""
    list_type: str
    lote_type: str
    status_determination: str
    lote_status_determination: str
    rules: str


def standard(territory: str) -> Profile:
    """Any list of TS 119 612: the short names of its Annexes, and the URIs of a scheme of this territory."""
    return Profile(
        name=STANDARD,
        service_types={uri.removeprefix(vocabulary.SERVICE_TYPE): uri for uri in sorted(_TYPES)},
        statuses={uri.removeprefix(vocabulary.STATUS): uri for uri in sorted(_STATUSES)},
        authorities=frozenset(),
        list_type=f"{vocabulary.LIST_TYPE}{territory}list",
        lote_type="",
        status_determination=f"{vocabulary.DETERMINATION}{territory}determination",
        lote_status_determination=f"{vocabulary.DETERMINATION}{territory}determination",
        rules=f"{vocabulary.RULES}{territory}",
    )


def edelivery(territory: str, base: str) -> Profile:
    """A domain trusted list of access-point and SMP authorities, with URIs under `base` (which ends with `/`)."""
    common = standard(territory)
    own = {name: f"{base}Svctype/{name}" for name in (ACCESS_POINT_CA, SMP_CA)}
    return Profile(
        name=EDELIVERY,
        service_types={**own, **common.service_types},
        statuses=common.statuses,
        authorities=frozenset(own.values()),
        list_type=common.list_type,
        lote_type=f"{base}LoTEType/EDeliveryProvidersList",
        status_determination=common.status_determination,
        lote_status_determination=f"{base}StatusDetn/EDeliveryProvidersList",
        rules=f"{base}rules",
    )


def default_base(information_uri: str) -> str:
    """Where the URIs of an eDelivery scheme stand if it doesn't say so: below `/edelivery/` of its own web site."""
    try:
        parts = urlsplit(information_uri)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc}/edelivery/" if parts.netloc else ""


def default_rules(kind: str, territory: str, own: str) -> tuple[str, ...]:
    """The community rules (§5.3.9) of a list of this type: those of the EU, or the scheme's `own`."""
    if kind == vocabulary.EU_LIST:
        return f"{vocabulary.RULES}EUcommon", f"{vocabulary.RULES}{territory}"
    return (f"{vocabulary.RULES}EUlistofthelists",) if kind == vocabulary.EU_LIST_OF_LISTS else (own,)


def list_type(name: str) -> str:
    """The URI of a list type by its short name (`EUgeneric`); a URI is returned as it is."""
    return name if ":" in name else f"{vocabulary.LIST_TYPE}{name}"


def is_approving(status: str) -> bool:
    """Whether a service of this status (URI) is trusted; a status of the scheme's own counts as one."""
    if status in vocabulary.STATUS_SUCCESSORS:
        return vocabulary.STATUS_SUCCESSORS[status][0] in _APPROVING
    return status not in {vocabulary.WITHDRAWN, vocabulary.DEPRECATED}
