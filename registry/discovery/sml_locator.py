# SPDX-License-Identifier: Apache-2.0
"""Which SML has the participants of an agency: the locator records of a federated network.

`<icd>.sml.<zone>` is an alias of the host of that SML, `<icd>.sml-api.<zone>` has a NAPTR record to its interface
(the European Commission's federated design, sml.md §2.1). A network may have either.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

from registry.discovery import naptr
from registry.discovery.errors import NotRegisteredError
from registry.discovery.locator import Locator
from registry.identifiers.sml_names import SML_SERVICE, sml_api_owner, sml_host_owner


class AliasLocator(Locator, Protocol):
    """A locator that also tells where an alias leads."""

    def alias(self, name: str) -> str:
        """The name that a CNAME or DNAME leads to, in the end; errors as those of `Locator.naptr`."""
        ...


@dataclass(frozen=True, slots=True)
class SmlLocation:
    """The host of an SML and the URL of its interface; never both None."""

    icd: str
    host: str | None
    api: str | None


def locate_sml(locator: AliasLocator, icd: str, zone: str, *, schemes: Collection[str] = ("https",)) -> SmlLocation:
    """The SML for an ICD in the network that has this zone.

    Raises NotRegisteredError where the network names none, NoMatchingServiceError where its NAPTR record can't be used,
    TechnicalFailureError where DNS didn't say; ValidationError for what is no ICD.
    """
    host = _host(locator, f"{sml_host_owner(icd)}.{zone}")
    name = f"{sml_api_owner(icd)}.{zone}"
    try:
        answer = locator.naptr(name)
    except NotRegisteredError:
        if host is None:
            raise
        return SmlLocation(icd, host, None)
    api = naptr.choose(answer.records, name, services=(SML_SERVICE,), schemes=schemes).url
    return SmlLocation(icd, host, api)


def _host(locator: AliasLocator, name: str) -> str | None:
    try:
        return locator.alias(name)
    except NotRegisteredError:
        return None  # the network may have the other record
