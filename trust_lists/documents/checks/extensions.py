# SPDX-License-Identifier: Apache-2.0
"""Extensions: TS 119 612 §5.5.9, and what B.0 says about critical ones that nobody knows."""

from collections.abc import Iterator

from trust_lists.documents.checks.places import extensions, state_extensions, states
from trust_lists.documents.checks.rules import Rule
from trust_lists.documents.checks.scheme import is_absolute, is_of_eu
from trust_lists.documents.checks.services import REGULATION_SINCE
from trust_lists.documents.findings import Finding, Level
from trust_lists.documents.model import (
    AdditionalServiceInformation,
    CriteriaList,
    Criterion,
    ExpiredCertsRevocationInfo,
    QualificationElement,
    Qualifications,
    ServiceState,
    TakenOverBy,
    TrustedList,
    UnknownCriterion,
    UnknownExtension,
)
from trust_lists.documents.vocabulary import (
    CA_QC,
    FOR_SEALS,
    FOR_SIGNATURES,
    FOR_WEB_SITES,
    GRANTED,
    INFORMATION,
    QUALIFIERS,
    ROOT_CA_QC,
    SERVICE_TYPE,
    short,
)

_PURPOSES = (FOR_SIGNATURES, FOR_SEALS, FOR_WEB_SITES)
_REVOCATION_TYPES = (f"{SERVICE_TYPE}CA/", f"{SERVICE_TYPE}Certstatus/", f"{SERVICE_TYPE}NationalRootCA")
_CONTRADICTIONS = (
    *(("QCStatement", "NotQualified"), ("QCForESig", "QCForESeal"), ("QCForESig", "QCForWSA")),
    *(("QCForESeal", "QCForWSA"), ("QCWithQSCD", "QCNoQSCD"), ("QCQSCDManagedOnBehalf", "QCNoQSCD")),
    *(("QCWithSSCD", "QCNoSSCD"), ("QCQSCDStatusAsInCert", "QCWithQSCD"), ("QCQSCDStatusAsInCert", "QCNoQSCD")),
    *(("QCSSCDStatusAsInCert", "QCWithSSCD"), ("QCSSCDStatusAsInCert", "QCNoSSCD")),
)

CRITICAL = Rule("TS119612-B.0", "B.0", "No extension that isn't known is critical: the list would have to be refused.")
REVOCATION = Rule("TS119612-5.5.9.1", "5.5.9.1", "ExpiredCertsRevocationInfo is never critical.")
REVOCATION_TYPE = Rule(
    "TS119612-5.5.9.1-TYPE",
    "5.5.9.1",
    "ExpiredCertsRevocationInfo is of services that issue certificates or their status.",
)
QUALIFICATIONS = Rule("TS119612-5.5.9.2", "5.5.9.2", "Qualifications are of services of type CA/QC only.", since=5)
CRITERIA = Rule(
    "TS119612-5.5.9.2.2", "5.5.9.2.2", "Criteria are of the kinds that the standard defines.", Level.WARNING
)
NO_CRITERIA = Rule("TS119612-5.5.9.2.2-EMPTY", "5.5.9.2.2", "A list of criteria isn't empty.", Level.WARNING, since=5)
QUALIFIER = Rule("TS119612-5.5.9.2.3", "5.5.9.2.3", "Qualifiers are those that the standard defines.", since=5)
CONTRADICTION = Rule(
    "TS119612-5.5.9.2.3-PAIR", "5.5.9.2.3", "Qualifiers of one element don't contradict each other.", Level.WARNING
)
TAKEN_OVER = Rule("TS119612-5.5.9.3", "5.5.9.3", "TakenOverBy has URI, provider, operator and territory.")
INFORMATION_URI = Rule(
    "TS119612-5.5.9.4", "5.5.9.4", "AdditionalServiceInformation holds an absolute URI, of the standard if it looks so."
)
ROOT = Rule("TS119612-5.5.9.4-ROOT", "5.5.9.4", "RootCA-QC is of services of type CA/QC only.", Level.WARNING, since=5)
PURPOSE = Rule(
    "TS119612-5.5.9.4-PURPOSE", "5.5.9.4", "A granted CA/QC says what its certificates are for.", Level.WARNING, since=5
)

EXTENSION_RULES = (
    *(CRITICAL, REVOCATION, REVOCATION_TYPE, QUALIFICATIONS, CRITERIA, NO_CRITERIA, QUALIFIER, CONTRADICTION),
    *(TAKEN_OVER, INFORMATION_URI, ROOT, PURPOSE),
)


