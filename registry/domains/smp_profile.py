# SPDX-License-Identifier: Apache-2.0
"""How a domain's service metadata are published by this instance."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Self

from registry.domains.base_url import parse_base_url
from registry.domains.section import Section
from registry.errors import ValidationError
from registry.identifiers.smp_id import validate_smp_id

DIALECTS = ("busdox",)


@dataclass(frozen=True, slots=True)
class SmpProfile:
    """The SMP of a domain."""

    dialect: str = "busdox"
    base_url: str = ""
    """What identifiers are appended to, without a slash at its end; empty where this instance has no SMP."""
    smp_id: str | None = None
    """The id under which the SML knows this SMP."""

    @classmethod
    def read(cls, section: Section, url_schemes: Collection[str]) -> Self:
        """From the section `smp`; complains there."""
        base_url = section.text("base_url")
        if base_url:
            try:
                base_url = str(parse_base_url(base_url, url_schemes))
            except ValidationError as error:
                section.complain("base_url", str(error))
        smp_id = section.text("smp_id") or None
        for reason in validate_smp_id(smp_id) if smp_id else ():
            section.complain("smp_id", str(reason))
        return cls(section.choice("dialect", "busdox", DIALECTS), base_url, smp_id)
