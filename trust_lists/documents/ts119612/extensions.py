# SPDX-License-Identifier: Apache-2.0
"""Reads the extensions of services, providers and schemes (TS 119 612 §5.3.17, §5.4.5, §5.5.9).

What we don't know, or what isn't as its schema says, is kept as an `UnknownExtension` or `UnknownCriterion`: the
standard lets nobody guess there (an unknown critical extension refuses what it stands in).

An `Extension` element that holds several contents comes out as several extensions of the same weight.
"""

import re
from collections.abc import Callable

from lxml import etree

from trust_lists.documents.model import (
    AdditionalServiceInformation,
    Assertion,
    CriteriaList,
    Criterion,
    ExpiredCertsRevocationInfo,
    ExtendedKeyUsageCriterion,
    Extension,
    ExtensionContent,
    KeyUsageCriterion,
    PolicyCriterion,
    PolicyNote,
    QcStatement,
    QcStatementCriterion,
    QualificationElement,
    Qualifications,
    SubjectAttributeCriterion,
    TakenOverBy,
    UnknownCriterion,
    UnknownExtension,
)
from trust_lists.documents.ts119612.values import (
    LANGUAGE,
    canonical,
    children_of,
    content_of,
    instant,
    text_of,
    texts_in,
)
from trust_lists.documents.vocabulary import MRA, SIE, TSL, TSLX, XADES
from trust_lists.errors import ListRefusedError

_EXTENSION = f"{{{TSL}}}Extension"
_CRITERIA_LIST = f"{{{SIE}}}CriteriaList"
_OID_PREFIX = re.compile(r"(urn:)?(oid:)*", re.IGNORECASE)
"""Lists write `urn:oid:1.2.3`, `oid:1.2.3` and `1.2.3`."""
_KEY_USAGES = frozenset(
    (
        "digitalSignature",
        "nonRepudiation",
        "keyEncipherment",
        "dataEncipherment",
        "keyAgreement",
        "keyCertSign",
        "crlSign",
        "encipherOnly",
        "decipherOnly",
    )
)
OTHER_CRITERIA = 3
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}


def read_extensions(element: etree._Element | None) -> tuple[Extension, ...]:
    """The extensions in a list of them; () for None.

    Critical is what doesn't say that it isn't; without the attribute, which the schema wants, it isn't.
    """
    if element is None:
        return ()
    return tuple(
        Extension(critical=_BOOLEANS.get(extension.get("Critical", "false").strip(), True), content=content)
        for extension in element
        if extension.tag == _EXTENSION
        for content in _contents(extension)
    )


def _contents(extension: etree._Element) -> list[ExtensionContent]:
    known: dict[etree._Element, ExtensionContent] = {}
    unknown_name = ""
    for child in extension.iterchildren(etree.Element):
        reader = _READERS.get(child.tag)
        content = reader(child) if reader else None
        if content is None:
            unknown_name = unknown_name or child.tag
        else:
            known[child] = content
    contents = list(known.values())
    if unknown_name or not known:
        contents.append(UnknownExtension(unknown_name, content_of(extension, without=known)))
    return contents


def _additional_information(element: etree._Element) -> AdditionalServiceInformation | None:
    parts = _parts(element)
    uri = parts.get(f"{{{TSL}}}URI") if parts else None
    if parts is None or uri is None:
        return None
    other = parts.get(f"{{{TSL}}}OtherInformation")
    return AdditionalServiceInformation(
        uri=text_of(uri),
        value=text_of(parts.get(f"{{{TSL}}}InformationValue")),
        other=content_of(other) if other is not None else "",
        lang=uri.get(LANGUAGE, ""),
    )


def _expired_certificates(element: etree._Element) -> ExpiredCertsRevocationInfo | None:
    since = instant(text_of(element))
    return ExpiredCertsRevocationInfo(since) if since else None


def _taken_over(element: etree._Element) -> TakenOverBy:
    uri = element.find(f"{{{TSLX}}}URI")
    return TakenOverBy(
        uri=text_of(uri),
        names=texts_in(element.find(f"{{{TSLX}}}TSPName"), f"{{{TSL}}}Name"),
        operator_names=texts_in(element.find(f"{{{TSL}}}SchemeOperatorName"), f"{{{TSL}}}Name"),
        territory=text_of(element.find(f"{{{TSL}}}SchemeTerritory")),
        other_qualifiers=tuple(content_of(each) for each in element.iterchildren(f"{{{TSLX}}}OtherQualifier")),
        lang=uri.get(LANGUAGE, "") if uri is not None else "",
    )


def _parts(element: etree._Element) -> dict[str, etree._Element] | None:
    try:
        return children_of(element)
    except ListRefusedError:
        return None


# Qualifications (§5.5.9.2)


def _qualifications(element: etree._Element) -> Qualifications:
    return Qualifications(
        tuple(_qualification(each) for each in element.iterchildren(f"{{{SIE}}}QualificationElement"))
    )


def _qualification(element: etree._Element) -> QualificationElement:
    qualifiers: list[str] = []
    criteria: list[CriteriaList] = []
    for child in element:
        if child.tag == f"{{{SIE}}}Qualifiers":
            qualifiers += [each.get("uri", "").strip() for each in child.iterchildren(f"{{{SIE}}}Qualifier")]
        elif child.tag == _CRITERIA_LIST:
            criteria.append(_criteria(child))
    if len(criteria) == 1:
        return QualificationElement(tuple(qualifiers), criteria[0])
    # Without criteria, or with two lists of them, nobody can say for which certificates the qualifiers hold.
    unknown = UnknownCriterion(element.tag, canonical(element))
    return QualificationElement(tuple(qualifiers), CriteriaList(Assertion.ALL, (unknown,)))