def check_extensions(document: TrustedList) -> Iterator[Finding]:
    """Findings of §5.5.9 and B.0."""
    for where, extension in extensions(document):
        if extension.critical and isinstance(extension.content, UnknownExtension):
            yield CRITICAL.broken(f"{extension.content.name} is critical, and not known", where)
    of_eu = is_of_eu(document)
    for where, state in states(document):
        for place, extension in state_extensions(where, state):
            content = extension.content
            if isinstance(content, ExpiredCertsRevocationInfo):
                yield from _revocation(state, place, critical=extension.critical)
            elif isinstance(content, Qualifications):
                yield from _qualifications(content, state, place)
            elif isinstance(content, TakenOverBy):
                yield from _taken_over(content, place)
            elif isinstance(content, AdditionalServiceInformation):
                yield from _information(content, state, place)
        if of_eu:
            yield from _purpose(state, where)


def _revocation(state: ServiceState, where: str, *, critical: bool) -> Iterator[Finding]:
    if critical:
        yield REVOCATION.broken("the extension is critical", where)
    if not state.type.startswith(_REVOCATION_TYPES):
        yield REVOCATION_TYPE.broken(f"the service is of type {short(state.type)}", where)


def _qualifications(content: Qualifications, state: ServiceState, where: str) -> Iterator[Finding]:
    if state.type != CA_QC:
        yield QUALIFICATIONS.broken(f"the service is of type {short(state.type)}", where)
    for number, element in enumerate(content.elements, 1):
        yield from _element(element, f"{where}/Qualifications/QualificationElement[{number}]")


def _element(element: QualificationElement, where: str) -> Iterator[Finding]:
    for uri in element.qualifiers:
        if uri not in QUALIFIERS:
            yield QUALIFIER.broken(f"{uri!r} is not known", f"{where}/Qualifiers")
    names = {short(uri) for uri in element.qualifiers}
    for one, other in _CONTRADICTIONS:
        if one in names and other in names:
            yield CONTRADICTION.broken(f"{one} and {other}", f"{where}/Qualifiers")
    yield from _criteria(element.criteria, f"{where}/CriteriaList")


def _criteria(found: CriteriaList, where: str) -> Iterator[Finding]:
    if not found.criteria:
        yield NO_CRITERIA.broken(f"no criterion, of which {found.assertion.value} must hold", where)
    for criterion in found.criteria:
        yield from _criterion(criterion, where)


def _criterion(criterion: Criterion, where: str) -> Iterator[Finding]:
    if isinstance(criterion, CriteriaList):
        yield from _criteria(criterion, f"{where}/CriteriaList")
    elif isinstance(criterion, UnknownCriterion):
        yield CRITERIA.broken(f"{criterion.name} is not known", where)


def _taken_over(content: TakenOverBy, where: str) -> Iterator[Finding]:
    facts = {
        "URI": content.uri,
        "TSPName": content.names,
        "SchemeOperatorName": content.operator_names,
        "SchemeTerritory": content.territory,
    }
    missing = [name for name, value in facts.items() if not value]
    if missing:
        yield TAKEN_OVER.broken(f"{', '.join(missing)} missing", f"{where}/TakenOverBy")


def _information(content: AdditionalServiceInformation, state: ServiceState, where: str) -> Iterator[Finding]:
    path = f"{where}/AdditionalServiceInformation/URI"
    ours = content.uri.startswith(INFORMATION)
    if not is_absolute(content.uri) or (ours and content.uri not in (*_PURPOSES, ROOT_CA_QC)):
        yield INFORMATION_URI.broken(f"{content.uri!r} is not known", path)
    if content.uri == ROOT_CA_QC and state.type != CA_QC:
        yield ROOT.broken(f"the service is of type {short(state.type)}", path)


def _purpose(state: ServiceState, where: str) -> Iterator[Finding]:
    # TS 119 615 §4.4 finds no qualified certificate of a service that doesn't say this, whatever its status.
    recent = state.starting_time is not None and state.starting_time >= REGULATION_SINCE
    if state.type != CA_QC or state.status != GRANTED or not recent:
        return
    said = {each.content.uri for each in state.extensions if isinstance(each.content, AdditionalServiceInformation)}
    if not said & {*_PURPOSES}:
        yield PURPOSE.broken("neither signatures nor seals nor web sites are named", where)
