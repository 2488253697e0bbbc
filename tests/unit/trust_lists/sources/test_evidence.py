# SPDX-License-Identifier: Apache-2.0
"""Evidence loaded from a snapshot: nothing of it that was changed, and no list that the configuration's signers didn't
sign.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.simulators.list_worlds import (
    AT,
    DAY,
    LOTL_URL,
    OJ_URL,
    ListWorld,
    break_signature,
    certificate,
    key,
    list_url,
    pivot_url,
    pointer,
    whole_world,
)
from tests.simulators.qualification_world import a_list, provider, service, state
from trust_lists.documents.lote.json_writer import write_json
from trust_lists.documents.model import Dialect, Extension, TrustedList, UnknownExtension
from trust_lists.errors import SourceError
from trust_lists.evaluation.decisions.evidence import Evidence, ListsAtHand
from trust_lists.evaluation.decisions.list_grounds import ListGrounds
from trust_lists.evaluation.decisions.model import Case
from trust_lists.evaluation.trust_configuration.model import (
    CertificateReference,
    Engine,
    Listed,
    ListKind,
    OnExpired,
    Profile,
    Role,
    Roles,
    ServiceMatch,
    Stores,
    TrustConfiguration,
    TrustedListSource,
    UrlOrFile,
)
from trust_lists.signatures.jades import sign_compact
from trust_lists.sources.attempts import Bounds
from trust_lists.sources.collecting import CollectReport, collect
from trust_lists.sources.evidence import TOO_OLD, evidence_folder, load_evidence, newest_snapshot
from trust_lists.sources.evidence_manifest import Attempt, Kind, State
from trust_lists.sources.store import Store


@dataclass
class Lists:
    """A fetcher of nothing but lists."""

    lists: ListWorld = field(default_factory=whole_world)

    def fetch(self, kind: Kind, url: str, body: bytes | None = None) -> bytes:
        raise SourceError("FETCH_NOT_FOUND", f"there is no {kind} at {url}, {body!r}")


def configuration(
    *signers: str,
    kind: ListKind = ListKind.LOTL,
    location: UrlOrFile | None = None,
    with_bytes: bool = True,
    **fields: Any,
) -> TrustConfiguration:
    found = [certificate(each) for each in signers or ("lotl",)]
    source = TrustedListSource(
        id="lists",
        kind=kind,
        location=location or UrlOrFile(LOTL_URL),
        signers=tuple(CertificateReference(each.sha256, certificate=each if with_bytes else None) for each in found),
        pivots=True,
        territories=None,
        service_types=None,
        statuses=None,
        max_age=DAY,
        on_expired=OnExpired.REJECT,
    )
    engine = Engine(Profile.RFC5280, 4, timedelta(minutes=5))
    return TrustConfiguration("test", "test", engine, Stores(lists=(replace(source, **fields),)), Roles())


def single(*signers: str, **fields: Any) -> TrustConfiguration:
    given = {"location": UrlOrFile(list_url("BE")), "kind": ListKind.TL, "pivots": False} | fields
    return configuration(*(signers or ("be",)), **given)


def run(
    world: ListWorld, folder: Path, trusted: TrustConfiguration | None = None, at: datetime = AT, **more: Any
) -> CollectReport:
    return collect(trusted or configuration(), (), Lists(world), folder, at, **more)


def at_hand(folder: Path, trusted: TrustConfiguration | None = None, at: datetime = AT) -> ListsAtHand:
    return load_evidence(folder, trusted or configuration(), at).lists["lists"]


def statuses(found: ListsAtHand) -> dict[str, tuple[str, ...]]:
    return {territory: (each.status, *each.sub_status) for territory, each in found.lists.lists.items()}


def attempt(report: CollectReport, territory: str = "", kind: Kind = Kind.LIST) -> Attempt:
    [found] = [each for each in report.manifest.attempts if each.kind is kind and each.territory == territory]
    return found


PASSED = ("EUTL_VERIFICATION_PASSED",)


# A list of lists


def test_all_lists_that_a_list_of_lists_points_to_are_at_hand(tmp_path: Path) -> None:
    report = run(whole_world(), tmp_path)
    found = at_hand(tmp_path)
    assert statuses(found) == {"BE": PASSED, "EL": PASSED}
    assert [each.territory for each in found.index.entries] == ["BE", "EL"]
    assert (found.fetched_at, found.lists.digest) == (AT, report.snapshot)
    assert {each.kind for each in report.manifest.attempts} == {Kind.LOTL, Kind.LIST}


def test_the_signers_of_the_configuration_decide_whoever_collected(tmp_path: Path) -> None:
    run(whole_world(), tmp_path)
    assert statuses(at_hand(tmp_path, configuration("somebody"))) == {
        "": ("LOTL_VERIFICATION_FAILED", "PIVOT_0_LOTLSO_SIGNER_CERT_NOT_AUTHENTICATED_BY_OJEU")
    }


def test_a_digest_is_enough_to_know_the_signer_by(tmp_path: Path) -> None:
    trusted = configuration(with_bytes=False)
    run(whole_world(), tmp_path, trusted)
    assert set(statuses(at_hand(tmp_path, trusted))) == {"BE", "EL"}


def with_pivot() -> ListWorld:
    """The list of lists has a new signer, whom a pivot vouches for that the old one signed."""
    world = whole_world()
    world.put_lotl("new", own=("new",), uris=(pivot_url(1), OJ_URL))
    world.put_pivot(1, "lotl", ("lotl", "new"))
    return world


def test_pivots_lead_to_a_pinned_signer_where_the_entry_follows_them(tmp_path: Path) -> None:
    report = run(with_pivot(), tmp_path)
    assert statuses(at_hand(tmp_path)) == {"BE": PASSED, "EL": PASSED}
    assert attempt(report, kind=Kind.PIVOT).url == pivot_url(1)


def test_pivots_lead_nowhere_where_the_entry_does_not_follow_them(tmp_path: Path) -> None:
    trusted = configuration(pivots=False)
    run(with_pivot(), tmp_path, trusted)
    [(status, *_)] = statuses(at_hand(tmp_path, trusted)).values()
    assert status == "LOTL_VERIFICATION_FAILED"


def test_the_newest_notice_is_enough_where_its_certificates_are_pinned(tmp_path: Path) -> None:
    world = whole_world()
    world.put_lotl("new", own=("new",), uris=("https://oj.example/newer", pivot_url(1), OJ_URL))
    trusted = configuration("new")
    run(world, tmp_path, trusted)
    assert set(statuses(at_hand(tmp_path, trusted))) == {"BE", "EL"}


def test_one_list_that_cannot_be_had_hides_no_other(tmp_path: Path) -> None:
    world = whole_world()
    world.documents[list_url("EL")] = SourceError("FETCH_TIMEOUT", "the server didn't answer in time")
    report = run(world, tmp_path)
    assert (attempt(report, "EL").state, attempt(report, "EL").reason) == (State.FAILED, "OWN_FETCH_TIMEOUT")
    found = statuses(at_hand(tmp_path))
    assert found["BE"] == PASSED
    assert found["EL"][:2] == ("EUTL_VERIFICATION_FAILED", "OWN_FETCH_TIMEOUT")


def test_a_list_that_is_kept_for_too_long_is_set_aside_alone(tmp_path: Path) -> None:
    world = whole_world()
    run(world, tmp_path)
    world.documents[list_url("EL")] = SourceError("FETCH_TIMEOUT", "the server didn't answer in time")
    later = AT + 2 * DAY
    report = run(world, tmp_path, at=later)
    assert (attempt(report, "EL").state, attempt(report, "EL").fetched_at) == (State.KEPT, AT)
    found = at_hand(tmp_path, at=later)
    assert statuses(found) == {"BE": PASSED, "EL": ("EUTL_VERIFICATION_FAILED", TOO_OLD)}
    assert found.fetched_at == later
    warned = at_hand(tmp_path, configuration(on_expired=OnExpired.WARN), at=later)
    assert (set(statuses(warned).values()), warned.fetched_at) == ({PASSED}, AT)


def test_an_older_issue_does_not_take_the_place_of_a_list(tmp_path: Path) -> None:
    world = whole_world()
    run(world, tmp_path)
    world.put_list("BE", sequence=2)
    report = run(world, tmp_path, at=AT + timedelta(hours=1))
    assert (attempt(report, "BE").state, attempt(report, "BE").reason) == (State.KEPT, "OWN_LIST_SEQUENCE_LOWER")
    [document] = [each.document for each in at_hand(tmp_path).lists.lists.values() if each.territory == "BE"]
    assert document is not None
    assert document.scheme.sequence == 3


def test_a_list_of_lists_that_is_broken_now_leaves_the_last_one(tmp_path: Path) -> None:
    world = whole_world()
    run(world, tmp_path)
    world.tamper(LOTL_URL, break_signature)
    report = run(world, tmp_path, at=AT + timedelta(hours=1))
    assert attempt(report, "EU", Kind.LOTL).state is State.KEPT
    assert statuses(at_hand(tmp_path)) == {"BE": PASSED, "EL": PASSED}


def test_a_list_of_lists_out_of_time_leaves_everything_undecided(tmp_path: Path) -> None:
    run(whole_world(), tmp_path)
    found = statuses(at_hand(tmp_path, at=AT + 31 * DAY))
    assert found == {"": ("LOTL_VERIFICATION_FAILED", "LOTL_NEXTUPDATE_PASSED")}


def test_a_list_of_lists_that_is_gone_and_out_of_time_stays_for_former_times(tmp_path: Path) -> None:
    run(whole_world(), tmp_path)
    report = run(ListWorld(), tmp_path, at=AT + 31 * DAY)
    assert {each.state for each in report.manifest.attempts} == {State.KEPT}
    assert attempt(report, "EU", Kind.LOTL).reason == "OWN_FETCH_NOT_FOUND"
    assert statuses(at_hand(tmp_path)) == {"BE": PASSED, "EL": PASSED}
    assert set(statuses(at_hand(tmp_path, at=AT + 31 * DAY))) == {""}


def test_a_list_of_lists_from_a_file_beside_the_configuration(tmp_path: Path) -> None:
    world = whole_world()
    data = world.put_lotl(location="")
    del world.documents[LOTL_URL]
    trusted = configuration(location=UrlOrFile(file="lotl.xml"))
    run(world, tmp_path, trusted, files={"lotl.xml": data}.get)
    assert set(statuses(at_hand(tmp_path, trusted))) == {"BE", "EL"}
    assert LOTL_URL not in world.asked
    [missing] = run(world, tmp_path / "other", trusted).failures
    assert missing.url == "file:lotl.xml"


def test_a_list_of_lists_is_not_asked_for_beyond_the_bounds(tmp_path: Path) -> None:
    world = whole_world()
    report = run(world, tmp_path, bounds=Bounds(requests=2))
    assert len(world.asked) == 2
    reasons = [each.reason for each in report.failures]
    assert reasons == ["OWN_FETCH_BUDGET"]


def test_a_list_of_lists_that_there_never_was_is_told_of(tmp_path: Path) -> None:
    report = run(ListWorld(), tmp_path)
    [failed] = report.failures
    assert (failed.kind, failed.state, failed.url) == (Kind.LOTL, State.FAILED, LOTL_URL)
    [(status, *_)] = statuses(at_hand(tmp_path)).values()
    assert status == "LOTL_VERIFICATION_FAILED"


def test_a_list_in_the_web_leads_to_no_file(tmp_path: Path) -> None:
    world = whole_world()
    world.put_lotl(pointers=(pointer("BE", "be", location="file:secret.xml"),))
    asked: list[str] = []

    def files(name: str) -> bytes | None:
        asked.append(name)
        return b"secret"

    run(world, tmp_path, files=files)
    assert asked == []


def test_damage_to_what_is_remembered_of_a_list_of_lists_leaves_the_last_snapshot_of_it(tmp_path: Path) -> None:
    run(whole_world(), tmp_path)
    (tmp_path / "lists" / "lists" / "current").write_bytes(b"nonsense")
    report = run(whole_world(), tmp_path, at=AT + timedelta(hours=1))
    assert {(each.state, each.reason) for each in report.manifest.attempts} == {(State.KEPT, "SNAPSHOT_DAMAGED")}
    assert statuses(at_hand(tmp_path)) == {"BE": PASSED, "EL": PASSED}


def test_the_lists_of_another_list_of_lists_do_not_stay(tmp_path: Path) -> None:
    run(whole_world(), tmp_path)
    moved = configuration(location=UrlOrFile("https://elsewhere.example/lotl.xml"))
    [failed] = run(whole_world(), tmp_path, moved, AT + timedelta(hours=1)).failures
    assert (failed.kind, failed.state) == (Kind.LOTL, State.FAILED)
    [(status, *_)] = statuses(at_hand(tmp_path, moved)).values()
    assert status == "LOTL_VERIFICATION_FAILED"


def test_the_store_of_a_list_of_lists_does_not_grow_for_ever(tmp_path: Path) -> None:
    for hour in range(4):
        run(whole_world(), tmp_path, at=AT + timedelta(hours=hour))
    assert len(Store(tmp_path / "lists" / "lists").digests()) == 2


# One list


def test_a_single_list_counts_by_its_pinned_signer(tmp_path: Path) -> None:
    run(whole_world(), tmp_path, single())
    assert statuses(at_hand(tmp_path, single())) == {"BE": PASSED}
    assert statuses(at_hand(tmp_path, single("el"))) == {"": ("EUTL_VERIFICATION_FAILED", "OWN_SIGNER_NOT_EXPECTED")}


def test_a_list_of_trusted_entities_is_a_list_like_the_others(tmp_path: Path) -> None:
    scheme = replace(a_list().scheme, version=1, list_type="https://lists.example/type")
    entry = service(state(since=None), of=certificate("ca"))
    entry = replace(entry, current=replace(entry.current, type="urn:access-point", status="", extensions=()))
    document = TrustedList(Dialect.LOTE_JSON, scheme, (provider(entry),))
    data = sign_compact(write_json(document), key("be"), AT)
    trusted = single(location=UrlOrFile(file="list.jws"), kind=ListKind.LOTE)
    run(ListWorld(), tmp_path, trusted, files={"list.jws": data}.get)
    found = at_hand(tmp_path, trusted)
    assert statuses(found) == {"BE": PASSED}
    rule = Listed(("lists",), ServiceMatch.IDENTITY, None)
    grounds = ListGrounds(rule, "roles.ap-sign.accept", {"lists": trusted.stores.lists[0]}, timedelta())
    case = Case(Role.AP_SIGN, certificate("ca"), AT)
    [ground] = grounds.offer(case, load_evidence(tmp_path, trusted, AT)).direct
    assert ground.checks == ()


@pytest.mark.parametrize("content", ['{"critical": true, "x": 1}', '{"critical": true}'])
def test_a_list_with_a_critical_extension_that_nobody_knows_is_refused(tmp_path: Path, content: str) -> None:
    unknown = Extension(True, UnknownExtension("", content))
    scheme = replace(a_list().scheme, version=1, extensions=(unknown,))
    data = sign_compact(write_json(TrustedList(Dialect.LOTE_JSON, scheme)), key("be"), AT)
    trusted = single(location=UrlOrFile(file="list.jws"), kind=ListKind.LOTE)
    [failed] = run(ListWorld(), tmp_path, trusted, files={"list.jws": data}.get).failures
    assert (failed.state, failed.reason) == (State.FAILED, "CRITICAL_EXTENSION_UNKNOWN")
    assert statuses(at_hand(tmp_path, trusted)) == {"": ("EUTL_VERIFICATION_FAILED", "OWN_CRITICAL_EXTENSION_UNKNOWN")}


def test_a_list_from_a_file_beside_the_configuration(tmp_path: Path) -> None:
    data = whole_world().get(list_url("BE"))
    trusted = single(location=UrlOrFile(file="list.xml"))
    report = run(ListWorld(), tmp_path, trusted, files={"list.xml": data}.get)
    assert attempt(report).url == "file:list.xml"
    assert statuses(at_hand(tmp_path, trusted)) == {"BE": PASSED}
    [missing] = run(ListWorld(), tmp_path / "other", trusted).failures
    assert missing.reason == "FETCH_NOT_FOUND"


@pytest.mark.parametrize(
    ("sequence", "tampered", "reason"),
    [
        pytest.param(2, False, "OWN_LIST_SEQUENCE_LOWER", id="older"),
        pytest.param(3, False, "OWN_LIST_SEQUENCE_REUSED", id="same number"),
        pytest.param(4, True, "DIGEST_MISMATCH", id="broken"),
    ],
)
def test_a_single_list_is_replaced_by_a_better_one_only(
    tmp_path: Path, sequence: int, tampered: bool, reason: str
) -> None:
    world = whole_world()
    run(world, tmp_path, single())
    world.put_list("BE", sequence=sequence, services=("ca", "another"))
    if tampered:
        world.tamper(list_url("BE"), break_signature)
    kept = attempt(run(world, tmp_path, single(), AT + timedelta(hours=1)))
    assert (kept.state, kept.reason, kept.fetched_at) == (State.KEPT, reason, AT)
    world.put_list("BE", sequence=4)
    assert attempt(run(world, tmp_path, single(), AT + timedelta(hours=2))).state is State.FETCHED


def test_what_a_new_signer_signed_replaces_what_the_old_one_did(tmp_path: Path) -> None:
    world = whole_world()
    run(world, tmp_path, single())
    world.put_list("BE", "new", sequence=1)
    assert attempt(run(world, tmp_path, single("new"), AT + timedelta(hours=1))).state is State.FETCHED


def test_nobody_tried_is_not_at_hand(tmp_path: Path) -> None:
    run(whole_world(), tmp_path, single())
    moved = single(location=UrlOrFile("https://elsewhere.example/tl.xml"))
    assert load_evidence(tmp_path, moved, AT).lists == {}


# The folder


def test_a_folder_without_a_snapshot_is_told_of(tmp_path: Path) -> None:
    assert newest_snapshot(tmp_path) == ""
    with pytest.raises(SourceError) as told:
        load_evidence(tmp_path, single(), AT)
    assert told.value.reason_id == "STORE_MISSING"


def test_one_flipped_byte_of_a_document_is_found(tmp_path: Path) -> None:
    report = run(whole_world(), tmp_path, single())
    path = tmp_path / "objects" / attempt(report).sha256[:2] / attempt(report).sha256
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(SourceError) as told:
        load_evidence(tmp_path, single(), AT)
    assert told.value.reason_id == "SNAPSHOT_OBJECT_DAMAGED"


def test_one_flipped_byte_of_the_manifest_is_found(tmp_path: Path) -> None:
    digest = run(whole_world(), tmp_path, single()).snapshot
    path = tmp_path / "snapshots" / f"{digest}.json"
    data = bytearray(path.read_bytes())
    data[100] ^= 1
    path.write_bytes(data)
    with pytest.raises(SourceError) as told:
        load_evidence(tmp_path, single(), AT)
    assert told.value.reason_id == "SNAPSHOT_DAMAGED"


def test_a_document_that_is_gone_is_found(tmp_path: Path) -> None:
    found = attempt(run(whole_world(), tmp_path, single()))
    (tmp_path / "objects" / found.sha256[:2] / found.sha256).unlink()
    with pytest.raises(SourceError) as told:
        load_evidence(tmp_path, single(), AT)
    assert told.value.reason_id == "SNAPSHOT_OBJECT_MISSING"


def test_an_older_snapshot_is_loaded_by_its_digest(tmp_path: Path) -> None:
    world = whole_world()
    first = run(world, tmp_path, single()).snapshot
    world.put_list("BE", sequence=9)
    second = run(world, tmp_path, single(), AT + timedelta(hours=1)).snapshot
    assert newest_snapshot(tmp_path) == second
    assert load_evidence(tmp_path, single(), AT).digest == second
    old: Evidence = load_evidence(tmp_path, single(), AT, first)
    assert old.digest == first
    document = old.lists["lists"].lists.lists["BE"].document
    assert document is not None
    assert document.scheme.sequence == 3


def test_a_snapshot_of_lists_alone_has_no_other_evidence(tmp_path: Path) -> None:
    run(whole_world(), tmp_path, single())
    found = load_evidence(tmp_path, single(), AT)
    assert (found.intermediates, found.saml_metadata, found.openid_federation) == ((), {}, {})
    assert found.revocation.unreadable == ()
    assert evidence_folder(tmp_path).read_manifest(found.digest).at == AT
