# SPDX-License-Identifier: Apache-2.0
"""Providers: TS 119 612 §5.4."""

import re
from collections.abc import Iterator

from trust_lists.documents.checks.places import providers
from trust_lists.documents.checks.rules import Rule
from trust_lists.documents.checks.scheme import check_address, check_uris
from trust_lists.documents.findings import Finding, Level
from trust_lists.documents.model import TrustedList

_OFFICIAL_ID = re.compile(r"(VAT|NTR|PAS|IDC|PNO|TIN)[A-Z]{2}-\S")

NAME = Rule("TS119612-5.4.1", "5.4.1", "A provider has a name.")
TRADE_NAME = Rule(
    "TS119612-5.4.2",
    "5.4.2",
    "A provider's trade names hold its official identifier (VATxx-…).",
    Level.WARNING,
    since=5,
)
POSTAL = Rule("TS119612-5.4.3.1", "5.4.3.1", "A provider's postal address has street, locality and country.")
ELECTRONIC = Rule("TS119612-5.4.3.2", "5.4.3.2", "A provider has an e-mail address and a web site.", since=5)
INFORMATION = Rule("TS119612-5.4.4", "5.4.4", "A provider says where information about it is, as URIs.")
SERVICES = Rule("TS119612-5.4.6", "5.4.6", "A provider has a service.")

PROVIDER_RULES = (NAME, TRADE_NAME, POSTAL, ELECTRONIC, INFORMATION, SERVICES)


def check_providers(document: TrustedList) -> Iterator[Finding]:
    """Findings of §5.4."""
    for path, provider in providers(document):
        information = f"{path}/TSPInformation"
        if not any(each.value.strip() for each in provider.names):
            yield NAME.broken("the provider has no name", f"{information}/TSPName")
        if not any(_OFFICIAL_ID.match(each.value.strip()) for each in provider.trade_names):
            yield TRADE_NAME.broken("there is no official identifier", f"{information}/TSPTradeName")
        yield from check_address(provider.address, f"{information}/TSPAddress", POSTAL, ELECTRONIC)
        where = f"{information}/TSPInformationURI"
        if not provider.information_uris:
            yield INFORMATION.broken("there is no URI", where)
        yield from check_uris(provider.information_uris, where, INFORMATION)
        if not provider.services:
            yield SERVICES.broken("the provider has no service", f"{path}/TSPServices")
