# SPDX-License-Identifier: Apache-2.0
"""The names at which a federated network says which SML has the participants of an agency (sml.md §2.1)."""

import re

from registry.errors import ValidationError
from registry.identifiers.text import shorten

SML_SERVICE = "Meta:SML"
"""The service of the NAPTR record that leads to the interface of an SML."""
_ICD = re.compile(r"[0-9]{4}")


def sml_host_owner(icd: str) -> str:
    """`<icd>.sml`, relative to the zone: an alias of the host of the SML. Raises ValidationError for what is no ICD."""
    return f"{_checked(icd)}.sml"


def sml_api_owner(icd: str) -> str:
    """`<icd>.sml-api`, relative to the zone: NAPTR records to the interface of the SML. Raises as `sml_host_owner`."""
    return f"{_checked(icd)}.sml-api"


def _checked(icd: str) -> str:
    if not _ICD.fullmatch(icd):
        raise ValidationError.of("SML-LOCATOR-ICD", f"an ICD has four digits, not {shorten(icd)}", "ISO/IEC 6523-1")
    return icd
