# SPDX-License-Identifier: Apache-2.0
"""A refresh keeps what is good, says what isn't, and never gives a good list away for a bad one."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from tests.simulators.list_worlds import (
    AT,
    DAY,
    LOTL_URL,
    ListWorld,
    break_signature,
    list_url,
    pointer,
    whole_world,
)
from trust_lists.documents.reading import read_unverified
from trust_lists.documents.ts119612.writer import write
from trust_lists.errors import SourceError
from trust_lists.sources.refresh import How, ListReport, RefreshReport
from trust_lists.sources.snapshots import load_snapshot
from trust_lists.sources.states import ListState
from trust_lists.sources.store import Store

BE = list_url("BE")
LATER = AT + DAY


def be(report: RefreshReport) -> ListReport:
    return next(each for each in report.lists if each.entry.territory == "BE")


def unsigned(data: bytes) -> bytes:
    return etree.tostring(write(read_unverified(data)))


def refreshed(folder: Path) -> ListWorld:
    """A whole world, and its first snapshot in the folder."""
    world = whole_world()
    assert world.refresh(folder).healthy
    return world


def test_the_first_refresh_of_a_whole_world(tmp_path: Path) -> None:
    report = whole_world().refresh(tmp_path)
    assert report.healthy
    assert report.written
    assert report.anchors == 1
    assert [(each.entry.territory, each.entry.state, each.how) for each in report.lists] == [
        ("BE", ListState.FRESH, How.FETCHED),
        ("EL", ListState.FRESH, How.FETCHED),
    ]
    assert report.downloaded == sum(each.entry.size for each in (report.lotl, *report.lists))
    assert load_snapshot(tmp_path).digest == report.snapshot


def test_what_has_not_changed_is_not_downloaded_again(tmp_path: Path) -> None:
    world = refreshed(tmp_path)
    report = world.refresh(tmp_path, LATER)
    assert {each.how for each in (report.lotl, *report.lists)} == {How.UNCHANGED}
    assert report.downloaded == 0
    entry = be(report).entry
    assert (entry.fetched_at, entry.confirmed_at, entry.since) == (AT, LATER, AT)


def test_a_newer_list_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    world = refreshed(tmp_path)
    world.put_list("BE", sequence=4, services=["ca", "another"])
    report = world.refresh(tmp_path, LATER)
    assert (be(report).how, be(report).entry.sequence, report.anchors) == (How.FETCHED, 4, 2)


def lower_sequence(world: ListWorld) -> None:
    world.put_list("BE", sequence=2)


def same_sequence(world: ListWorld) -> None:
    world.put_list("BE", services=["another"])


def other_signer(world: ListWorld) -> None:
    world.put_list("BE", "mallory", sequence=4)


def expired(world: ListWorld) -> None:
    world.put_list("BE", sequence=4, next_update=AT - DAY)


def neighbour(world: ListWorld) -> None:
    world.documents[BE] = world.put_list("BE", says="EL", sequence=4)


def error(reason_id: str) -> Callable[[ListWorld], None]:
    return lambda world: world.documents.update({BE: SourceError(reason_id, "so it is")})


def document(data: bytes) -> Callable[[ListWorld], None]:
    return lambda world: world.documents.update({BE: data})


BAD = {
    "OWN_LIST_SEQUENCE_LOWER": lower_sequence,
    "OWN_LIST_SEQUENCE_REUSED": same_sequence,
    "EUTLSO_SIGNER_CERT_NOT_AUTHENTICATED_BY_LOTL": other_signer,
    "OWN_LIST_EXPIRED": expired,
    "OWN_LIST_OF_ANOTHER_TERRITORY": neighbour,
    "OWN_DIGEST_MISMATCH": lambda world: world.tamper(BE, break_signature),
    "OWN_NO_SIGNATURE": lambda world: world.tamper(BE, unsigned),
    "OWN_XML_NOT_WELL_FORMED": lambda world: world.tamper(BE, lambda data: data[:-100]),
    "OWN_LIST_NOT_A_LIST": document(b"<html></html>"),
    "OWN_LIST_EMPTY": document(b""),
    "OWN_XML_DOCTYPE": document(b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'),
    "OWN_FETCH_TOO_LARGE": error("FETCH_TOO_LARGE"),
    "OWN_FETCH_CUT_OFF": error("FETCH_CUT_OFF"),
    "OWN_FETCH_REDIRECT_LOOP": error("FETCH_REDIRECT_LOOP"),
    "OWN_FETCH_HTML": error("FETCH_HTML"),
}


@pytest.mark.parametrize("reason", BAD)
def test_a_good_list_stays_and_the_reason_is_named(tmp_path: Path, reason: str) -> None:
    world = refreshed(tmp_path)
    good = load_snapshot(tmp_path).authenticated().lists["BE"]
    BAD[reason](world)
    report = world.refresh(tmp_path, LATER)
    entry = be(report).entry
    assert (entry.reason, entry.state, be(report).how) == (reason, ListState.STALE, How.KEPT)
    assert entry.detail
    assert (entry.sha256, entry.since, entry.confirmed_at) == (good.sha256, LATER, AT)
    assert report.healthy
    kept = load_snapshot(tmp_path).authenticated().lists["BE"]
    assert kept.document == good.document
    assert kept.sub_status == ("OWN_WARNING_LAST_GOOD_LIST_KEPT",)


@pytest.mark.parametrize(
    "reason", sorted(BAD.keys() - {"OWN_LIST_SEQUENCE_LOWER", "OWN_LIST_SEQUENCE_REUSED", "OWN_LIST_EXPIRED"})
)
def test_without_a_good_list_before_there_is_none(tmp_path: Path, reason: str) -> None:
    world = whole_world()
    BAD[reason](world)
    report = world.refresh(tmp_path)
    entry = be(report).entry
    assert (entry.reason, entry.state, be(report).how, entry.sha256) == (reason, ListState.FAILED, How.NONE, "")
    lists = load_snapshot(tmp_path).authenticated().lists
    assert (lists["BE"].status, lists["BE"].document) == ("EUTL_VERIFICATION_FAILED", None)
    assert lists["EL"].document is not None


def test_a_list_that_was_refused_is_fetched_again_and_taken_once_it_is_good(tmp_path: Path) -> None:
    world = refreshed(tmp_path)
    other_signer(world)
    world.refresh(tmp_path, LATER)
    world.put_list("BE", sequence=4)
    report = world.refresh(tmp_path, LATER + DAY)
    assert (be(report).how, be(report).entry.state, be(report).entry.sequence) == (How.FETCHED, ListState.FRESH, 4)


def test_a_kept_list_expires(tmp_path: Path) -> None:
    world = refreshed(tmp_path)
    world.put_lotl(sequence=8, next_update=AT + 900 * DAY)
    world.documents[BE] = SourceError("FETCH_TIMEOUT", "nobody answers")
    entry = be(world.refresh(tmp_path, AT + 61 * DAY)).entry
    assert (entry.state, entry.reason) == (ListState.EXPIRED, "OWN_FETCH_TIMEOUT")
    assert "WARNING_EUTL_NEXTUPDATE_PASSED" in entry.sub_status


def test_a_signer_that_the_list_of_lists_has_dropped_is_revoked(tmp_path: Path) -> None:
    world = refreshed(tmp_path)
    world.put_lotl(sequence=8, pointers=[pointer("BE", "new"), pointer("EL", "el")])
    report = world.refresh(tmp_path, LATER)
    entry = be(report).entry
    assert (entry.state, entry.reason) == (ListState.FAILED, "EUTLSO_SIGNER_CERT_NOT_AUTHENTICATED_BY_LOTL")
    assert load_snapshot(tmp_path).authenticated().lists["BE"].document is None


def test_a_closed_list_is_closed(tmp_path: Path) -> None:
    world = whole_world()
    world.put_list("BE", next_update=None)
    entry = be(world.refresh(tmp_path)).entry
    assert (entry.state, entry.reason, entry.good) == (ListState.CLOSED, "OWN_WARNING_EUTL_CLOSED", True)


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_whatever_happens_to_a_document_nothing_is_raised_and_the_good_one_stays(data: st.DataObject) -> None:
    with TemporaryDirectory() as folder:
        world = refreshed(Path(folder))
        url = data.draw(st.sampled_from([LOTL_URL, BE]))
        good = world.get(url)
        start = data.draw(st.integers(0, len(good) - 1))
        end = data.draw(st.integers(start, min(len(good), start + 2000)))
        world.documents[url] = good[:start] + data.draw(st.binary(max_size=40)) + good[end:]
        report = world.refresh(Path(folder), LATER)
        assert report.healthy
        entry = report.lotl.entry if url == LOTL_URL else be(report).entry
        assert entry.state is (ListState.STALE if entry.reason else ListState.FRESH)
        assert entry.sequence == (7 if url == LOTL_URL else 3)


# The list of lists


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda world: world.put_lotl(sequence=6), "OWN_LIST_SEQUENCE_LOWER"),
        (lambda world: world.put_lotl(pointers=[]), "OWN_LIST_SEQUENCE_REUSED"),
        (lambda world: world.put_lotl(sequence=8, next_update=AT), "LOTL_NEXTUPDATE_PASSED"),
        (
            lambda world: world.put_lotl("mallory", own=["mallory"], sequence=8),
            "PIVOT_0_LOTLSO_SIGNER_CERT_NOT_AUTHENTICATED_BY_OJEU",
        ),
        (lambda world: world.tamper(LOTL_URL, break_signature), "OWN_DIGEST_MISMATCH"),
        (lambda world: world.documents.pop(LOTL_URL), "OWN_FETCH_NOT_FOUND"),
    ],
)
def test_a_good_list_of_lists_stays_and_its_lists_are_refreshed_by_it(
    tmp_path: Path, change: Callable[[ListWorld], object], reason: str
) -> None:
    world = refreshed(tmp_path)
    change(world)
    world.put_list("BE", sequence=4)
    report = world.refresh(tmp_path, LATER)
    assert (report.lotl.entry.reason, report.lotl.entry.state) == (reason, ListState.STALE)
    assert (report.lotl.how, report.lotl.entry.sequence) == (How.KEPT, 7)
    assert report.healthy
    assert be(report).entry.sequence == 4


def test_without_any_good_list_of_lists_the_last_snapshot_stays(tmp_path: Path) -> None:
    world = refreshed(tmp_path)
    before = load_snapshot(tmp_path)
    report = world.refresh(tmp_path, AT + 40 * DAY)
    assert report.lotl.entry.reason == "LOTL_NEXTUPDATE_PASSED"
    assert (report.healthy, report.written, report.anchors) == (False, False, 0)
    assert report.snapshot == before.digest == load_snapshot(tmp_path).digest


def test_a_failed_first_refresh_leaves_nothing_and_the_next_one_succeeds(tmp_path: Path) -> None:
    world = whole_world()
    good = world.documents.pop(LOTL_URL)
    failed = world.refresh(tmp_path)
    assert (failed.healthy, failed.snapshot, failed.lotl_outcome.unreachable) == (False, "", True)
    with pytest.raises(SourceError) as told:
        load_snapshot(tmp_path)
    assert told.value.reason_id == "STORE_MISSING"
    world.documents[LOTL_URL] = good
    assert world.refresh(tmp_path).healthy


def test_lists_without_any_anchor_are_not_healthy(tmp_path: Path) -> None:
    world = whole_world()
    for territory in ("BE", "EL"):
        world.put_list(territory, services=())
    report = world.refresh(tmp_path)
    assert (report.anchors, report.healthy, report.written) == (0, False, True)


def test_certificates_of_another_notice_take_all_trust_away(tmp_path: Path) -> None:
    world = refreshed(tmp_path)
    report = world.refresh(tmp_path, LATER, world.configuration("somebody else"))
    assert not report.healthy
    assert report.lotl.entry.reason == "PIVOT_0_LOTLSO_SIGNER_CERT_NOT_AUTHENTICATED_BY_OJEU"


def test_another_scheme_in_the_same_store_begins_anew(tmp_path: Path) -> None:
    world = refreshed(tmp_path)
    other = "https://other.example/lotl.xml"
    world.put_lotl(sequence=1, url=other, location=other)
    report = world.refresh(tmp_path, LATER, replace(world.configuration(), lotl_url=other))
    assert (report.lotl.how, report.lotl.entry.sequence) == (How.FETCHED, 1)


def test_the_location_that_the_list_of_lists_has_announced_is_of_the_same_scheme(tmp_path: Path) -> None:
    world = whole_world()
    new = "https://new.example/lotl.xml"
    world.documents[new] = world.put_lotl(location=new)
    assert world.refresh(tmp_path).healthy
    world.put_lotl(location=new, url=new, sequence=6)
    report = world.refresh(tmp_path, LATER, replace(world.configuration(), lotl_url=new))
    assert (report.lotl.entry.reason, report.lotl.entry.sequence) == ("OWN_LIST_SEQUENCE_LOWER", 7)


# The store


def test_a_refresh_that_is_killed_leaves_the_last_snapshot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = refreshed(tmp_path)
    before = load_snapshot(tmp_path).digest
    world.put_list("BE", sequence=4)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    for place in ("put", "put_manifest", "set_current"):
        with monkeypatch.context() as patch:
            patch.setattr(Store, place, killed)
            with pytest.raises(KeyboardInterrupt):
                world.refresh(tmp_path, LATER)
        assert load_snapshot(tmp_path).digest == before
    assert be(world.refresh(tmp_path, LATER)).entry.sequence == 4


def test_only_one_process_refreshes_a_store(tmp_path: Path) -> None:
    world = whole_world()
    with Store(tmp_path).lock(), pytest.raises(SourceError) as told:
        world.refresh(tmp_path)
    assert told.value.reason_id == "STORE_LOCKED"


def test_a_damaged_document_of_the_last_snapshot_is_fetched_again(tmp_path: Path) -> None:
    world = refreshed(tmp_path)
    digest = load_snapshot(tmp_path).authenticated().lists["BE"].sha256
    path = tmp_path / "objects" / digest[:2] / digest
    path.write_bytes(path.read_bytes().swapcase())
    report = world.refresh(tmp_path, LATER)
    assert be(report).entry.state is ListState.FRESH
    assert load_snapshot(tmp_path).digest == report.snapshot


def dropped_signer(world: ListWorld, _folder: Path) -> None:
    world.put_lotl(sequence=8, pointers=(pointer("BE", "another"), pointer("EL", "el")))


def missing_pointer(world: ListWorld, _folder: Path) -> None:
    world.put_lotl(sequence=8, pointers=(pointer("EL", "el"),))


def lost_document(_world: ListWorld, folder: Path) -> None:
    digest = load_snapshot(folder).authenticated().lists["BE"].sha256
    (folder / "objects" / digest[:2] / digest).unlink()


@pytest.mark.parametrize("happened", [dropped_signer, missing_pointer, lost_document])
def test_an_older_issue_does_not_come_back_whatever_became_of_the_newer_one(
    tmp_path: Path, happened: Callable[[ListWorld, Path], None]
) -> None:
    world = refreshed(tmp_path)
    happened(world, tmp_path)
    if happened is not lost_document:
        world.refresh(tmp_path, LATER)
        world.put_lotl(sequence=9)
    world.put_list("BE", sequence=2)
    report = world.refresh(tmp_path, LATER + DAY)
    entry = be(report).entry
    assert (entry.state, entry.reason, be(report).how) == (ListState.FAILED, "OWN_LIST_SEQUENCE_LOWER", How.NONE)
    assert entry.detail == "the source has number 2, and we have had number 3"
    assert load_snapshot(tmp_path).authenticated().lists["BE"].status == "EUTL_VERIFICATION_FAILED"
    world.put_list("BE", sequence=4)
    assert be(world.refresh(tmp_path, LATER + 2 * DAY)).entry.state is ListState.FRESH


def test_an_older_list_of_lists_does_not_come_back_when_the_newer_one_is_lost(tmp_path: Path) -> None:
    world = refreshed(tmp_path)
    digest = Store(tmp_path).read_manifest(Store(tmp_path).current).lotl.sha256
    (tmp_path / "objects" / digest[:2] / digest).unlink()
    world.put_lotl(sequence=6)
    report = world.refresh(tmp_path, LATER)
    assert (report.lotl.entry.reason, report.healthy) == ("OWN_LIST_SEQUENCE_LOWER", False)


def test_a_damaged_name_of_the_newest_snapshot_is_no_fresh_start(tmp_path: Path) -> None:
    world = refreshed(tmp_path)
    (tmp_path / "current").write_bytes(b"")
    with pytest.raises(SourceError) as told:
        world.refresh(tmp_path, LATER)
    assert told.value.reason_id == "SNAPSHOT_DAMAGED"


def test_progress_counts_the_lists(tmp_path: Path) -> None:
    from trust_lists.sources.refresh import refresh

    world, told = whole_world(), []
    refresh(world.configuration(), world, tmp_path, AT, progress=lambda *each: told.append(each), workers=1)
    assert [(done, of) for done, of, _ in told] == [(0, 2), (1, 2), (2, 2)]
    # Lists that are done before anybody asks are told in any order, even those of one thread.
    assert (told[0][2], sorted(name for *_, name in told[1:])) == ("", ["BE", "EL"])
