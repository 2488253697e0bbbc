# SPDX-License-Identifier: Apache-2.0
"""An export of phoss SMP as a source: nothing is left out in silence, and half a file is no source."""

import gzip
import json
from base64 import b64encode
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from registry.demo.pki import DemoPki
from registry.errors import ConfigurationError, ConflictError
from registry.move_in.model import Kind, SourceRecord, Unhoused, part_of
from registry.move_in.sources.phoss_xml import PhossXml

DOCUMENT_TYPE = "<doctypeidentifier scheme='busdox-docid-qns' value='urn:a::b##c::2.1'/>"
PROCESS = "<processidentifier scheme='cenbii-procid-ubl' value='urn:p'/>"
SCHEME = "iso6523-actorid-upis"


def endpoint(content: str = "", **attributes: str) -> str:
    said = "".join(f" {name}={quoteattr(value)}" for name, value in attributes.items())
    return f"<endpoint transportprofile='t' endpointref='https://ap.example.org/as4'{said}>{content}</endpoint>"


def information(who: str, content: str = "") -> str:
    process = f"<process>{PROCESS}{content or endpoint()}</process>"
    return f"<serviceinfo servicegroupid='{SCHEME}::{who}'>{DOCUMENT_TYPE}{process}</serviceinfo>"


def group(who: str, content: str = "", owner: str = "alice") -> str:
    return f"<servicegroup ownerid='{owner}'><participant scheme='{SCHEME}' value='{who}'/>{content}</servicegroup>"


def card(who: str, name: str = "Company") -> str:
    return f"<businesscard id='1' servicegroupid='{SCHEME}::{who}'><entity country='NO' name='{name}'/></businesscard>"


def source(tmp_path: Path, *content: str) -> PhossXml:
    file = tmp_path / "export.xml"
    file.write_text(f'<?xml version="1.0" encoding="UTF-8"?>\n<smp-data version="1.0">{"".join(content)}</smp-data>')
    return PhossXml(file)


def bodies(records: list[SourceRecord], kind: Kind = Kind.PARTICIPANT) -> dict[str, Any]:
    return {record.key: json.loads(record.body) for record in records if record.kind is kind}


def test_participant_has_all_that_the_export_says_of_it(tmp_path: Path, pki: DemoPki) -> None:
    der = pki.access_points[0].certificate.public_bytes(Encoding.DER)
    shown = endpoint(f"<certificate>{b64encode(der).decode()}</certificate>", activation="2024-01-01T00:00:00Z")
    properties = "<customproperties><customproperty type='pub' name='a' value='b'/></customproperties>"
    extension = """<extension>[{"Any":"&lt;x/>"}]</extension>"""
    said = source(tmp_path, group("9915:Ab", extension + properties + information("9915:aB", shown)), card("9915:ab"))
    said.check()
    records = list(said.records(None))
    (body,) = bodies(records).values()
    assert records[0].key == f"{SCHEME}::9915:Ab", "as the source spells it"
    assert body["participant"] == {"scheme": SCHEME, "value": "9915:Ab"}
    assert body["owner"] == "alice"
    assert body["properties"] == [{"type": "public", "name": "a", "value": "b"}]
    assert body["extensions"] == [{"content": b64encode(b"<x/>").decode()}]
    assert "Company" in body["business_card"]
    (service,) = body["services"]
    (shown_endpoint,) = service["process_metadata"][0]["endpoints"]
    assert shown_endpoint["certificates"] == [{"der": b64encode(der).decode()}]
    assert shown_endpoint["activation"] == "2024-01-01T00:00:00Z"
    assert bodies(records, Kind.OWNER) == {"alice": {"login": "alice", "name": "alice", "email": "", "enabled": True}}
    assert said.unhoused() == ()


def test_the_same_export_is_the_same_bytes_and_compressed_as_well(tmp_path: Path) -> None:
    content = [group(f"0088:{number}", information(f"0088:{number}")) for number in range(20)]
    said = source(tmp_path, *content)
    first = list(said.records(None))
    assert list(said.records(None)) == first
    packed = tmp_path / "export.xml.gz"
    packed.write_bytes(gzip.compress((tmp_path / "export.xml").read_bytes()))
    assert list(PhossXml(packed).records(None)) == first
    wanted = {(Kind.PARTICIPANT, part_of(first[0].key))}
    assert {record.key for record in said.records(wanted)} == {first[0].key}


