# SPDX-License-Identifier: Apache-2.0
"""Collecting evidence: what is asked for, what stays, and what is told of it."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from tests.simulators.certificate_chains import NOW, Authority
from tests.simulators.evidence_world import EvidenceWorld, access, loaded
from tests.simulators.revocation_evidence import crl, issuing_point, point, points, refusal, uri
from trust_lists.certificates.listed import ListedCertificate
from trust_lists.errors import SourceError
from trust_lists.evaluation.decisions.engine import DecisionEngine
from trust_lists.evaluation.decisions.model import Case, Decision, Outcome
from trust_lists.evaluation.trust_configuration.model import Role, TrustConfiguration
from trust_lists.sources.attempts import Bounds
from trust_lists.sources.collecting import CollectReport, collect
from trust_lists.sources.evidence import evidence_folder, load_evidence, newest_snapshot
from trust_lists.sources.evidence_manifest import Attempt, Kind, State


@pytest.fixture
def world() -> EvidenceWorld:
    return EvidenceWorld()


def run(
    world: EvidenceWorld,
    folder: Path,
    *certificates: ListedCertificate,
    configuration: TrustConfiguration | None = None,
    days: int = 0,
    **more: Any,
) -> CollectReport:
    asked = certificates or (world.leaf,)
    return collect(configuration or world.configuration(), asked, world, folder, NOW + timedelta(days=days), **more)


def decide(world: EvidenceWorld, folder: Path, configuration: TrustConfiguration | None = None) -> Decision:
    configuration = configuration or world.configuration()
    evidence = load_evidence(folder, configuration, NOW)
    return DecisionEngine(configuration).decide(Case(Role.AP_SIGN, world.leaf, NOW), evidence)


def attempt(report: CollectReport, kind: Kind, ending: str = "") -> Attempt:
    [found] = [each for each in report.manifest.attempts if each.kind is kind and each.url.endswith(ending)]
    return found


# What is asked for


def test_all_that_a_decision_needs_is_fetched_and_each_document_once(world: EvidenceWorld, tmp_path: Path) -> None:
    report = run(world, tmp_path, world.leaf, world.issue("another"))
    asked = [(kind, url.removeprefix(f"{world.base}/").partition("/")[0]) for kind, url in world.asked]
    assert sorted(set(asked)) == [
        ("crl", "issuing.crl"),
        ("crl", "root.crl"),
        ("issuer", "issuing.p7c"),
        ("ocsp", "ocsp"),
    ]
    assert len(world.asked) == 5  # a question for each of the two certificates
    assert report.failures == ()
    assert (report.requests, report.count(State.FETCHED)) == (5, 5)


def test_a_decision_on_the_snapshot_accepts_and_cites_it(world: EvidenceWorld, tmp_path: Path) -> None:
    report = run(world, tmp_path)
    decision = decide(world, tmp_path)
    assert decision.outcome is Outcome.ACCEPT
    assert decision.evidence == report.snapshot == newest_snapshot(tmp_path)


def test_who_is_revoked_is_rejected_by_what_was_fetched(world: EvidenceWorld, tmp_path: Path) -> None:
    world.revoked.append(world.leaf)
    world.publish()
    run(world, tmp_path)
    decision = decide(world, tmp_path)
    assert (decision.outcome, decision.decisive is not None) == (Outcome.REJECT, True)
    assert "REVOKED" in {check.id for check in decision.checks}


@pytest.mark.parametrize(
    ("leaf", "intermediates", "kinds"),
    [
        pytest.param("no_check", "no_check", {"issuer"}, id="nothing"),
        pytest.param("ocsp_required", "no_check", {"issuer", "ocsp"}, id="OCSP"),
        pytest.param("crl_required", "no_check", {"issuer", "crl"}, id="CRL"),
        pytest.param("check_if_declared", "check_if_declared", {"issuer", "crl", "ocsp"}, id="both"),
    ],
)
def test_only_what_a_role_looks_at_is_asked_for(
    world: EvidenceWorld, tmp_path: Path, leaf: str, intermediates: str, kinds: set[str]
) -> None:
    def change(tree: dict[str, Any]) -> None:
        tree["roles"]["ap-sign"]["revocation"] |= {"leaf": leaf, "intermediates": intermediates}

    run(world, tmp_path, configuration=world.configuration(change))
    assert {kind for kind, _ in world.asked} == kinds


def test_issuers_that_are_known_are_not_fetched(world: EvidenceWorld, tmp_path: Path) -> None:
    report = run(world, tmp_path, world.leaf, world.issuing.certificate)
    assert {each.kind for each in report.manifest.attempts} == {Kind.CRL, Kind.OCSP}


def test_a_certificate_that_is_an_anchor_itself_may_be_revoked_all_the_same(
    world: EvidenceWorld, tmp_path: Path
) -> None:
    def change(tree: dict[str, Any]) -> None:
        [anchor] = tree["stores"]["anchors"]
        pem = loaded(world.leaf).public_bytes(Encoding.PEM).decode()
        anchor |= {"cert": {"sha256": world.leaf.sha256, "pem": pem}, "as": "end-entity"}

    configuration = world.configuration(change)
    run(world, tmp_path, configuration=configuration)
    assert ("issuer", world.at("issuing.p7c")) in world.asked
    assert decide(world, tmp_path, configuration).outcome is Outcome.ACCEPT
    world.revoked.append(world.leaf)
    world.publish()
    run(world, tmp_path, configuration=configuration, days=1)
    assert decide(world, tmp_path, configuration).outcome is Outcome.REJECT


def test_an_ocsp_question_goes_by_post_where_get_is_not_answered(world: EvidenceWorld, tmp_path: Path) -> None:
    world.get_answers_ocsp = False
    report = run(world, tmp_path)
    assert [kind for kind, _ in world.asked if kind.startswith("ocsp")] == ["ocsp", "ocsp POST"]
    found = attempt(report, Kind.OCSP)
    assert (found.state, found.url) == (State.FETCHED, world.at("ocsp"))
    assert "POST" in found.detail


def test_the_same_question_is_the_same_bytes_so_that_a_cache_can_answer(world: EvidenceWorld, tmp_path: Path) -> None:
    run(world, tmp_path / "one")
    run(world, tmp_path / "two")
    questions = [url for kind, url in world.asked if kind == "ocsp"]
    assert len(questions) == 2
    assert len(set(questions)) == 1


def test_a_responder_without_an_excuse_is_asked_about_too(world: EvidenceWorld, tmp_path: Path) -> None:
    place = points(point(uri(world.at("responders.crl"))))
    world.responder = Authority(
        "responder",
        world.issuing,
        basic=None,
        extensions=[(x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.OCSP_SIGNING]), False), place],
    )
    world.documents[world.at("responders.crl")] = crl(world.issuing)
    assert attempt(run(world, tmp_path), Kind.CRL, "responders.crl").state is State.FETCHED


def test_who_signs_a_crl_for_others_is_found_over_the_crl(world: EvidenceWorld, tmp_path: Path) -> None:
    signer = Authority("CRL signer", world.root, extensions=[points(point(uri(world.at("root.crl"))))])
    scope = issuing_point(full_name=[uri(world.at("indirect.crl"))], indirect_crl=True)
    place = access(ca_issuers=world.at("signer.cer"))
    world.documents[world.at("indirect.crl")] = crl(signer, extensions=[(scope, True), place])
    world.documents[world.at("signer.cer")] = signer.certificate.der
    named = point(uri(world.at("indirect.crl")), crl_issuer=[x509.DirectoryName(signer.name)])
    report = run(world, tmp_path, world.issue("leaf", points(named), access(ca_issuers=world.at("issuing.p7c"))))
    assert attempt(report, Kind.ISSUER, "signer.cer").state is State.FETCHED


def test_delta_crls_are_fetched_where_the_certificate_or_the_crl_names_them(
    world: EvidenceWorld, tmp_path: Path
) -> None:
    freshest = x509.FreshestCRL([point(uri(world.at("delta.crl")))]), False
    world.documents[world.at("issuing.crl")] = crl(world.issuing, number=7, extensions=[freshest])
    world.documents[world.at("delta.crl")] = crl(world.issuing, number=8, base=7)
    assert attempt(run(world, tmp_path), Kind.CRL, "delta.crl").state is State.FETCHED


def test_a_point_that_only_ldap_leads_to_is_told_of(world: EvidenceWorld, tmp_path: Path) -> None:
    world.documents["ldap://pki.example/cn=CA"] = SourceError("FETCH_URL", "no location in the web")
    both = point(uri("ldap://pki.example/cn=CA"), uri(world.at("issuing.crl")))
    issuer = access(ca_issuers=world.at("issuing.p7c"))
    assert run(world, tmp_path / "both", world.issue("leaf", points(both), issuer)).failures == ()
    only = world.issue("leaf", points(point(uri("ldap://pki.example/cn=CA"))), issuer)
    [failed] = run(world, tmp_path / "only", only).failures
    assert (failed.url, failed.reason) == ("ldap://pki.example/cn=CA", "FETCH_URL")


def test_a_certificate_leads_to_no_file(world: EvidenceWorld, tmp_path: Path) -> None:
    asked: list[str] = []

    def files(name: str) -> bytes | None:
        asked.append(name)
        return crl(world.issuing)

    issuer = access(ca_issuers=world.at("issuing.p7c"))
    leaf = world.issue("leaf", points(point(uri("file:../../secret.crl"))), issuer)
    [failed] = run(world, tmp_path, leaf, files=files).failures
    assert (failed.url, asked) == ("file:../../secret.crl", [])


def test_certificates_that_point_at_each_other_come_to_an_end(world: EvidenceWorld, tmp_path: Path) -> None:
    one = Authority("One")
    two = Authority("Two")
    place = [access(ca_issuers=world.at("pair.p7c"))]
    crossed = [
        two.issue(one.name, key=one.key, extensions=[(x509.BasicConstraints(True, None), True), *place]),
        one.issue(two.name, key=two.key, extensions=[(x509.BasicConstraints(True, None), True), *place]),
    ]
    world.documents[world.at("pair.p7c")] = b"".join(each.der for each in crossed[:1])
    run(world, tmp_path, *crossed)
    assert len(world.asked) <= 2


# What goes wrong


@pytest.mark.parametrize(
    ("path", "kind", "data"),
    [
        pytest.param("issuing.crl", Kind.CRL, b"<html>busy</html>", id="a web page for a CRL"),
        pytest.param("issuing.crl", Kind.CRL, b"", id="nothing for a CRL"),
        pytest.param("issuing.p7c", Kind.ISSUER, b"\x30\x03\x02\x01\x05", id="a number for certificates"),
    ],
)
def test_garbage_is_told_of_and_hides_nothing_else(
    world: EvidenceWorld, tmp_path: Path, path: str, kind: Kind, data: bytes
) -> None:
    world.documents[world.at(path)] = data
    found = attempt(run(world, tmp_path), kind, path)
    assert (found.state, found.sha256) == (State.FAILED, "")
    assert found.detail
    assert any(
        each.state is State.FETCHED
        for each in evidence_folder(tmp_path).read_manifest(newest_snapshot(tmp_path)).attempts
    )


def test_a_responder_that_refuses_to_answer_is_told_of(world: EvidenceWorld, tmp_path: Path) -> None:
    world.answer_ocsp = lambda request: refusal(3)  # type: ignore[method-assign]
    [failed] = run(world, tmp_path).failures
    assert (failed.kind, "tryLater" in failed.detail) == (Kind.OCSP, True)


def test_the_last_good_document_stays_where_there_is_none_now(world: EvidenceWorld, tmp_path: Path) -> None:
    first = run(world, tmp_path)
    world.documents[world.at("issuing.crl")] = SourceError("FETCH_TIMEOUT", "the server didn't answer in time")
    second = run(world, tmp_path, days=1)
    kept, before = attempt(second, Kind.CRL, "issuing.crl"), attempt(first, Kind.CRL, "issuing.crl")
    assert (kept.state, kept.reason) == (State.KEPT, "FETCH_TIMEOUT")
    assert (kept.sha256, kept.fetched_at) == (before.sha256, NOW)
    assert second.failures == (kept,)
    assert decide(world, tmp_path).outcome is Outcome.ACCEPT


def test_what_is_not_asked_for_any_more_does_not_stay(world: EvidenceWorld, tmp_path: Path) -> None:
    run(world, tmp_path)
    assert run(world, tmp_path, world.issuing.certificate, days=1).count(State.KEPT) == 0


def test_no_more_is_asked_for_than_the_bounds_allow(world: EvidenceWorld, tmp_path: Path) -> None:
    report = run(world, tmp_path, bounds=Bounds(requests=2, workers=1))
    assert len(world.asked) == report.requests == 2
    assert {each.reason for each in report.failures} == {"FETCH_BUDGET"}


def test_no_more_bytes_are_fetched_than_the_bounds_allow(world: EvidenceWorld, tmp_path: Path) -> None:
    report = run(world, tmp_path, bounds=Bounds(bytes=1))
    assert len(world.asked) == 1
    assert {each.reason for each in report.failures} == {"FETCH_BUDGET"}


def test_a_run_that_takes_too_long_asks_for_no_more(world: EvidenceWorld, tmp_path: Path) -> None:
    report = run(world, tmp_path, bounds=Bounds(seconds=-1))
    assert world.asked == []
    assert {each.reason for each in report.failures} == {"FETCH_BUDGET"}


# Snapshots


def test_the_same_answers_at_the_same_time_are_the_same_snapshot(world: EvidenceWorld, tmp_path: Path) -> None:
    documents = {world.at("ocsp"): world.answer_ocsp}
    answers: dict[bytes, bytes] = {}
    world.answer_ocsp = lambda request: answers.setdefault(request, documents[world.at("ocsp")](request))  # type: ignore[method-assign]
    leaves = [world.issue(f"leaf {number}") for number in range(5)]
    one = run(world, tmp_path / "one", *leaves)
    other = run(world, tmp_path / "other", *reversed(leaves))
    assert one.snapshot == other.snapshot
    later = run(world, tmp_path / "other", *leaves, days=1)
    assert (later.snapshot != other.snapshot, later.changed) == (True, True)


def test_collecting_again_at_the_same_time_changes_nothing(world: EvidenceWorld, tmp_path: Path) -> None:
    def without_ocsp(tree: dict[str, Any]) -> None:
        tree["roles"]["ap-sign"]["revocation"]["leaf"] = "crl_required"

    configuration = world.configuration(without_ocsp)
    first = run(world, tmp_path, configuration=configuration)
    again = run(world, tmp_path, configuration=configuration)
    assert (first.changed, again.changed, again.snapshot) == (True, False, first.snapshot)


def test_old_snapshots_go_and_the_newest_stay(world: EvidenceWorld, tmp_path: Path) -> None:
    digests = [run(world, tmp_path, days=day, keep=2).snapshot for day in range(4)]
    assert set(evidence_folder(tmp_path).digests()) == set(digests[-2:])
    assert newest_snapshot(tmp_path) == digests[-1]


def test_two_processes_do_not_collect_into_one_folder(world: EvidenceWorld, tmp_path: Path) -> None:
    with evidence_folder(tmp_path).lock(), pytest.raises(SourceError) as told:
        run(world, tmp_path)
    assert told.value.reason_id == "STORE_LOCKED"
    assert world.asked == []


def test_what_was_collected_is_there_to_the_end_of_a_run(world: EvidenceWorld, tmp_path: Path) -> None:
    first = run(world, tmp_path).snapshot

    def fails(request: bytes) -> bytes:
        assert newest_snapshot(tmp_path) == first
        raise KeyboardInterrupt

    world.answer_ocsp = fails  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        run(world, tmp_path, days=1)
    assert newest_snapshot(tmp_path) == first
    assert decide(world, tmp_path).outcome is Outcome.ACCEPT


# Other sources


METADATA = b'<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="urn:x"/>'


def with_metadata(tree: dict[str, Any]) -> None:
    tree["stores"]["saml_metadata"] = [
        {
            "id": "idps",
            "location": {"url": "https://idp.example/metadata"},
            "signers": [{"sha256": "ab" * 32}],
            "entities": "any",
            "uses": ["signing"],
            "max_age": "any",
            "on_expired": "reject",
        }
    ]


def test_saml_metadata_are_fetched_as_they_are(world: EvidenceWorld, tmp_path: Path) -> None:
    configuration = world.configuration(with_metadata)
    world.documents["https://idp.example/metadata"] = METADATA
    run(world, tmp_path, configuration=configuration)
    found = load_evidence(tmp_path, configuration, NOW).saml_metadata["idps"]
    assert (found.document, found.fetched_at) == (METADATA, NOW)


def test_an_error_page_does_not_take_the_place_of_metadata(world: EvidenceWorld, tmp_path: Path) -> None:
    configuration = world.configuration(with_metadata)
    world.documents["https://idp.example/metadata"] = METADATA
    run(world, tmp_path, configuration=configuration)
    world.documents["https://idp.example/metadata"] = b"<html><body>busy</body></html>"
    report = run(world, tmp_path, configuration=configuration, days=1)
    assert attempt(report, Kind.SAML_METADATA).state is State.KEPT
    assert load_evidence(tmp_path, configuration, NOW).saml_metadata["idps"].document == METADATA


def test_a_source_that_has_moved_in_the_configuration_is_not_at_hand(world: EvidenceWorld, tmp_path: Path) -> None:
    configuration = world.configuration(with_metadata)
    world.documents["https://idp.example/metadata"] = METADATA
    run(world, tmp_path, configuration=configuration)

    def elsewhere(tree: dict[str, Any]) -> None:
        with_metadata(tree)
        tree["stores"]["saml_metadata"][0]["location"] = {"url": "https://other.example/metadata"}

    found = load_evidence(tmp_path, world.configuration(elsewhere), NOW).saml_metadata
    assert set(found) == {"https://idp.example/metadata"}


def test_progress_tells_how_far_it_is(world: EvidenceWorld, tmp_path: Path) -> None:
    told: list[tuple[int, int, str]] = []
    collect(world.configuration(), [world.leaf], world, tmp_path, NOW, lambda *each: told.append(each))
    assert [done for done, _, _ in told] == sorted(done for done, _, _ in told)
    assert told[-1][0] == 4