def _criteria(element: etree._Element) -> CriteriaList:
    found = _criterion(element)
    return found if isinstance(found, CriteriaList) else CriteriaList(Assertion.ALL, (found,))


def _criterion(element: etree._Element) -> Criterion:
    """A criterion; one that asks for nothing, against its schema, is no criterion that holds for everything."""
    reader = _CRITERIA.get(element.tag)
    return (reader(element) if reader else None) or UnknownCriterion(element.tag, canonical(element))


def _criteria_list(element: etree._Element) -> CriteriaList | None:
    try:
        assertion = Assertion(element.get("assert", "").strip())
    except ValueError:
        return None
    criteria: list[Criterion] = []
    descriptions: list[str] = []
    for child in element.iterchildren(etree.Element):
        if child.tag == f"{{{SIE}}}Description":
            descriptions.append(text_of(child))
        elif child.tag == f"{{{SIE}}}otherCriteriaList":
            others = list(child.iterchildren(etree.Element))
            # A criterion in plain words is one, too.
            others = others or [child] * bool(text_of(child))
            criteria += map(_criterion, others)
        else:
            criteria.append(_criterion(child))
    return CriteriaList(assertion, tuple(sorted(criteria, key=place_of)), "\n".join(filter(None, descriptions)))


def place_of(criterion: Criterion) -> int:
    """Where in a `CriteriaList` the schema wants a criterion; their order means nothing."""
    match criterion:
        case KeyUsageCriterion():
            return 0
        case PolicyCriterion():
            return 1
        case CriteriaList():
            return 2
        case _:
            return OTHER_CRITERIA


def _key_usage(element: etree._Element) -> KeyUsageCriterion | None:
    bits: list[tuple[str, bool]] = []
    for bit in element.iterchildren(etree.Element):
        name, value = bit.get("name", "").strip(), _BOOLEANS.get(text_of(bit))
        if name not in _KEY_USAGES or value is None:
            return None
        bits.append((name, value))
    return KeyUsageCriterion(tuple(bits)) if bits else None


def _policies(element: etree._Element) -> PolicyCriterion | None:
    notes = [_note(each) for each in element.iterchildren(etree.Element)]
    oids = _oids(element)
    return PolicyCriterion(oids, tuple(note for note in notes if note)) if oids else None


def _note(element: etree._Element) -> PolicyNote | None:
    description = text_of(element.find(f"{{{XADES}}}Description"))
    references = element.find(f"{{{XADES}}}DocumentationReferences")
    uris = () if references is None else tuple(map(text_of, references.iterchildren(etree.Element)))
    return PolicyNote(_oid(element), description, uris) if description or uris else None


def _extended_key_usage(element: etree._Element) -> ExtendedKeyUsageCriterion | None:
    oids = _oids(element)
    return ExtendedKeyUsageCriterion(oids) if oids else None


def _subject_attributes(element: etree._Element) -> SubjectAttributeCriterion | None:
    oids = _oids(element)
    return SubjectAttributeCriterion(oids) if oids else None


def _qc_statements(element: etree._Element) -> QcStatementCriterion | None:
    statements: list[QcStatement] = []
    for each in element.iterchildren(f"{{{MRA}}}QcStatement"):
        parts = _parts(each) or {}
        identifier = parts.get(f"{{{MRA}}}QcStatementId")
        if identifier is None:
            return None
        information = parts.get(f"{{{MRA}}}QcStatementInfo")
        statement = QcStatement(_oid(identifier))
        if information is not None:
            kind = information.find(f"{{{MRA}}}QcType")
            statement = QcStatement(
                oid=statement.oid,
                type="" if kind is None else _oid(kind),
                legislation=text_of(information.find(f"{{{MRA}}}QcCClegislation")),
            )
        statements.append(statement)
    return QcStatementCriterion(tuple(statements)) if statements else None


def _oids(element: etree._Element) -> tuple[str, ...]:
    return tuple(_oid(each) for each in element.iterchildren(etree.Element))


def _oid(element: etree._Element) -> str:
    """The OID of a `xades:ObjectIdentifierType`, dotted, also where it is written as a URN."""
    identifier = element.find(f"{{{XADES}}}Identifier")
    value = text_of(identifier if identifier is not None else element)
    return _OID_PREFIX.sub("", value, count=1)


_CRITERIA: dict[str, Callable[[etree._Element], Criterion | None]] = {
    _CRITERIA_LIST: _criteria_list,
    f"{{{SIE}}}KeyUsage": _key_usage,
    f"{{{SIE}}}PolicySet": _policies,
    f"{{{TSLX}}}ExtendedKeyUsage": _extended_key_usage,
    f"{{{TSLX}}}CertSubjectDNAttribute": _subject_attributes,
    f"{{{MRA}}}QcStatementSet": _qc_statements,
}
_READERS: dict[str, Callable[[etree._Element], ExtensionContent | None]] = {
    f"{{{TSL}}}AdditionalServiceInformation": _additional_information,
    f"{{{TSL}}}ExpiredCertsRevocationInfo": _expired_certificates,
    f"{{{SIE}}}Qualifications": _qualifications,
    f"{{{TSLX}}}TakenOverBy": _taken_over,
}
