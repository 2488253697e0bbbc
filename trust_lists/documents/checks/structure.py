# SPDX-License-Identifier: Apache-2.0
"""The order and number of elements of a list's XML (TS 119 612 §5 and B.0), without a schema at hand.

Containers are given with what they hold, in order; what isn't given (addresses, extensions, the signature) is free
here and left to the schema.
"""

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from lxml import etree

from trust_lists.documents.checks.rules import Rule
from trust_lists.documents.findings import Finding
from trust_lists.documents.vocabulary import TSL

_DS = "http://www.w3.org/2000/09/xmldsig#"
_MANY = 1_000_000
_COUNTED = ("TrustServiceProvider", "TSPService", "ServiceHistoryInstance")
_LISTS = ("TrustServiceProviderList", "TSPServices", "ServiceHistory")
_CONTENT: dict[str, tuple[tuple[str, str, int, int], ...]] = {
    "TrustServiceStatusList": (
        ("SchemeInformation", "5.3", 1, 1),
        ("TrustServiceProviderList", "5.3.18", 0, 1),
        ("Signature", "5.7", 0, 1),
    ),
    "SchemeInformation": (
        ("TSLVersionIdentifier", "5.3.1", 1, 1),
        ("TSLSequenceNumber", "5.3.2", 1, 1),
        ("TSLType", "5.3.3", 1, 1),
        ("SchemeOperatorName", "5.3.4", 1, 1),
        ("SchemeOperatorAddress", "5.3.5", 1, 1),
        ("SchemeName", "5.3.6", 1, 1),
        ("SchemeInformationURI", "5.3.7", 1, 1),
        ("StatusDeterminationApproach", "5.3.8", 1, 1),
        ("SchemeTypeCommunityRules", "5.3.9", 0, 1),
        ("SchemeTerritory", "5.3.10", 0, 1),
        ("PolicyOrLegalNotice", "5.3.11", 0, 1),
        ("HistoricalInformationPeriod", "5.3.12", 1, 1),
        ("PointersToOtherTSL", "5.3.13", 0, 1),
        ("ListIssueDateTime", "5.3.14", 1, 1),
        ("NextUpdate", "5.3.15", 1, 1),
        ("DistributionPoints", "5.3.16", 0, 1),
        ("SchemeExtensions", "5.3.17", 0, 1),
    ),
    "SchemeOperatorAddress": (("PostalAddresses", "5.3.5.1", 1, 1), ("ElectronicAddress", "5.3.5.2", 1, 1)),
    "PointersToOtherTSL": (("OtherTSLPointer", "5.3.13", 1, _MANY),),
    "OtherTSLPointer": (
        ("ServiceDigitalIdentities", "5.3.13", 0, 1),
        ("TSLLocation", "5.3.13", 1, 1),
        ("AdditionalInformation", "5.3.13", 0, 1),
    ),
    "NextUpdate": (("dateTime", "5.3.15", 0, 1),),
    "TrustServiceProviderList": (("TrustServiceProvider", "5.3.18", 1, _MANY),),
    "TrustServiceProvider": (("TSPInformation", "5.4", 1, 1), ("TSPServices", "5.4.6", 1, 1)),
    "TSPInformation": (
        ("TSPName", "5.4.1", 1, 1),
        ("TSPTradeName", "5.4.2", 0, 1),
        ("TSPAddress", "5.4.3", 1, 1),
        ("TSPInformationURI", "5.4.4", 1, 1),
        ("TSPInformationExtensions", "5.4.5", 0, 1),
    ),
    "TSPAddress": (("PostalAddresses", "5.4.3.1", 1, 1), ("ElectronicAddress", "5.4.3.2", 1, 1)),
    "TSPServices": (("TSPService", "5.4.6", 1, _MANY),),
    "TSPService": (("ServiceInformation", "5.5", 1, 1), ("ServiceHistory", "5.5.10", 0, 1)),
    "ServiceInformation": (
        ("ServiceTypeIdentifier", "5.5.1", 1, 1),
        ("ServiceName", "5.5.2", 1, 1),
        ("ServiceDigitalIdentity", "5.5.3", 1, 1),
        ("ServiceStatus", "5.5.4", 1, 1),
        ("StatusStartingTime", "5.5.5", 1, 1),
        ("SchemeServiceDefinitionURI", "5.5.6", 0, 1),
        ("ServiceSupplyPoints", "5.5.7", 0, 1),
        ("TSPServiceDefinitionURI", "5.5.8", 0, 1),
        ("ServiceInformationExtensions", "5.5.9", 0, 1),
    ),
    "ServiceHistory": (("ServiceHistoryInstance", "5.6", 0, _MANY),),
    "ServiceHistoryInstance": (
        ("ServiceTypeIdentifier", "5.6.1", 1, 1),
        ("ServiceName", "5.6.2", 1, 1),
        ("ServiceDigitalIdentity", "5.6.3", 1, 1),
        ("ServiceStatus", "5.6.4", 1, 1),
        ("StatusStartingTime", "5.6.5", 1, 1),
        ("ServiceInformationExtensions", "5.6.6", 0, 1),
    ),
}