def test_participants_that_say_the_same_have_the_same_services(tmp_path: Path) -> None:
    whos = [f"0088:{number}" for number in range(3)]
    records = list(source(tmp_path, *(group(who, information(who)) for who in whos)).records(None))
    services = [body["services"] for body in bodies(records).values()]
    assert services[0] == services[1] == services[2]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param("<extension>[{</extension>", "SMP-JSON", id="extension that is no JSON"),
        pytest.param(
            information("0088:1", endpoint("<certificate>!</certificate>")), "SMP-PHOSS-CERTIFICATE", id="certificate"
        ),
        pytest.param(information("0088:1", endpoint(expiration="soon")), "SMP-PHOSS-DATE", id="date"),
        pytest.param(information("0088:2"), "SMP-PHOSS-PARTICIPANT", id="service of somebody else"),
        pytest.param(
            "<customproperties><customproperty type='x' name='a' value='b'/></customproperties>",
            "SMP-PHOSS-PROPERTY",
            id="type of a property",
        ),
    ],
)
def test_what_breaks_the_rules_of_the_old_system_is_a_reason(tmp_path: Path, content: str, reason: str) -> None:
    records = list(source(tmp_path, group("0088:1", content), group("0088:3")).records(None))
    broken, good = bodies(records).values()
    assert [item["id"] for item in broken["refused"]] == [reason]
    assert "refused" not in good


def test_broken_business_card_is_a_reason(tmp_path: Path) -> None:
    said = source(tmp_path, group("0088:1"), card("0088:1").replace("country='NO'", "country='NO' regdate='never'"))
    (body,) = bodies(list(said.records(None))).values()
    assert [item["id"] for item in body["refused"]] == ["SMP-PHOSS-DATE"]


def test_what_has_no_home_is_told_by_name_and_count(tmp_path: Path) -> None:
    said = source(
        tmp_path,
        "<settings/>",
        group("0088:1", "<novel/>" + information("0088:1", endpoint("<novel/>"))),
        card("0088:9"),
    )
    list(said.records(None))
    assert said.unhoused() == (
        Unhoused("businesscard", 1, "there is no participant for it"),
        Unhoused("novel", 2, "nothing of this name is known here"),
        Unhoused("settings", 1, "nothing of this name is known here"),
    )


def test_file_that_is_broken_off_is_no_source(tmp_path: Path) -> None:
    said = source(tmp_path, group("0088:1"), group("0088:2"))
    file = tmp_path / "export.xml"
    file.write_bytes(file.read_bytes()[:-30])
    with pytest.raises(ConfigurationError, match="nothing is taken"):
        list(said.records(None))


def test_file_that_changes_while_it_is_read_is_refused(tmp_path: Path) -> None:
    said = source(tmp_path, *(group(f"0088:{number}") for number in range(50)))
    reading = said.records(None)
    next(reading)
    file = tmp_path / "export.xml"
    file.write_bytes(file.read_bytes() + b"\n")
    with pytest.raises(ConflictError, match="has changed while it was read"):
        list(reading)


def test_participant_that_stands_twice_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"9915:ab 2 times"):
        list(source(tmp_path, group("9915:Ab"), group("9915:aB")).records(None))


@pytest.mark.parametrize("content", [b"<other/>", b"", b'<smp-data version="9"/>'])
def test_other_files_are_told_at_once(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "export.xml"
    file.write_bytes(content)
    with pytest.raises(ConfigurationError):
        PhossXml(file).check()


def test_missing_file_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="can't be read"):
        PhossXml(tmp_path / "nowhere.xml").check()


def test_of_several_business_cards_of_a_participant_the_last_one_counts_and_is_noted(tmp_path: Path) -> None:
    said = source(tmp_path, group("9915:a"), card("9915:a", "First"), card("9915:A", "Last"))
    (body,) = bodies(list(said.records(None))).values()
    assert "Last" in body["business_card"]
    assert body["notes"] == ["it has 2 business cards; the last one counts"]
