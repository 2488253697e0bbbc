# SPDX-License-Identifier: Apache-2.0
"""Writes extensions, in the order of their schemas (TS 119 612 §5.5.9, Annex C)."""

from collections.abc import Iterable

from lxml import etree

from trust_lists.documents.model import (
    AdditionalServiceInformation,
    CriteriaList,
    Criterion,
    ExpiredCertsRevocationInfo,
    ExtendedKeyUsageCriterion,
    Extension,
    KeyUsageCriterion,
    PolicyCriterion,
    PolicyNote,
    QcStatement,
    QcStatementCriterion,
    Qualifications,
    SubjectAttributeCriterion,
    TakenOverBy,
    UnknownCriterion,
)
from trust_lists.documents.ts119612.building import Builder, add, add_language, add_list, add_some
from trust_lists.documents.ts119612.extensions import OTHER_CRITERIA, place_of
from trust_lists.documents.vocabulary import MRA, SIE, TSLX, XADES
from trust_lists.instants import write_instant


def add_extensions(builder: Builder, parent: etree._Element, name: str, extensions: Iterable[Extension]) -> None:
    """The element `name` with all `extensions`, if there are any."""
    extensions = tuple(extensions)
    if not extensions:
        return
    element = add(parent, name)
    for extension in extensions:
        one = add(element, "Extension")
        one.set("Critical", _boolean(extension.critical))
        match extension.content:
            case Qualifications() as content:
                _add_qualifications(builder, one, content)
            case AdditionalServiceInformation() as content:
                _add_additional_information(builder, one, content)
            case TakenOverBy() as content:
                _add_taken_over(builder, one, content)
            case ExpiredCertsRevocationInfo() as content:
                add(one, "ExpiredCertsRevocationInfo", write_instant(content.since))
            case unknown:
                builder.content(one, unknown.content)


def _boolean(value: bool) -> str:
    return "true" if value else "false"


def _add_additional_information(
    builder: Builder, parent: etree._Element, content: AdditionalServiceInformation
) -> None:
    element = add(parent, "AdditionalServiceInformation")
    add_language(add(element, "URI", content.uri), content.lang)
    add_some(element, "InformationValue", content.value)
    if content.other:
        builder.content(add(element, "OtherInformation"), content.other)


def _add_taken_over(builder: Builder, parent: etree._Element, content: TakenOverBy) -> None:
    element = add(parent, "TakenOverBy", namespace=TSLX)
    add_language(add(element, "URI", content.uri, namespace=TSLX), content.lang)
    add_list(element, "TSPName", "Name", content.names, namespace=TSLX)
    add_list(element, "SchemeOperatorName", "Name", content.operator_names)
    add_some(element, "SchemeTerritory", content.territory)
    for qualifier in content.other_qualifiers:
        builder.content(add(element, "OtherQualifier", namespace=TSLX), qualifier)


def _add_qualifications(builder: Builder, parent: etree._Element, content: Qualifications) -> None:
    qualifications = add(parent, "Qualifications", namespace=SIE)
    for qualification in content.elements:
        element = add(qualifications, "QualificationElement", namespace=SIE)
        qualifiers = add(element, "Qualifiers", namespace=SIE)
        for uri in qualification.qualifiers:
            add(qualifiers, "Qualifier", namespace=SIE).set("uri", uri)
        _add_criteria(builder, element, qualification.criteria)


def _add_criteria(builder: Builder, parent: etree._Element, criteria: CriteriaList) -> None:
    element = add(parent, "CriteriaList", namespace=SIE)
    element.set("assert", criteria.assertion)
    others = [each for each in criteria.criteria if place_of(each) == OTHER_CRITERIA]
    for criterion in sorted(criteria.criteria, key=place_of)[: len(criteria.criteria) - len(others)]:
        _add_criterion(builder, element, criterion)
    add_some(element, "Description", criteria.description, namespace=SIE)
    if others:
        other_list = add(element, "otherCriteriaList", namespace=SIE)
        for criterion in others:
            _add_criterion(builder, other_list, criterion)


def _add_criterion(builder: Builder, parent: etree._Element, criterion: Criterion) -> None:
    match criterion:
        case CriteriaList():
            _add_criteria(builder, parent, criterion)
        case KeyUsageCriterion(bits):
            element = add(parent, "KeyUsage", namespace=SIE)
            for name, value in bits:
                add(element, "KeyUsageBit", _boolean(value), namespace=SIE).set("name", name)
        case PolicyCriterion(oids, notes):
            element = add(parent, "PolicySet", namespace=SIE)
            _add_oids(element, f"{{{SIE}}}PolicyIdentifier", oids)
            for note in notes:
                _add_note(element[oids.index(note.oid)], note)
        case ExtendedKeyUsageCriterion(oids):
            _add_oids(add(parent, "ExtendedKeyUsage", namespace=TSLX), f"{{{TSLX}}}KeyPurposeId", oids)
        case SubjectAttributeCriterion(oids):
            _add_oids(add(parent, "CertSubjectDNAttribute", namespace=TSLX), f"{{{TSLX}}}AttributeOID", oids)
        case QcStatementCriterion(statements):
            element = etree.SubElement(parent, f"{{{MRA}}}QcStatementSet", nsmap={"mra": MRA})
            for statement in statements:
                _add_qc_statement(element, statement)
        case UnknownCriterion(name, content):
            if content:
                builder.element(parent, content, tag=name)
            else:
                etree.SubElement(parent, name)


def _add_qc_statement(parent: etree._Element, statement: QcStatement) -> None:
    element = add(parent, "QcStatement", namespace=MRA)
    _add_oids(element, f"{{{MRA}}}QcStatementId", (statement.oid,))
    if statement.type or statement.legislation:
        information = add(element, "QcStatementInfo", namespace=MRA)
        _add_oids(information, f"{{{MRA}}}QcType", (statement.type,) if statement.type else ())
        add_some(information, "QcCClegislation", statement.legislation, namespace=MRA)


def _add_note(element: etree._Element, note: PolicyNote) -> None:
    add_some(element, "Description", note.description, namespace=XADES)
    if note.documentation:
        references = add(element, "DocumentationReferences", namespace=XADES)
        for uri in note.documentation:
            add(references, "DocumentationReference", uri, namespace=XADES)


def _add_oids(parent: etree._Element, tag: str, oids: Iterable[str]) -> None:
    for oid in oids:
        add(etree.SubElement(parent, tag), "Identifier", oid, namespace=XADES)