MISSING = Rule("TS119612-B.0-MISSING", "B.0", "Every element that must be there is there.")
TWICE = Rule("TS119612-B.0-TWICE", "B.0", "No element stands more often than it may.")
ORDER = Rule("TS119612-B.0-ORDER", "B.0", "Elements stand in the order that the standard gives them.")
UNKNOWN = Rule("TS119612-B.0-UNKNOWN", "B.0", "There are no elements that the standard doesn't define.")

STRUCTURE_RULES = (MISSING, TWICE, ORDER, UNKNOWN)


class Paths:
    """Paths of elements below a root, counted from 1 where siblings have their name; siblings are counted once."""

    def __init__(self) -> None:
        self._places: dict[etree._Element, dict[etree._Element, str]] = {}

    def of(self, element: etree._Element) -> str:
        """The path of an element, without the lists that hold no more than providers, services and histories."""
        steps: list[str] = []
        current = element
        while (parent := current.getparent()) is not None:
            if not steps or etree.QName(current).localname not in _LISTS:
                steps.append(self._steps(parent)[current])
            current = parent
        return "/".join(reversed(steps))

    def _steps(self, parent: etree._Element) -> dict[etree._Element, str]:
        if parent not in self._places:
            children = [(child, etree.QName(child).localname) for child in parent.iterchildren(etree.Element)]
            totals = Counter(name for _, name in children)
            seen: Counter[str] = Counter()
            self._places[parent] = found = {}
            for child, name in children:
                seen[name] += 1
                found[child] = f"{name}[{seen[name]}]" if totals[name] > 1 or name in _COUNTED else name
        return self._places[parent]


def check_structure(root: etree._Element, paths: Paths) -> Iterator[Finding]:
    """Findings about elements that are missing, too many, out of order, or unknown."""
    for element in (root, *root.iterdescendants(*(f"{{{TSL}}}{name}" for name in _CONTENT))):
        for rule, message in _content(element):
            yield rule.broken(message, paths.of(element))


def _content(element: etree._Element) -> Iterator[tuple[Rule, str]]:
    parent = etree.QName(element).localname
    expected = _CONTENT.get(parent)
    if expected is None:
        return
    places = {name: position for position, (name, *_) in enumerate(expected)}
    names = []
    for child in element.iterchildren(etree.Element):
        found = etree.QName(child)
        if found.localname in places and found.namespace == (_DS if found.localname == "Signature" else TSL):
            names.append(found.localname)
        else:
            yield UNKNOWN, f"{found.text} stands in {parent}"
    counted = Counter(names)
    for name, clause, least, most in expected:
        if counted[name] < least:
            yield MISSING, f"{name} is missing (§{clause})"
        elif counted[name] > most:
            yield TWICE, f"{name} stands {counted[name]} times (§{clause})"
    for before, after in pairwise(names):
        if places[after] < places[before]:
            yield ORDER, f"{after} stands behind {before}"
