# SPDX-License-Identifier: Apache-2.0
"""Schemas come from folders, whatever URLs they import each other by, and never from anywhere else."""

from pathlib import Path

import pytest
from lxml import etree

from trust_lists.documents.findings import Level
from trust_lists.documents.schemas import MAX_FINDINGS, Schemas
from trust_lists.errors import SourceError

MAIN = """<schema xmlns="http://www.w3.org/2001/XMLSchema" xmlns:m="urn:main" xmlns:o="urn:other"
  targetNamespace="urn:main" elementFormDefault="qualified">
  <import namespace="urn:other" schemaLocation="https://schemas.invalid/2026/other.xsd"/>
  <element name="list"><complexType><sequence>
    <element name="number" type="o:number" maxOccurs="unbounded"/>
    <any namespace="##other" processContents="lax" minOccurs="0" maxOccurs="unbounded"/>
  </sequence></complexType></element>
</schema>"""
OTHER = """<schema xmlns="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:other">
  <simpleType name="number"><restriction base="{base}"/></simpleType>
</schema>"""
EXTENSION = """<schema xmlns="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:extension">
  <element name="since" type="date"/>
</schema>"""


def folder(path: Path, **files: str) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (path / f"{name}.xsd").write_text(text)
    return path


def document(*numbers: str, extension: str = "") -> etree._Element:
    values = "\n".join(f"<number>{each}</number>" for each in numbers)
    return etree.fromstring(f'<list xmlns="urn:main">\n{values}{extension}</list>')


def test_a_valid_document_has_no_findings(tmp_path: Path) -> None:
    schemas = Schemas(folder(tmp_path, main=MAIN, elsewhere=OTHER.format(base="integer")))
    assert schemas.check(document("1", "2")) == []


def test_what_is_not_valid_is_warned_of_by_line(tmp_path: Path) -> None:
    schemas = Schemas(folder(tmp_path, main=MAIN, other=OTHER.format(base="integer")))
    found = schemas.check(document("1", "two"))
    assert {(each.rule, each.level, each.where) for each in found} == {("XSD", Level.WARNING, "line 3")}
    assert "'two'" in found[0].message
    assert "urn:main" not in found[0].message


def test_findings_end_after_a_hundred(tmp_path: Path) -> None:
    schemas = Schemas(folder(tmp_path, main=MAIN, other=OTHER.format(base="integer")))
    assert len(schemas.check(document(*["x"] * 200))) == MAX_FINDINGS


def test_a_later_document_does_not_hear_of_an_earlier_one(tmp_path: Path) -> None:
    schemas = Schemas(folder(tmp_path, main=MAIN, other=OTHER.format(base="integer")))
    assert schemas.check(document("x"))
    assert schemas.check(document("1")) == []


def test_what_extensions_hold_is_checked_by_schemas_beside(tmp_path: Path) -> None:
    schemas = Schemas(folder(tmp_path, main=MAIN, other=OTHER.format(base="integer"), more=EXTENSION))
    assert schemas.check(document("1", extension='<since xmlns="urn:extension">2026-01-31</since>')) == []
    assert schemas.check(document("1", extension='<since xmlns="urn:extension">soon</since>'))


def test_imported_schemas_may_be_in_another_folder(tmp_path: Path) -> None:
    main, other = folder(tmp_path / "a", main=MAIN), folder(tmp_path / "b", other=OTHER.format(base="integer"))
    assert Schemas(main, other).check(document("1")) == []


def test_the_last_of_several_versions_counts_and_the_file_beside_before_it(tmp_path: Path) -> None:
    folder(tmp_path / "v1", main=MAIN, other=OTHER.format(base="date"))
    folder(tmp_path / "v2", main=MAIN, other=OTHER.format(base="integer"))
    assert Schemas(tmp_path).check(document("1")) == []


def test_a_variant_of_a_file_counts_only_without_it(tmp_path: Path) -> None:
    files = {"main": MAIN, "other": OTHER.format(base="integer"), "other_v9": OTHER.format(base="date")}
    assert Schemas(folder(tmp_path, **files)).check(document("1")) == []


def test_a_schema_that_is_missing_is_named(tmp_path: Path) -> None:
    schemas = Schemas(folder(tmp_path, main=MAIN))
    with pytest.raises(SourceError, match=r"https://schemas\.invalid/2026/other\.xsd") as caught:
        schemas.check(document("1"))
    assert caught.value.reason_id == "SCHEMAS_UNREADABLE"


def test_documents_of_other_namespaces_have_no_schema(tmp_path: Path) -> None:
    schemas = Schemas(folder(tmp_path, main=MAIN, other=OTHER.format(base="integer")))
    with pytest.raises(SourceError, match="urn:unheard"):
        schemas.check(etree.fromstring('<list xmlns="urn:unheard"/>'))
    with pytest.raises(SourceError, match="no namespace"):
        schemas.check(etree.fromstring("<list/>"))


@pytest.mark.parametrize("text", ["", "<schema", "<!DOCTYPE s [<!ENTITY a 'b'>]><s>&a;</s>"])
def test_a_folder_without_a_schema_is_said_to_be_so(tmp_path: Path, text: str) -> None:
    with pytest.raises(SourceError) as caught:
        Schemas(folder(tmp_path, main=text))
    assert caught.value.reason_id == "SCHEMAS_UNREADABLE"


def test_a_folder_that_is_not_there_is_said_to_be_so(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no XML schemas"):
        Schemas(tmp_path / "nowhere")
    with pytest.raises(SourceError, match="no folder"):
        Schemas()
