# SPDX-License-Identifier: Apache-2.0
"""A list follows on the issue before and on nothing else: attacks on the sequence, drafts that somebody else signs."""

from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from tests.simulators.own_lists import (
    AT,
    OPERATOR,
    OwnNetwork,
    content,
    data_of,
    issue,
    new_key,
    own_network,
    published,
)
from trust_lists.documents.lote.json_writer import write_json
from trust_lists.documents.lote.xml_writer import write_xml
from trust_lists.documents.model import Dialect, TrustedList
from trust_lists.documents.reading import read_unverified
from trust_lists.errors import ListRefusedError, ListSourceError, SigningError, SourceError, TrustListError
from trust_lists.publishing.issuing import is_signed, prepare, publish, put_in_place, sign_all, sign_list, write_drafts
from trust_lists.publishing.placing import hash_path
from trust_lists.publishing.source import read_source

XML, JSON = Dialect.TS_119_612, Dialect.LOTE_JSON
LATER, LATEST = AT + timedelta(days=30), AT + timedelta(days=60)


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> OwnNetwork:
    return own_network(tmp_path_factory.mktemp("network"))


# Attacks on the sequence


def test_the_issue_before_must_be_ours(network: OwnNetwork) -> None:
    forged = data_of(issue(network, key=new_key("List Signing", OPERATOR)))
    with pytest.raises(ListSourceError, match="not expected") as error:
        issue(network, None, LATER, forged)
    assert len(error.value.reasons) == 2


def test_a_changed_issue_before_is_refused(network: OwnNetwork) -> None:
    before = data_of(issue(network))
    before[XML] = before[XML].replace(b"<tsl:TSLSequenceNumber>1<", b"<tsl:TSLSequenceNumber>0<")
    before[JSON] = before[JSON][:-5] + b"AAAAA"
    with pytest.raises(ListSourceError, match="not accepted") as error:
        issue(network, None, LATER, before)
    assert len(error.value.reasons) == 2


def test_an_unsigned_issue_before_is_refused(network: OwnNetwork) -> None:
    source = read_source(network.write(content()))
    drafts = {each.draft.document.dialect: each.draft.data for each in prepare(source, {}, (), AT)}
    with pytest.raises(ListSourceError) as error:
        prepare(source, drafts, network.signers, LATER)
    assert len(error.value.reasons) == 2


def test_a_list_is_replaced_by_the_next_issue_only(network: OwnNetwork, tmp_path: Path) -> None:
    files = published(network, tmp_path)
    assert [read_unverified(file.read_bytes()).scheme.sequence for file in files] == [1, 1]
    first = [file.read_bytes() for file in files]
    published(network, tmp_path, at=LATER, again=True)
    assert [read_unverified(file.read_bytes()).scheme.sequence for file in files] == [2, 2]
    for file in files:
        assert hash_path(file).read_text() == sha256(file.read_bytes()).hexdigest()

    second = [file.read_bytes() for file in files]
    with pytest.raises(SourceError, match="is there already"):  # a first issue again
        published(network, tmp_path, at=LATEST)
    source = read_source(network.write(content()))
    stale = prepare(source, dict(zip(source.files, first, strict=True)), network.signers, LATEST)
    with pytest.raises(SourceError, match="not the previous issue"):  # sequence 2 again
        publish(stale, sign_all(stale, network.tlso, LATEST), tmp_path)
    with pytest.raises(SourceError, match="not the previous issue"):
        write_drafts(stale, tmp_path)
    assert [file.read_bytes() for file in files] == second


def test_where_one_list_cant_be_replaced_none_is(network: OwnNetwork, tmp_path: Path) -> None:
    files = published(network, tmp_path)
    first = files[0].read_bytes()
    source = read_source(network.write(content()))
    before = {dialect: (tmp_path / name).read_bytes() for dialect, name in source.files.items()}
    prepared = prepare(source, before, network.signers, LATER)
    files[1].write_bytes(b"something else")
    with pytest.raises(SourceError, match="not the previous issue"):
        publish(prepared, sign_all(prepared, network.tlso, LATER), tmp_path)
    assert files[0].read_bytes() == first


# Drafts, and signing them


def test_drafts_are_signed_elsewhere(network: OwnNetwork, tmp_path: Path) -> None:
    source = read_source(network.write(content()))
    prepared = prepare(source, {}, (), AT)
    xml, json = write_drafts(prepared, tmp_path)
    assert (xml.name, json.name) == ("example-tl.unsigned.xml", "example-lote.unsigned.json")
    assert not is_signed(xml.read_bytes())
    assert not is_signed(json.read_bytes())
    write_drafts(prepared, tmp_path)
    assert sorted(tmp_path.iterdir()) == [json, xml], "drafts replace drafts and have no digest beside them"

    for file in (xml, json):
        signed = sign_list(file.read_bytes(), network.tlso, LATER)
        assert signed.verified.document == read_unverified(file.read_bytes())
        assert not put_in_place(signed, tmp_path / "list", draft=file.read_bytes(), signers=network.signers)
        (tmp_path / "list").unlink()


