# SPDX-License-Identifier: Apache-2.0
"""JSON lines: nothing is lost on the way, equal content is equal bytes, and a bad line costs only itself."""

import base64
import gzip
import json
from collections.abc import Callable
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.errors import ValidationError
from registry.identifiers.document_type import DocumentTypeIdentifier
from registry.identifiers.participant import ParticipantIdentifier
from registry.identifiers.process import ProcessIdentifier
from registry.metadata import (
    Endpoint,
    EndpointCertificate,
    Extension,
    Process,
    ProcessMetadata,
    Redirect,
    ServiceGroup,
    ServiceMetadata,
)
from registry.smp.exchange import json_lines
from registry.smp.exchange.json_lines import FORMAT, JsonLinesWriter, line_of, read_json_lines
from registry.smp.exchange.verdicts import Statement

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
MOMENTS = st.none() | st.datetimes(timezones=st.just(UTC))
PAIRS = st.lists(st.tuples(TEXTS, TEXTS), max_size=2).map(tuple)
EXTENSIONS = st.lists(st.builds(Extension, st.binary(max_size=9), PAIRS, PAIRS), max_size=2).map(tuple)
CERTIFICATES = st.builds(EndpointCertificate, st.binary(max_size=9), TEXTS, TEXTS, TEXTS, MOMENTS, MOMENTS)
ENDPOINTS = st.builds(
    Endpoint,
    transport_profile=TEXTS,
    address=TEXTS,
    certificates=st.lists(CERTIFICATES, max_size=2).map(tuple),
    require_business_level_signature=st.booleans(),
    minimum_authentication_level=st.none() | TEXTS,
    activation=MOMENTS,
    expiration=MOMENTS,
    description=TEXTS,
    technical_contact=TEXTS,
    technical_information=st.none() | TEXTS,
    extensions=EXTENSIONS,
)
PROCESSES = st.builds(
    Process, st.builds(ProcessIdentifier, TEXTS, TEXTS), st.lists(TEXTS, max_size=2).map(tuple), EXTENSIONS
)
PROCESS_METADATA = st.builds(
    ProcessMetadata,
    st.lists(PROCESSES, max_size=2).map(tuple),
    st.lists(ENDPOINTS, max_size=2).map(tuple),
    st.none() | st.builds(Redirect, TEXTS, TEXTS, EXTENSIONS, st.none() | st.binary(max_size=9)),
    EXTENSIONS,
)
PARTICIPANTS = st.builds(ParticipantIdentifier, TEXTS, TEXTS)


@st.composite
def participants(draw: st.DrawFn) -> tuple[ServiceGroup, list[ServiceMetadata]]:
    """Anything that the model can say about a participant."""
    participant = draw(PARTICIPANTS)
    service = st.builds(
        ServiceMetadata,
        st.just(participant),
        st.builds(DocumentTypeIdentifier, TEXTS, TEXTS),
        st.lists(PROCESS_METADATA, max_size=2).map(tuple),
        EXTENSIONS,
    )
    return ServiceGroup(participant, extensions=draw(EXTENSIONS)), draw(st.lists(service, max_size=2))


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("lines") / "export.jsonl"


@settings(max_examples=150, deadline=None)
@given(said=participants())
def test_every_model_comes_back_as_it_was_and_as_the_same_bytes(
    file: Path, said: tuple[ServiceGroup, list[ServiceMetadata]]
) -> None:
    group, services = said
    line = line_of(group, services)
    with JsonLinesWriter(file) as out:
        out.write(line)
    statements = list(read_json_lines(file))
    assert [statement.content for statement in statements] == [group, *services]
    assert line_of(statements[0].content, [item.content for item in statements[1:]]) == line  # type: ignore[arg-type,misc]


