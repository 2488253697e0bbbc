# SPDX-License-Identifier: Apache-2.0
"""A table of participants as a source: rows in any order, and reasons with the numbers of lines."""

import json
import re
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from registry.demo.pki import DemoPki
from registry.errors import ConfigurationError
from registry.move_in.model import Kind
from registry.move_in.sources import csv_file
from registry.move_in.sources.csv_file import CsvFile

HEAD = "participant,document_type,process,transport_profile,address,certificate,redirect,redirect_certificate_uid,owner"
WHO = "iso6523-actorid-upis::0088:1"
TYPE = "busdox-docid-qns::urn:a::b##c::2.1"
PROCESS = "cenbii-procid-ubl::urn:p"


def source(tmp_path: Path, *lines: str, head: str = HEAD) -> CsvFile:
    file = tmp_path / "table.csv"
    file.write_text("\n".join((head, *lines)) + "\n")
    return CsvFile(file)


def bodies(said: CsvFile, kind: Kind = Kind.PARTICIPANT) -> dict[str, Any]:
    return {record.key: json.loads(record.body) for record in said.records(None) if record.kind is kind}


@pytest.fixture(scope="module")
def certificate(pki: DemoPki) -> str:
    return b64encode(pki.access_points[0].certificate.public_bytes(Encoding.DER)).decode()


def test_rows_of_a_participant_are_put_together_wherever_they_stand(tmp_path: Path, certificate: str) -> None:
    other = WHO.replace("0088:1", "0088:2")
    said = source(
        tmp_path,
        f"{WHO},{TYPE},{PROCESS},as4,https://a.example.org,{certificate},,,alice",
        f"{other},{TYPE},,,,,https://other.example.org/x,CN=OTHER,",
        f"{WHO},{TYPE},{PROCESS},as2,https://b.example.org,{certificate}",
        f"{WHO},{TYPE}9,,as4,https://c.example.org,{certificate}",
    )
    said.check()
    one, two = (bodies(said)[who] for who in (WHO, other))
    first, second = one["services"]
    assert [len(item["process_metadata"][0]["endpoints"]) for item in (first, second)] == [2, 1]
    assert "processes" not in second["process_metadata"][0], "no process stands for any"
    assert one["owner"] == "alice"
    (redirect,) = two["services"][0]["process_metadata"]
    assert redirect == {"redirect": {"href": "https://other.example.org/x", "certificate_uid": "CN=OTHER"}}
    assert list(bodies(said, Kind.OWNER)) == ["alice"]


def test_semicolons_quotes_and_line_ends_inside_are_understood(tmp_path: Path) -> None:
    file = tmp_path / "table.csv"
    head = "\ufeffparticipant;participant_extension;property.tier;public_property.town;business_card"
    file.write_bytes(f'{head}\r\n{WHO};"<a xmlns=""urn:a"">\r\n</a>";gold;Bonn;<BusinessCard/>\r\n'.encode())
    (body,) = bodies(CsvFile(file)).values()
    assert body["extensions"] == [{"content": b64encode(b'<a xmlns="urn:a">\r\n</a>').decode()}]
    assert body["properties"] == [
        {"type": "private", "name": "tier", "value": "gold"},
        {"type": "public", "name": "town", "value": "Bonn"},
    ]
    assert body["business_card"] == "<BusinessCard/>"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        pytest.param(f"{WHO},{TYPE},p,,", r"line 2: .*'p'", id="process without a scheme"),
        pytest.param(f"{WHO},{TYPE},{PROCESS},as4,https://a.example,nonsense", r"line 2: the certificate", id="cert"),
        pytest.param(f"{WHO},,{PROCESS}", r"line 2: there is process, but no document_type", id="no document type"),
        pytest.param(f"{WHO},{TYPE},{PROCESS},,,,https://x", r"line 2: beside a redirect", id="redirect and process"),
        pytest.param(f"{WHO}\n{WHO},,,,,,,,a\n{WHO},,,,,,,,b", r"line 3, 4: owner differs", id="two owners"),
        pytest.param("scheme::", r"scheme::", id="no identifier"),
    ],
)
def test_what_can_t_be_read_is_a_reason_with_its_line(tmp_path: Path, line: str, reason: str) -> None:
    (body,) = bodies(source(tmp_path, line)).values()
    assert any(re.search(reason, item["message"]) for item in body["refused"]), body["refused"]


@pytest.mark.parametrize(
    ("head", "lines", "message"),
    [
        pytest.param("participant,colour", (), "the column 'colour' is not known", id="unknown column"),
        pytest.param("document_type", (), "there is no column 'participant'", id="no participant"),
        pytest.param("participant,owner,owner", (), "twice", id="twice"),
        pytest.param("participant,owner", (",a",), ":2: no participant is named", id="nobody"),
        pytest.param("participant,owner", ("a,b,c",), ":2: 3 cells in 2 columns", id="too many cells"),
        pytest.param("participant,owner", ('"a',), "can't be read", id="quote that doesn't end"),
    ],
)
def test_file_with_a_doubt_is_not_taken_at_all(tmp_path: Path, head: str, lines: tuple[str, ...], message: str) -> None:
    said = source(tmp_path, *lines, head=head)
    with pytest.raises(ConfigurationError, match=message):
        list(said.records(None))


def test_file_in_another_encoding_is_not_taken(tmp_path: Path) -> None:
    file = tmp_path / "table.csv"
    file.write_bytes("participant,owner\na,Ö\n".encode("latin-1"))
    with pytest.raises(ConfigurationError, match="UTF-8"):
        list(CsvFile(file).records(None))


CELLS = st.text(max_size=20)


@given(rows=st.lists(st.lists(CELLS, min_size=1, max_size=len(csv_file.COLUMNS))))
def test_any_table_is_records_or_a_named_reason(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]]
) -> None:
    file = tmp_path_factory.mktemp("csv") / "table.csv"
    lines = [",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in rows]
    file.write_text("\n".join((",".join(csv_file.COLUMNS), *lines)), encoding="utf-8", errors="replace")
    try:
        records = list(CsvFile(file).records(None))
    except ConfigurationError:
        return
    keys = [(record.kind, record.key) for record in records]
    assert len(keys) == len(set(keys))
    for record in records:
        assert json.loads(record.body)


def test_the_reference_names_every_column() -> None:
    """docs/reference/move-in-csv.md is what operators write their tables by."""
    page = (Path(__file__).parents[4] / "docs" / "reference" / "move-in-csv.md").read_text()
    told = set(re.findall(r"^\| `([^`]+)`", page, re.MULTILINE))
    assert told == {*csv_file.COLUMNS, "property.NAME", "public_property.NAME"}
