# SPDX-License-Identifier: Apache-2.0
"""Real lists are valid by ETSI's schemas of TS 119 612 and TS 119 602, or not, as two other tools found."""

import csv
from pathlib import Path

import pytest

from trust_lists.documents.schemas import Schemas
from trust_lists.errors import SourceError
from trust_lists.xml import MAX_LIST_BYTES, parse_xml


@pytest.fixture(scope="module")
def lists(corpus: Path) -> Path:
    return corpus / "trust_lists"


def invalid(lists: Path, schemas: Schemas) -> tuple[set[str], set[str]]:
    """Which of the lists with a known result are not valid: by the table, and by us."""
    with (lists / "FILES.tsv").open() as table:
        rows = [row for row in csv.DictReader(table, delimiter="\t") if row["xsd_2.4.1_valid"]]
    assert len(rows) > 60
    found = {
        row["file"]
        for row in rows
        if schemas.check(parse_xml((lists / row["file"]).read_bytes(), max_bytes=MAX_LIST_BYTES))
    }
    return {row["file"] for row in rows if row["xsd_2.4.1_valid"] == "NO"}, found


@pytest.mark.parametrize(
    "folders",
    [
        ("119612/v2.4.1-offline-set",),
        ("119612/v2.4.1", "xades", "xmldsig"),
        ("119612/v2.1.1", "xades", "xmldsig"),
        (".",),
    ],
    ids=["offline set", "2.4.1", "2.1.1", "all"],
)
def test_lists_are_valid_as_the_table_says(lists: Path, folders: tuple[str, ...]) -> None:
    expected, found = invalid(lists, Schemas(*(lists / "xsd" / each for each in folders)))
    assert found == expected == {"gen-2023-10/LV_sn41.xml"}


def test_the_published_schema_2_2_1_is_itself_not_usable(lists: Path) -> None:
    # it refers to a type that it has commented out
    schemas = Schemas(lists / "xsd" / "119612" / "v2.2.1", lists / "xsd" / "xmldsig")
    root = parse_xml((lists / "gen-2023-10" / "IS_sn24.xml").read_bytes())
    with pytest.raises(SourceError, match="AnyType"):
        schemas.check(root)


def test_lists_of_trusted_entities_are_valid_as_they_are_called(lists: Path) -> None:
    schemas = Schemas(lists / "lote" / "schema-xml", lists / "xsd" / "xmldsig", lists / "xsd" / "xades")
    examples = sorted((lists / "lote" / "examples-xml").glob("*valid*.xml"))
    assert len(examples) == 5
    for path in examples:
        assert bool(schemas.check(parse_xml(path.read_bytes()))) is (path.stem == "invalid"), path.name
