# SPDX-License-Identifier: Apache-2.0
"""Updating a code list: fetched with a pinned hash, compared, applied only to what was compared."""

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from registry.app.code_lists import apply_code_list, fetch_code_list, import_code_lists, plan_code_list
from registry.audit import events
from registry.demo.content import BILLING, INVOICE, TRANSPORT_PROFILE, demo_metadata
from registry.discovery.errors import TechnicalFailureError
from registry.discovery.fetcher import FetchedDocument
from registry.errors import ConfigurationError, ConflictError, NotFoundError, TechnicalError, ValidationError
from registry.identifiers.code_lists import Kind
from registry.identifiers.document_type import PEPPOL_WILDCARD
from registry.identifiers.participant import EBCORE_PREFIX, ParticipantIdentifier
from registry.metadata import ServiceGroup
from tests.simulators.code_lists import code_list, participant_list, written
from tests.simulators.offline import ACTOR, OfflineInstance

DATA = participant_list("1", i0088="active")
HASH = hashlib.sha256(DATA).hexdigest()
URL = "https://lists.example/list.json"


class OneFile:
    """A fetcher for one answer."""

    def __init__(self, status: int = 200, body: bytes = DATA, location: str = "", *, fails: bool = False) -> None:
        self.answer = FetchedDocument(status, "application/json", body, location)
        self.fails = fails
        self.asked: list[str] = []

    def fetch(self, url: str) -> FetchedDocument:
        self.asked.append(url)
        if self.fails:
            raise TechnicalFailureError("http-timeout", "no answer in time")
        return self.answer


def concerned(offline: OfflineInstance, data: bytes) -> dict[str, int]:
    planned = plan_code_list(offline.instance, "demo", data)
    return {change.value: number for change, number in planned.concerned}


def test_file_with_the_agreed_hash_is_taken_in_any_spelling_of_the_hash() -> None:
    assert fetch_code_list(URL, f" {HASH.upper()}\n", OneFile()) == DATA


def test_file_with_another_hash_is_refused_and_both_are_named() -> None:
    with pytest.raises(ValidationError, match=rf"{HASH}, not {'0' * 64}.*CODE-LIST-HASH"):
        fetch_code_list(URL, "0" * 64, OneFile())


@pytest.mark.parametrize("sha256", ["", "abc", "g" * 64, f"{HASH}00"])
def test_what_is_no_hash_is_refused_before_anything_is_asked(sha256: str) -> None:
    fetcher = OneFile()
    with pytest.raises(ConfigurationError, match="64 hex digits"):
        fetch_code_list(URL, sha256, fetcher)
    assert fetcher.asked == []


@pytest.mark.parametrize(
    "url", ["http://lists.example/x", "ftp://localhost/x", "file:///etc/passwd", "https://", "http://[x/"]
)
def test_only_https_is_asked_and_http_on_this_machine(url: str) -> None:
    fetcher = OneFile()
    with pytest.raises(ConfigurationError, match="is refused"):
        fetch_code_list(url, HASH, fetcher)
    assert fetcher.asked == []


@pytest.mark.parametrize("url", ["http://localhost:1/x", "http://127.0.0.1/x", "http://[::1]/x"])
def test_this_machine_may_be_asked_by_http(url: str) -> None:
    assert fetch_code_list(url, HASH, OneFile()) == DATA


def test_no_answer_and_another_status_are_technical_errors() -> None:
    with pytest.raises(TechnicalError, match="no answer in time"):
        fetch_code_list(URL, HASH, OneFile(fails=True))
    with pytest.raises(TechnicalError, match=r"status 302, and names 'https://elsewhere\.example/'"):
        fetch_code_list(URL, HASH, OneFile(302, location="https://elsewhere.example/"))


def test_path_is_read_and_held_against_the_hash(tmp_path: Path) -> None:
    (file,) = written(tmp_path, DATA)
    assert fetch_code_list(str(file), HASH, OneFile(fails=True)) == DATA
    with pytest.raises(ConfigurationError, match="can't be read"):
        fetch_code_list(str(tmp_path / "none"), HASH, OneFile())


def test_planning_changes_nothing_and_applying_is_on_record(offline: OfflineInstance) -> None:
    planned = plan_code_list(offline.instance, "demo", DATA)
    assert (planned.before, planned.diff.counts) == (None, {"added": 1})
    assert offline.instance.directory.get("demo").domain.identifiers.code_lists == {}
    stored = apply_code_list(offline.instance, ACTOR, "demo", planned)
    assert stored.domain.identifiers.code_lists == {Kind.PARTICIPANT: planned.item}
    tags = [event.tag for event in events.about(offline.instance.database, "domain:demo")]
    assert tags.count("domains:code-list:import") == 1


def test_plan_that_is_out_of_date_is_not_applied(offline: OfflineInstance) -> None:
    planned = plan_code_list(offline.instance, "demo", DATA)
    import_code_lists(offline.instance, ACTOR, "demo", written(offline.folder, participant_list("7", i0088="active")))
    with pytest.raises(ConflictError, match="meanwhile"):
        apply_code_list(offline.instance, ACTOR, "demo", planned)


def test_unknown_domain_and_no_list_are_named(offline: OfflineInstance) -> None:
    with pytest.raises(NotFoundError):
        plan_code_list(offline.instance, "other", DATA)
    with pytest.raises(ValidationError, match="CODE-LIST-FORM"):
        plan_code_list(offline.instance, "demo", b"<x/>")


def test_what_has_a_code_that_is_taken_away_is_counted(offline: OfflineInstance) -> None:
    metadata = demo_metadata(offline.pki.access_points)[0]
    publishing = offline.instance.publishing
    publishing.put_service_metadata(ACTOR, offline.stored, metadata, create_group=True)
    ebcore = ParticipantIdentifier(f"{EBCORE_PREFIX}iso6523:0088", "9")
    publishing.put_service_group(ACTOR, offline.stored, ServiceGroup(ebcore))
    icd, _, _ = metadata.participant.value.partition(":")
    assert icd == "0088"
    assert concerned(offline, participant_list("1", i0088="deprecated", i0192="removed")) == {"0088": 2}
    assert concerned(offline, participant_list("1", i0088="active")) == {}
    document = {"scheme": INVOICE.scheme, "value": INVOICE.value, "state": "removed"}
    assert metadata.document_type == INVOICE
    assert concerned(offline, code_list("1", document | {"abstract": False})) == {INVOICE.value: 1}
    process: dict[str, object] = {"scheme": "cenbii-procid-ubl", "value": BILLING, "state": "deprecated"}
    assert concerned(offline, code_list("1", process)) == {BILLING: 1}
    assert concerned(offline, code_list("1", {"profile-id": TRANSPORT_PROFILE, "state": "removed"})) == {
        TRANSPORT_PROFILE: 1
    }


def test_wildcard_document_types_are_counted_without_their_star(offline: OfflineInstance) -> None:
    metadata = demo_metadata(offline.pki.access_points)[0]
    starred = replace(metadata.document_type, scheme=PEPPOL_WILDCARD, value="a::b##c*::1")
    offline.instance.publishing.put_service_metadata(
        ACTOR, offline.stored, replace(metadata, document_type=starred), create_group=True
    )
    row = {"scheme": PEPPOL_WILDCARD, "value": "a::b##c::1", "state": "deprecated", "abstract": True}
    assert concerned(offline, code_list("1", row)) == {"a::b##c::1": 1}
