# SPDX-License-Identifier: Apache-2.0
"""The vocabulary of OASIS SMP 2.0.

Each root has a namespace of its own; aggregates (sma) hold basic elements (smb), extensions have elements of their
own (ext). The foreign element of an extension must be in a foreign namespace (`xs:any ##other`: neither in that of the
extensions nor in none).
"""

from collections.abc import Mapping
from types import MappingProxyType

from registry.smp.documents.vocabulary import Vocabulary

SG = "http://docs.oasis-open.org/bdxr/ns/SMP/2/ServiceGroup"
SM = "http://docs.oasis-open.org/bdxr/ns/SMP/2/ServiceMetadata"
SMA = "http://docs.oasis-open.org/bdxr/ns/SMP/2/AggregateComponents"
SMB = "http://docs.oasis-open.org/bdxr/ns/SMP/2/BasicComponents"
EXT = "http://docs.oasis-open.org/bdxr/ns/SMP/2/ExtensionComponents"
DS = "http://www.w3.org/2000/09/xmldsig#"

SPECIFICATION = "OASIS SMP 2.0"
VERSION = "2.0"
SERVICE_GROUP = f"{{{SG}}}ServiceGroup"
SERVICE_METADATA = f"{{{SM}}}ServiceMetadata"
EXTENSION_CONTENT = f"{{{EXT}}}ExtensionContent"
PATH_PREFIX = "bdxr-smp-2"
MIME_CODE = "application/base64"
"""What the specification's own example says of a certificate; written where the model says nothing."""

VOCABULARY = Vocabulary(
    reasons="BDXR2",
    schema=SPECIFICATION,
    namespace=SMB,
    prefixes={SG: "sg", SM: "sm", SMA: "sma", SMB: "smb", EXT: "ext"},
)

EXTENSION_PROPERTIES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "ExtensionID": ("ID", SMB),
        "ExtensionName": ("Name", EXT),
        "ExtensionAgencyID": ("ExtensionAgencyID", EXT),
        "ExtensionAgencyName": ("ExtensionAgencyName", EXT),
        "ExtensionVersionID": ("ExtensionVersionID", EXT),
        "ExtensionAgencyURI": ("ExtensionAgencyURI", EXT),
        "ExtensionURI": ("ExtensionURI", EXT),
        "ExtensionReasonCode": ("ExtensionReasonCode", EXT),
        "ExtensionReason": ("ExtensionReason", EXT),
    }
)
"""What describes an extension, by the names of SMP 1.0, which the model uses -> (name, namespace), in schema order."""