@given(data=st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_any_bytes_behind_the_header_are_statements_or_reasons(file: Path, data: bytes) -> None:
    file.write_bytes(header() + data)
    assert all(statement.reasons for statement in read_json_lines(file))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
NAMES = ["participant", "extensions", "services", "business_card"]


@given(said=st.dictionaries(st.sampled_from(NAMES), JSON))
def test_json_of_other_shape_is_refused_with_reasons(file: Path, said: dict[str, Any]) -> None:
    file.write_bytes(header() + json.dumps(said).encode())
    assert all(statement.reasons or statement.content for statement in read_json_lines(file))


def header() -> bytes:
    return json.dumps({"format": FORMAT}).encode() + b"\n"


def refused(file: Path, line: bytes | dict[str, Any]) -> str:
    """The reasons for a line between two good ones."""
    good = line_of(ServiceGroup(ParticipantIdentifier("s", "v")), [])
    bad = line if isinstance(line, bytes) else json.dumps(line).encode()
    file.write_bytes(header() + good + bad + b"\n" + good)
    before, wrong, after = read_json_lines(file)
    assert before.content is not None
    assert after.content is not None
    assert wrong.content is None
    assert wrong.source == f"{file}:3"
    return "\n".join(wrong.reasons)


SERVICE = {"document_type": {"scheme": "s", "value": "v"}}
ENDPOINT = {"transport_profile": "t", "address": "https://a.example.org"}


def with_endpoint(**values: Any) -> dict[str, Any]:
    service = SERVICE | {"process_metadata": [{"endpoints": [ENDPOINT | values]}]}
    return {"participant": {"scheme": "s", "value": "v"}, "services": [service]}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"{", "no JSON"),
        (b"[]", "the line: not an object"),
        (b"\xff", "no JSON"),
        (b'{"participant":NaN}', "NaN is no number"),
        (b'{"participant":{},"participant":{}}', "a name twice"),
        (b'{"participant":' + b"9" * 5000 + b"}", "no JSON"),
        (b'{"participant":{"scheme":"\\ud800","value":"v"}}', "participant.scheme: holds half of a surrogate pair"),
        ({}, "participant: not an object"),
        ({"participant": {"scheme": 1, "value": ["v"]}}, "participant.scheme: not a text"),
        ({"participant": {"scheme": "s", "value": "v"}, "owner": "x"}, "owner: nothing of this name is known here"),
        (with_endpoint(address=None), "services[0].process_metadata[0].endpoints[0].address: not a text"),
        (with_endpoint(require_business_level_signature="true"), "not true or false"),
        (with_endpoint(activation="2026-01-01"), "activation: not a date and time with a time zone"),
        (with_endpoint(activation="2026-01-01T00:00:00"), "activation: not a date and time with a time zone"),
        (with_endpoint(activation="0001-01-01T00:00:00+14:00"), "activation: not a date and time with a time zone"),
        (with_endpoint(certificates=[{"der": "*"}]), "certificates[0].der: not base64"),
        (with_endpoint(extensions=[{"content": "", "namespaces": [["a"]]}]), "namespaces[0]: not a pair of texts"),
        (with_endpoint(extensions={"content": ""}), "extensions: not a list"),
        (with_endpoint(secret="x"), "endpoints[0].secret: nothing of this name is known here"),
    ],
)
def test_broken_line_is_refused_by_its_number_and_the_rest_is_read(
    tmp_path: Path, line: bytes | dict[str, Any], reason: str
) -> None:
    assert reason in refused(tmp_path / "export.jsonl", line)


def test_all_that_is_wrong_with_a_line_is_told_at_once_up_to_a_hundred(tmp_path: Path) -> None:
    several = refused(tmp_path / "export.jsonl", with_endpoint(address=1, description=2))
    assert len(several.splitlines()) == 2
    many = {"participant": {"scheme": "s", "value": "v"}, "services": [1] * 1000}
    assert len(refused(tmp_path / "export.jsonl", many).splitlines()) == 100


@pytest.mark.parametrize("bracket", [b"[", b'{"a":'])
def test_json_that_is_nested_without_end_is_refused(tmp_path: Path, bracket: bytes) -> None:
    assert "nested too deep" in refused(tmp_path / "export.jsonl", bracket * 200_000)


def test_line_that_is_too_long_is_not_held_in_memory_and_costs_only_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_lines, "MAX_LINE_BYTES", 1000)
    assert "more than 1000 bytes" in refused(tmp_path / "export.jsonl", b"[" + b" " * 3_000)


def test_writer_refuses_a_line_that_no_reader_would_take(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_lines, "MAX_LINE_BYTES", 1000)
    group = ServiceGroup(ParticipantIdentifier("s", "v"), extensions=(Extension(b"x" * 1000),))
    with pytest.raises(ValidationError, match="SMP-JSON-SIZE"):
        line_of(group, [])


@pytest.mark.parametrize("first", [b"", b"{}\n", b'{"format":"edelivery-registry/2"}\n', b"[\n", b'{"format":1}\n'])
def test_file_of_another_format_is_not_read(tmp_path: Path, first: bytes) -> None:
    file = tmp_path / "export.jsonl"
    file.write_bytes(first + line_of(ServiceGroup(ParticipantIdentifier("s", "v")), []))
    with pytest.raises(ValidationError, match="SMP-JSON-FORMAT"):
        list(read_json_lines(file))