def test_a_lote_in_xml_is_signed_too(network: OwnNetwork) -> None:
    """One of the EU profiles allows XML (TS 119 602 Annex H)."""
    document = prepare(read_source(network.write(content())), {}, (), AT)[1].draft.document
    draft = etree.tostring(write_xml(replace(document, dialect=Dialect.LOTE_XML)))
    signed = sign_list(draft, network.tlso, AT).verified
    assert (signed.document.dialect, signed.signature) == (Dialect.LOTE_XML, "XAdES ecdsa-sha256")
    assert signed.document.services == document.services


def test_a_draft_may_be_replaced_by_its_signed_list(network: OwnNetwork, tmp_path: Path) -> None:
    source = read_source(network.write(content()))
    draft = prepare(source, {}, (), AT)[0].draft.data
    path = tmp_path / "list.xml"
    path.write_bytes(draft)
    put_in_place(sign_list(draft, network.tlso, AT), path, draft=draft, signers=network.signers)
    assert is_signed(path.read_bytes())


def draft_of(network: OwnNetwork, document: TrustedList, **scheme: Any) -> bytes:
    return write_json(replace(document, scheme=replace(document.scheme, **scheme)))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"sequence": 1}, "the next is 2"),
        ({"sequence": 3}, "the next is 2"),
        ({"sequence": 2, "issued_at": AT}, "must be later"),
        ({"sequence": 2, "list_type": "https://example.org/other"}, "another one"),
    ],
)
def test_a_draft_that_does_not_follow_is_signed_but_not_put_in_place(
    network: OwnNetwork, tmp_path: Path, changes: dict[str, Any], told: str
) -> None:
    first = issue(network)[JSON].verified
    path = tmp_path / "list.json"
    path.write_bytes(first.data)
    draft = draft_of(network, first.document, **({"issued_at": LATER} | changes))
    with pytest.raises(ListSourceError, match=told):
        put_in_place(sign_list(draft, network.tlso, LATER), path, draft=draft, signers=network.signers)
    assert path.read_bytes() == first.data

    good = draft_of(network, first.document, sequence=2, issued_at=LATER)
    assert put_in_place(sign_list(good, network.tlso, LATER), path, draft=good, signers=network.signers)


def test_a_draft_does_not_follow_on_somebody_elses_list(network: OwnNetwork, tmp_path: Path) -> None:
    first = issue(network, key=new_key("List Signing", OPERATOR))[JSON].verified
    path = tmp_path / "list.json"
    path.write_bytes(first.data)
    draft = draft_of(network, first.document, sequence=2, issued_at=LATER)
    with pytest.raises(ListSourceError, match="not expected"):
        put_in_place(sign_list(draft, network.tlso, LATER), path, draft=draft, signers=network.signers)


def test_what_is_signed_already_or_no_list_is_not_signed(network: OwnNetwork) -> None:
    for each in issue(network).values():
        with pytest.raises(SigningError, match="signed already"):
            sign_list(each.verified.data, network.tlso, LATER)
    with pytest.raises(ListRefusedError):
        sign_list(b"<html/>", network.tlso, AT)


def test_no_list_is_signed_before_its_issue(network: OwnNetwork) -> None:
    source = read_source(network.write(content()))
    for each in prepare(source, {}, (), LATER):
        with pytest.raises(SigningError, match="can't be signed before"):
            sign_list(each.draft.data, network.tlso, LATER - timedelta(seconds=1))


def test_a_draft_with_errors_is_not_signed(network: OwnNetwork) -> None:
    draft = prepare(read_source(network.write(content())), {}, (), AT)[0].draft.data
    late = draft.replace(b"<tsl:dateTime>2027-05-22", b"<tsl:dateTime>2027-08-22")
    assert late != draft
    with pytest.raises(ListSourceError, match=r"TS119612-5\.3\.15"):
        sign_list(late, network.tlso, AT)


@settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=300) | st.sampled_from([b"{}", b'{"LoTE":{}}', b"<a/>", b"a.b.c"]))
def test_any_bytes_are_refused_by_name(data: bytes, network: OwnNetwork) -> None:
    with pytest.raises(TrustListError):
        sign_list(data, network.tlso, AT)
