# SPDX-License-Identifier: Apache-2.0
"""The profiles of lists for the European wallet, by the type of the list: TS 119 602 V1.1.1 Annexes D to I.

Rules carry the table of the Annex: `.1` the scheme, `.3` the services, `.4` form and signature. Table G.1 and Annex C
write `WRPRCrovidersList`; lists with the missing letter and without it are taken.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from trust_lists.documents.checks.rules import Rule
from trust_lists.documents.checks.scheme import SUMMER_TIME, months_later
from trust_lists.documents.findings import Finding
from trust_lists.documents.lote.places import SCHEME, services
from trust_lists.documents.model import Dialect, ServiceState, TrustedList, UnknownExtension

_BASE = "http://uri.etsi.org/19602/"
_HISTORY_FOR_EVER = 65535
_MONTHS = 6
_STATUSES = frozenset(f"{_BASE}PubEAAProvidersList/SvcStatus/{name}" for name in ("notified", "withdrawn"))


@dataclass(frozen=True, slots=True)
class Annex:
    """What an Annex asks for; URIs are complete."""

    letter: str
    list_type: str
    approaches: tuple[str, ...]
    community_rules: str
    service_types: frozenset[str]
    dialects: tuple[Dialect, ...] = (Dialect.LOTE_JSON,)
    with_status: bool = False
    self_pointer: bool | None = None
    """True: must be there; False: there may be no pointers at all."""
    needs_certificates: bool = True
    may_lack_identity: bool = False
    needs_unique_identifiers: bool = False

    @property
    def scheme_rule(self) -> Rule:
        """About Table 1 of the Annex."""
        return self._rule("1", f"The scheme of {self.list_type.rpartition('/')[2]} is as Table {self.letter}.1 says.")

    @property
    def service_rule(self) -> Rule:
        """About Table 3 of the Annex."""
        return self._rule(
            "3", f"The services in {self.list_type.rpartition('/')[2]} are as Table {self.letter}.3 says."
        )

    @property
    def form_rule(self) -> Rule:
        """About clause 4 of the Annex."""
        return self._rule("4", f"{self.list_type.rpartition('/')[2]} has the form that the Annex prescribes.")

    def _rule(self, table: str, text: str) -> Rule:
        clause = f"{self.letter}.{table}"
        return Rule(f"TS119602-{clause}", clause, text)


def _issuing(name: str) -> frozenset[str]:
    return frozenset(f"{_BASE}SvcType/{name}/{kind}" for kind in ("Issuance", "Revocation"))


ANNEXES = (
    Annex(
        letter="D",
        list_type=f"{_BASE}LoTEType/EUPIDProvidersList",
        approaches=(f"{_BASE}PIDProvidersList/StatusDetn/EU",),
        community_rules=f"{_BASE}PIDProviders/schemerules/EU",
        service_types=_issuing("PID"),
        self_pointer=True,
    ),
    Annex(
        letter="E",
        list_type=f"{_BASE}LoTEType/EUWalletProvidersList",
        approaches=(f"{_BASE}WalletProvidersList/StatusDetn/EU",),
        community_rules=f"{_BASE}WalletProvidersList/schemerules/EU",
        service_types=_issuing("WalletSolution"),
        needs_unique_identifiers=True,
    ),
    Annex(
        letter="F",
        list_type=f"{_BASE}LoTEType/EUWRPACProvidersList",
        approaches=(f"{_BASE}WRPACProvidersList/StatusDetn/EU",),
        community_rules=f"{_BASE}WRPACProvidersList/schemerules/EU",
        service_types=_issuing("WRPAC"),
    ),
    Annex(
        letter="G",
        list_type=f"{_BASE}LoTEType/EUWRPRCProvidersList",
        approaches=(f"{_BASE}WRPRCrovidersList/StatusDetn/EU", f"{_BASE}WRPRCProvidersList/StatusDetn/EU"),
        community_rules=f"{_BASE}WRPRCProvidersList/schemerules/EU",
        service_types=_issuing("WRPRC"),
    ),
    Annex(
        letter="H",
        list_type=f"{_BASE}LoTEType/EUPubEAAProvidersList",
        approaches=(f"{_BASE}PubEAAProvidersList/StatusDetn/EU",),
        community_rules=f"{_BASE}PubEAAProvidersList/schemerules/EU",
        service_types=_issuing("PubEAA"),
        dialects=(Dialect.LOTE_JSON, Dialect.LOTE_XML),
        with_status=True,
        self_pointer=False,
        needs_certificates=False,
        may_lack_identity=True,
    ),
    Annex(
        letter="I",
        list_type=f"{_BASE}LoTEType/EURegistrarsAndRegistersList",
        approaches=(f"{_BASE}RegistrarsAndRegistersList/StatusDetn/EU",),
        community_rules=f"{_BASE}RegistrarsAndRegistersList/schemerules/EU",
        service_types=frozenset({f"{_BASE}SvcType/Register"}),
        needs_certificates=False,
    ),
)
ANNEX_RULES = tuple(rule for each in ANNEXES for rule in (each.scheme_rule, each.service_rule, each.form_rule))


def annex_of(document: TrustedList) -> Annex | None:
    """The Annex that the type of the list names; None for all other lists."""
    return next((each for each in ANNEXES if each.list_type == document.scheme.list_type), None)


def check_annex(document: TrustedList, annex: Annex) -> Iterator[Finding]:
    """Findings of one Annex."""
    if document.dialect not in annex.dialects:
        yield annex.form_rule.broken(f"the list is {document.dialect}, not {' or '.join(annex.dialects)}")
    yield from _scheme(document, annex)
    for path, service in services(document):
        yield from _service(f"{path}/ServiceInformation", service.current, annex)
        types = {service.current.type, *(each.type for each in service.history if each.type)}
        for wrong in sorted(types - annex.service_types):
            yield annex.service_rule.broken(f"the service is of type {wrong[:80]!r}", path)


def _scheme(document: TrustedList, annex: Annex) -> Iterator[Finding]:
    scheme, rule = document.scheme, annex.scheme_rule
    if scheme.territory != "EU":
        yield rule.broken(f"the territory is {scheme.territory[:40]!r}, not 'EU'", f"{SCHEME}/SchemeTerritory")
    if scheme.status_determination not in annex.approaches:
        message = f"it is {scheme.status_determination[:80]!r}, not {annex.approaches[0]!r}"
        yield rule.broken(message, f"{SCHEME}/StatusDeterminationApproach")
    if annex.community_rules not in {each.value for each in scheme.community_rules}:
        yield rule.broken(f"{annex.community_rules} is missing", f"{SCHEME}/SchemeTypeCommunityRules")
    period = _HISTORY_FOR_EVER if annex.with_status else None
    if scheme.historical_period != period:
        message = f"it is {scheme.historical_period}, and has to be {period or 'absent'}"
        yield rule.broken(message, f"{SCHEME}/HistoricalInformationPeriod")
    until = scheme.next_update
    if until is not None and until > months_later(scheme.issued_at, _MONTHS) + SUMMER_TIME:
        message = f"issued {scheme.issued_at.isoformat()}, next update {until.isoformat()}: more than six months"
        yield rule.broken(message, f"{SCHEME}/NextUpdate")
    types = {each.list_type for each in scheme.pointers}
    if annex.self_pointer is True and annex.list_type not in types:
        yield rule.broken("the list has no pointer to itself", f"{SCHEME}/PointersToOtherLoTE")
    if annex.self_pointer is False and scheme.pointers:
        yield rule.broken("the list has pointers, which it may not", f"{SCHEME}/PointersToOtherLoTE")


def _service(path: str, state: ServiceState, annex: Annex) -> Iterator[Finding]:
    rule = annex.service_rule
    if annex.with_status and state.status not in _STATUSES:
        yield rule.broken(f"the status is {state.status[:80]!r}", f"{path}/ServiceStatus")
    if annex.with_status and state.starting_time is None:
        yield rule.broken("there is no starting time", f"{path}/StatusStartingTime")
    if not annex.with_status and (state.status or state.starting_time):
        yield rule.broken("there is a status, or its time, where being listed is the status", f"{path}/ServiceStatus")
    if annex.needs_certificates and not state.identity.certificates:
        yield rule.broken("there is no certificate", f"{path}/ServiceDigitalIdentity")
    if annex.needs_unique_identifiers and not any(
        isinstance(each.content, UnknownExtension) and each.content.name.endswith("ServiceUniqueIdentifier")
        for each in state.extensions
    ):
        yield rule.broken("there is no ServiceUniqueIdentifier", f"{path}/ServiceInformationExtensions")