def test_blank_lines_and_line_ends_of_other_systems_mean_nothing(tmp_path: Path) -> None:
    file = tmp_path / "export.jsonl"
    line = line_of(ServiceGroup(ParticipantIdentifier("s", "v")), [])
    file.write_bytes(header().replace(b"\n", b"\r\n") + b"\n" + line.replace(b"\n", b"\r\n") + b"  \n")
    assert [statement.kind for statement in read_json_lines(file)] == ["service_group"]


def test_business_card_that_is_broken_costs_only_itself(tmp_path: Path) -> None:
    file = tmp_path / "export.jsonl"
    file.write_bytes(header() + line_of(ServiceGroup(ParticipantIdentifier("s", "v")), [], b"<no card"))
    group, card = read_json_lines(file)
    assert group.content is not None
    assert (card.kind, card.content) == ("business_card", None)


def test_compressed_file_holds_the_same_and_is_the_same_each_time(tmp_path: Path) -> None:
    line = line_of(ServiceGroup(ParticipantIdentifier("s", "v")), [])
    for name in ("a.jsonl", "b.jsonl.gz", "c.jsonl.gz"):
        with JsonLinesWriter(tmp_path / name) as out:
            out.write(line)
    plain, one, other = ((tmp_path / name).read_bytes() for name in ("a.jsonl", "b.jsonl.gz", "c.jsonl.gz"))
    assert gzip.decompress(one) == plain
    assert one == other
    assert [item.content for item in read_json_lines(tmp_path / "b.jsonl.gz")] == [
        item.content for item in read_json_lines(tmp_path / "a.jsonl")
    ]


def test_export_that_breaks_off_leaves_the_old_file_alone(tmp_path: Path) -> None:
    file = tmp_path / "export.jsonl.gz"
    file.write_bytes(b"the last one")
    with pytest.raises(RuntimeError, match="disk"), JsonLinesWriter(file):
        raise RuntimeError("disk full")
    assert file.read_bytes() == b"the last one"
    assert list(tmp_path.iterdir()) == [file]


def read_until_error(file: Path) -> tuple[list[Statement], ValidationError]:
    found: list[Statement] = []
    with pytest.raises(ValidationError) as raised:
        found.extend(iter_into(found, file))
    return found, raised.value


def iter_into(found: list[Statement], file: Path) -> list[Statement]:
    for statement in read_json_lines(file):
        found.append(statement)
    return []


@pytest.mark.parametrize("spoil", [lambda data: data[:-20], lambda data: data[:-8] + b"\0" * 8])
def test_gzip_file_that_is_cut_off_or_altered_gives_what_was_whole(
    tmp_path: Path, spoil: Callable[[bytes], bytes]
) -> None:
    file = tmp_path / "export.jsonl.gz"
    lines = [line_of(ServiceGroup(ParticipantIdentifier("s", str(number))), []) for number in range(100_000)]
    file.write_bytes(spoil(gzip.compress(header() + b"".join(lines))))
    found, error = read_until_error(file)
    assert len(found) > 50_000
    assert "SMP-FILE-GZIP" in str(error)


@pytest.mark.parametrize("endless", [b"\n", b"x", b" "])
def test_gzip_bomb_ends_the_reading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, endless: bytes) -> None:
    monkeypatch.setattr(json_lines, "MAX_LINE_BYTES", 100_000)
    file = tmp_path / "export.jsonl.gz"
    file.write_bytes(gzip.compress(header() + endless * 100_000_000))
    found, error = read_until_error(file)
    assert all(statement.content is None for statement in found)
    assert "no line in more than" in str(error)


def test_honest_content_that_compresses_without_end_is_taken_back(tmp_path: Path) -> None:
    file = tmp_path / "export.jsonl.gz"
    groups = [
        ServiceGroup(
            ParticipantIdentifier("s", str(number)), extensions=(Extension(b"<a>" + b" " * 900_000 + b"</a>"),)
        )
        for number in range(9)
    ]
    with JsonLinesWriter(file) as out:
        for group in groups:
            out.write(line_of(group, []))
    assert file.stat().st_size * 250 < 9 * 900_000
    assert [statement.content for statement in read_json_lines(file)] == groups


def test_bytes_are_base64_and_nothing_empty_is_written() -> None:
    group = ServiceGroup(ParticipantIdentifier("s", "ä"), extensions=(Extension(b"<a/>"),))
    assert line_of(group, []).decode() == (
        f'{{"extensions":[{{"content":"{base64.b64encode(b"<a/>").decode()}"}}],'
        '"participant":{"scheme":"s","value":"ä"}}\n'
    )
