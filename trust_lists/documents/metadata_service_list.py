# SPDX-License-Identifier: Apache-2.0
"""eIDAS lists of metadata services (MetadataServiceList, MDSL): where an entity's metadata are, and who signs them.

A list holds no keys of entities. Each of its locations names certificates, one of which signs the metadata there.
Format: the schema `eidas-metadata-servicelist-1.0`; there is no specification that says more.
"""

from dataclasses import dataclass

from lxml import etree

from trust_lists.certificates.listed import ListedCertificate
from trust_lists.documents.key_info import KEY_INFO, certificates_of
from trust_lists.documents.saml_metadata import Lasting
from trust_lists.documents.xml_dates import read_date
from trust_lists.errors import CertificateError, MetadataRefusedError, shown

SERVICE_LIST = "http://eidas.europa.eu/metadata/servicelist"
ROOT = f"{{{SERVICE_LIST}}}MetadataServiceList"
MAX_LOCATIONS = 10_000

_LOCATIONS = f"{{{SERVICE_LIST}}}MetadataList/{{{SERVICE_LIST}}}MetadataLocation"
_ENDPOINT = f"{{{SERVICE_LIST}}}Endpoint"


@dataclass(frozen=True, slots=True)
class MetadataLocation:
    """Where metadata are."""

    location: str
    """A URL."""
    entities: tuple[str, ...]
    """Whose they are, by entityID; the location itself where the list doesn't say."""
    signers: tuple[ListedCertificate, ...]
    """One of these has signed them."""


@dataclass(frozen=True, slots=True)
class MetadataServiceList:
    """A list of metadata services."""

    lasting: Lasting
    locations: tuple[MetadataLocation, ...]

    def of(self, entity: str) -> tuple[MetadataLocation, ...]:
        """Where the metadata of an entity are."""
        return tuple(each for each in self.locations if entity in each.entities)


def read_service_list(root: etree._Element) -> MetadataServiceList:
    """The list whose root this is.

    Raises MetadataRefusedError: METADATA_ROOT, METADATA_DATE, METADATA_LOCATION.
    """
    if root.tag != ROOT:
        raise MetadataRefusedError("METADATA_ROOT", f"the document is a {shown(str(root.tag))}, no metadata list")
    found = root.findall(_LOCATIONS)
    if len(found) > MAX_LOCATIONS:
        raise MetadataRefusedError("METADATA_LOCATION", f"the list has {len(found)} locations")
    return MetadataServiceList(Lasting(read_date(root, "NextUpdate")), tuple(map(_location, found)))


def _location(element: etree._Element) -> MetadataLocation:
    location = element.get("Location", "")
    if not location:
        raise MetadataRefusedError("METADATA_LOCATION", "a MetadataLocation has no Location")
    entities = tuple(each.get("EntityID", "") or location for each in element.findall(_ENDPOINT))
    try:
        signers = tuple(each for info in element.findall(KEY_INFO) for each in certificates_of(info))
    except CertificateError as error:
        raise MetadataRefusedError("METADATA_LOCATION", f"the signers of {shown(location)}: {error}") from None
    return MetadataLocation(location, entities or (location,), signers)
