# SPDX-License-Identifier: Apache-2.0
"""Extensions of a service, as a source writes them (TS 119 612 §5.5.9).

Qualifications are written as critical ones, as nearly all real lists do; the others only where the source says so:
readers that don't know a critical extension must pass over the service, and there are such readers.
"""

from trust_lists.documents import vocabulary
from trust_lists.documents.model import (
    AdditionalServiceInformation,
    Assertion,
    CriteriaList,
    Criterion,
    ExpiredCertsRevocationInfo,
    ExtendedKeyUsageCriterion,
    Extension,
    KeyUsageCriterion,
    PolicyCriterion,
    QcStatement,
    QcStatementCriterion,
    QualificationElement,
    Qualifications,
    SubjectAttributeCriterion,
    TakenOverBy,
)
from trust_lists.publishing.nodes import Node

KEYS = ("additional_information", "qualifications", "taken_over_by", "expired_certificates_since")
KEY_USAGES = (
    *("digitalSignature", "nonRepudiation", "keyEncipherment", "dataEncipherment", "keyAgreement", "keyCertSign"),
    *("crlSign", "encipherOnly", "decipherOnly"),
)
_ASSERTIONS = {"all": Assertion.ALL, "any": Assertion.AT_LEAST_ONE, "none": Assertion.NONE}
_CRITERIA = ("policies", "key_usage", "extended_key_usage", "subject_attributes", "qc_statements")
_XML_ORDER = (KeyUsageCriterion, PolicyCriterion, CriteriaList)
_MAX_DEPTH = 8


def read_extensions(node: Node) -> tuple[Extension, ...]:
    """All extensions of a service state."""
    section = node.section(optional=KEYS)
    found = [_additional_information(item) for item in section["additional_information"].items()]
    elements = tuple(_qualification(item) for item in section["qualifications"].items())
    if elements:
        found.append(Extension(critical=True, content=Qualifications(elements)))
    if section["taken_over_by"]:
        found.append(_taken_over_by(section["taken_over_by"]))
    since = section["expired_certificates_since"].instant()
    if since is not None:
        found.append(Extension(critical=False, content=ExpiredCertsRevocationInfo(since)))
    return tuple(found)


def _additional_information(node: Node) -> Extension:
    if not node.is_mapping:
        return Extension(critical=False, content=AdditionalServiceInformation(_information(node)))
    section = node.section(required=("uri",), optional=("value", "critical"))
    content = AdditionalServiceInformation(_information(section["uri"]), section["value"].text())
    return Extension(critical=section["critical"].boolean(default=False), content=content)


def _information(node: Node) -> str:
    return _named(
        node, (vocabulary.FOR_SIGNATURES, vocabulary.FOR_SEALS, vocabulary.FOR_WEB_SITES, vocabulary.ROOT_CA_QC)
    )


def _named(node: Node, known: tuple[str, ...]) -> str:
    """A URI of `SvcInfoExt`, by its short name or in full."""
    value = node.text()
    if ":" in value:
        return node.uri()
    short = {uri.removeprefix(vocabulary.INFORMATION): uri for uri in known}
    if value and value not in short:
        node.wrong(f"{value!r} is neither a URI nor one of {', '.join(sorted(short))}")
    return short.get(value, "")


def _qualification(node: Node) -> QualificationElement:
    section = node.section(required=("qualifiers", "criteria"))
    qualifiers = tuple(_named(item, tuple(vocabulary.QUALIFIERS)) for item in section["qualifiers"].items())
    if section["qualifiers"] and not qualifiers:
        section["qualifiers"].wrong("at least one qualifier is needed")
    return QualificationElement(qualifiers, _criteria_list(section["criteria"], 1))


def _criteria_list(node: Node, depth: int) -> CriteriaList:
    section = node.section(optional=(*_ASSERTIONS, "description"))
    given = section.given(*_ASSERTIONS)
    if len(given) != 1:
        node.wrong(f"exactly one of {', '.join(_ASSERTIONS)} is needed")
        return CriteriaList(Assertion.ALL, ())
    if depth > _MAX_DEPTH:
        node.wrong(f"criteria are nested at most {_MAX_DEPTH} levels deep")
        return CriteriaList(Assertion.ALL, ())
    inner = section[given[0]]
    criteria = tuple(found for item in inner.items() if (found := _criterion(item, depth)) is not None)
    if not inner.items():
        inner.wrong("at least one criterion is needed")
    return CriteriaList(_ASSERTIONS[given[0]], tuple(sorted(criteria, key=_place)), section["description"].text())


def _place(criterion: Criterion) -> int:
    """Where the XML has criteria of this kind; which of them comes first has no meaning."""
    return next((place for place, kind in enumerate(_XML_ORDER) if isinstance(criterion, kind)), len(_XML_ORDER))


def _criterion(node: Node, depth: int) -> Criterion | None:
    section = node.section(optional=(*_CRITERIA, *_ASSERTIONS, "description"))
    if section.given(*_ASSERTIONS):
        return _criteria_list(node, depth + 1)
    given = section.given(*_CRITERIA)
    if len(given) != 1:
        node.wrong(f"exactly one of {', '.join((*_CRITERIA, *_ASSERTIONS))} is needed")
        return None
    kind = given[0]
    if kind == "key_usage":
        return _key_usage(section[kind])
    oids = tuple(item.oid() for item in section[kind].items())
    if kind == "policies":
        return PolicyCriterion(oids)
    if kind == "extended_key_usage":
        return ExtendedKeyUsageCriterion(oids)
    if kind == "subject_attributes":
        return SubjectAttributeCriterion(oids)
    return QcStatementCriterion(tuple(QcStatement(oid) for oid in oids))


def _key_usage(node: Node) -> KeyUsageCriterion:
    bits = node.section(optional=KEY_USAGES)
    return KeyUsageCriterion(tuple((name, bits[name].boolean(default=True)) for name in bits.given(*KEY_USAGES)))


def _taken_over_by(node: Node) -> Extension:
    section = node.section(required=("uri", "name", "operator", "territory"), optional=("critical",))
    content = TakenOverBy(
        uri=section["uri"].uri(),
        names=section["name"].texts(),
        operator_names=section["operator"].texts(),
        territory=section["territory"].line(),
    )
    return Extension(critical=section["critical"].boolean(default=False), content=content)
