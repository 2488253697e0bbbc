# SPDX-License-Identifier: Apache-2.0
"""TS 119 615 V1.3.1 §4.1 and §4.2: which status and sub-status come out, byte for byte."""

import pytest

from tests.simulators.list_worlds import (
    AT,
    DAY,
    LOTL_URL,
    OJ_URL,
    ListWorld,
    break_signature,
    certificate,
    list_url,
    pivot_url,
    pointer,
    whole_world,
)
from trust_lists.sources.lotl import LotlOutcome, authenticate_lotl
from trust_lists.sources.national import authenticate_national

PASSED = "LOTL_VERIFICATION_PASSED"
FAILED = "LOTL_VERIFICATION_FAILED"


def outcome(world: ListWorld, *oj: str) -> LotlOutcome:
    return authenticate_lotl(world.configuration(*oj), world.get, AT)


def verdict(found: LotlOutcome) -> tuple[str, tuple[str, ...]]:
    assert (found.document is not None) == (found.status == PASSED)
    return found.status, found.sub_status


def with_pivots(*pivots: tuple[str, list[str]], signer: str = "lotl") -> ListWorld:
    """A list of lists above pivots, newest first, each with its signer and those that it names."""
    world = ListWorld()
    world.put_lotl(signer, own=pivots[0][1], uris=[*(pivot_url(n) for n, _ in enumerate(pivots, 1)), OJ_URL])
    for number, (signed_by, own) in enumerate(pivots, 1):
        world.put_pivot(number, signed_by, own)
    world.put_list("BE")
    return world


# §4.1.4


def test_4_1_4_without_pivots_the_signer_is_in_the_self_pointer_and_in_the_official_journal() -> None:
    assert verdict(outcome(whole_world())) == (PASSED, ())


def test_4_1_4_03_a_list_of_lists_that_does_not_name_the_configured_official_journal_fails() -> None:
    world = ListWorld()
    world.put_lotl(uris=["https://oj.example/another"])
    assert verdict(outcome(world)) == (FAILED, ("OJEU_LOCATION_INPUT_NOT_MATCHING_OJEU_LOCATION_IN_LOTL",))


def test_4_1_4_05_another_document_at_the_location_that_the_list_names_is_a_conflict() -> None:
    world = ListWorld()
    world.put_lotl(location="https://lists.example/new.xml")
    world.put_lotl(url="https://lists.example/new.xml", sequence=8)
    assert verdict(outcome(world)) == (FAILED, ("LOTL_FILE_CONFLICT",))


def test_4_1_4_16_the_same_document_at_a_new_location_is_no_conflict_and_the_location_is_announced() -> None:
    world = ListWorld()
    world.documents["https://lists.example/new.xml"] = world.put_lotl(location="https://lists.example/new.xml")
    found = outcome(world)
    assert verdict(found) == (PASSED, ())
    assert found.announced == world.configuration(lotl_url="https://lists.example/new.xml")


def test_4_1_4_08_a_broken_signature_of_the_list_of_lists_fails_with_the_validators_own_values_before() -> None:
    world = whole_world()
    world.tamper(LOTL_URL, break_signature)
    assert verdict(outcome(world)) == (FAILED, ("OWN_DIGEST_MISMATCH", "LOTL_SIGNATURE_VERIFICATION_FAILED"))


def test_4_1_4_10_without_pivots_a_signer_who_is_not_in_the_self_pointer_fails() -> None:
    world = ListWorld()
    world.put_lotl("lotl", own=["other"])
    assert verdict(outcome(world)) == (FAILED, ("LOTL_SIGNER_CERT_NOT_AUTHENTICATED_BY_LOTL",))


def test_4_1_4_11c_the_newest_pivot_must_name_the_signer_of_the_list_of_lists() -> None:
    world = with_pivots(("oj", ["oj"]))
    assert outcome(world, "oj").sub_status == ("PIVOT_0_SIGNER_CERT_NOT_AUTHENTICATED_BY_PIVOT_1",)


def test_4_1_4_11c_each_pivot_must_name_the_signer_of_the_one_before() -> None:
    world = with_pivots(("second", ["lotl", "second"]), ("oj", ["oj"]))
    assert verdict(outcome(world, "oj")) == (FAILED, ("PIVOT_1_SIGNER_CERT_NOT_AUTHENTICATED_BY_PIVOT_2",))


def test_4_1_4_11f_a_broken_signature_of_a_pivot_fails_by_its_number() -> None:
    world = with_pivots(("second", ["lotl", "second"]), ("oj", ["oj", "second"]))
    world.tamper(pivot_url(2), break_signature)
    assert verdict(outcome(world, "oj")) == (FAILED, ("OWN_DIGEST_MISMATCH", "PIVOT_2_SIGNATURE_VERIFICATION_FAILED"))


def test_4_1_4_11g_a_pivot_must_name_its_own_signer() -> None:
    world = with_pivots(("oj", ["lotl"]))
    assert verdict(outcome(world, "oj")) == (FAILED, ("PIVOT_1_SIGNER_CERT_NOT_AUTHENTICATED_BY_PIVOT_1",))


def test_4_1_4_11_a_chain_of_pivots_that_reaches_the_official_journal_passes() -> None:
    world = with_pivots(("second", ["lotl", "second"]), ("oj", ["oj", "second"]))
    found = outcome(world, "oj")
    assert verdict(found) == (PASSED, ())
    assert [each.location for each in found.pivots] == [pivot_url(1), pivot_url(2)]


def test_4_1_4_11_the_next_update_of_a_pivot_is_not_asked_for() -> None:
    found = outcome(with_pivots(("oj", ["lotl", "oj"])), "oj")
    assert found.status == PASSED
    until = found.pivots[0].verified.document.scheme.next_update
    assert until is not None
    assert until < AT


@pytest.mark.parametrize("pivots", [0, 1, 2])
def test_4_1_4_12_the_last_signer_must_be_in_the_official_journal(pivots: int) -> None:
    world = with_pivots(*[("lotl", ["lotl"])] * pivots) if pivots else whole_world()
    found = outcome(world, "somebody else")
    assert verdict(found) == (FAILED, (f"PIVOT_{pivots}_LOTLSO_SIGNER_CERT_NOT_AUTHENTICATED_BY_OJEU",))


def test_4_1_4_13_a_list_of_lists_past_its_next_update_fails() -> None:
    world = ListWorld()
    world.put_lotl(next_update=AT - DAY)
    assert verdict(outcome(world)) == (FAILED, ("LOTL_NEXTUPDATE_PASSED",))


def test_4_1_4_13_the_next_update_itself_is_in_time() -> None:
    world = ListWorld()
    world.put_lotl(next_update=AT)
    assert verdict(outcome(world)) == (PASSED, ())


def test_4_1_4_13_a_closed_list_of_lists_has_nothing_more_to_say() -> None:
    world = ListWorld()
    world.put_lotl(next_update=None)
    assert verdict(outcome(world)) == (FAILED, ("LOTL_NEXTUPDATE_PASSED",))


def test_4_1_4_17_a_new_notice_is_announced_with_the_certificates_of_the_pivot_that_follows_it() -> None:
    new = "https://oj.example/eli/C/2027/9/oj"
    world = ListWorld()
    world.put_lotl("second", own=["second", "third"], uris=[pivot_url(2), new, pivot_url(1), OJ_URL])
    world.put_pivot(2, "second", ["second", "third"])
    world.put_pivot(1, "lotl", ["lotl", "second"])
    found = outcome(world)
    assert verdict(found) == (PASSED, ())
    assert (found.announced.oj_url, found.announced.lotl_url) == (new, LOTL_URL)
    assert set(found.announced.oj_certificates) == {certificate("lotl"), certificate("second")}


def test_4_1_4_17_a_new_notice_without_a_pivot_after_it_leaves_the_certificates_to_people() -> None:
    new = "https://oj.example/eli/C/2027/9/oj"
    world = ListWorld()
    world.put_lotl(uris=[new, OJ_URL])
    found = outcome(world)
    assert (found.announced.oj_url, found.announced.oj_certificates) == (new, ())


def test_4_1_4_17_what_stands_behind_the_configured_notice_announces_nothing() -> None:
    world = ListWorld()
    world.put_lotl(uris=[OJ_URL, "https://oj.example/older", "https://lists.example/legal-notice.html"])
    found = outcome(world)
    assert found.announced == world.configuration()


def test_4_1_4_04_the_chain_ends_at_the_configured_notice_and_not_at_an_older_one() -> None:
    world = ListWorld()
    older = ["https://lists.example/lotl-pivot-old.xml", "https://oj.example/older"]
    world.put_lotl(uris=[pivot_url(1), OJ_URL, *older])
    world.put_pivot(1, "lotl", ["lotl"])
    assert outcome(world).status == PASSED
    assert not set(older) & set(world.asked)


def test_4_1_4_note_1_other_signers_than_those_of_the_newest_pivot_are_a_warning() -> None:
    world = with_pivots(("oj", ["lotl", "oj"]))
    world.put_lotl(own=["lotl", "new"], uris=[pivot_url(1), OJ_URL])
    assert verdict(outcome(world, "oj")) == (PASSED, ("OWN_WARNING_LOTL_CERTIFICATES_DIFFER_FROM_PIVOT_1",))


def test_gpr_4_0_03_a_pivot_without_https_is_a_warning() -> None:
    plain = pivot_url(1).replace("https", "http")
    world = ListWorld()
    world.put_lotl(uris=[plain, OJ_URL])
    world.documents[plain] = world.put_pivot(1, "lotl", ["lotl"])
    assert verdict(outcome(world)) == (PASSED, ("OWN_WARNING_PIVOT_1_NOT_HTTPS",))


def test_the_steps_tell_the_way_up_to_where_it_ended() -> None:
    world = with_pivots(("second", ["lotl", "second"]), ("oj", ["oj"]))
    steps = outcome(world, "oj").steps
    assert [each.clause for each in steps if not each.passed] == ["4.1.4-11c"]
    assert steps[-1].clause == "4.1.4-11c"
    assert pivot_url(2) in steps[-1].detail


# §4.2.4


def test_4_2_4_02_without_a_list_of_lists_both_its_status_and_sub_status_are_handed_on() -> None:
    world = whole_world()
    world.put_lotl(next_update=AT - DAY)
    found = authenticate_national(outcome(world), "BE", world.get, AT)
    assert (found.status, found.document) == ("TL_VERIFICATION_FAILED", None)
    assert found.sub_status == (FAILED, "LOTL_NEXTUPDATE_PASSED")


def test_4_2_4_a_list_that_its_pointers_signer_has_signed_passes() -> None:
    world = whole_world()
    found = authenticate_national(outcome(world), "EL", world.get, AT)
    assert (found.status, found.sub_status) == ("EUTL_VERIFICATION_PASSED", ())
    assert found.document is not None
    assert found.document.scheme.territory == "EL"


def test_4_2_4_07_a_signer_who_is_not_in_the_pointer_fails() -> None:
    world = whole_world()
    world.put_list("BE", "el")
    found = authenticate_national(outcome(world), "BE", world.get, AT)
    assert (found.status, found.document) == ("EUTL_VERIFICATION_FAILED", None)
    assert found.sub_status == ("EUTLSO_SIGNER_CERT_NOT_AUTHENTICATED_BY_LOTL",)


def test_4_2_4_09_a_broken_signature_fails() -> None:
    world = whole_world()
    world.tamper(list_url("BE"), break_signature)
    found = authenticate_national(outcome(world), "BE", world.get, AT)
    assert (found.status, found.document) == ("EUTL_VERIFICATION_FAILED", None)
    assert found.sub_status == ("OWN_DIGEST_MISMATCH", "EUTL_SIGNATURE_VERIFICATION_FAILED")


def test_4_2_4_10_a_list_past_its_next_update_passes_with_a_warning() -> None:
    world = whole_world()
    world.put_list("BE", next_update=AT - DAY)
    found = authenticate_national(outcome(world), "BE", world.get, AT)
    assert (found.status, found.sub_status) == ("EUTL_VERIFICATION_PASSED", ("WARNING_EUTL_NEXTUPDATE_PASSED",))
    assert found.document is not None


def test_4_2_4_10_a_closed_list_passes_and_says_so() -> None:
    world = whole_world()
    world.put_list("BE", next_update=None)
    found = authenticate_national(outcome(world), "BE", world.get, AT)
    assert (found.status, found.sub_status) == ("EUTL_VERIFICATION_PASSED", ("OWN_WARNING_EUTL_CLOSED",))


def test_4_2_4_03_the_pointer_to_the_xml_counts_where_there_is_one_to_a_pdf_too() -> None:
    world = whole_world()
    pdf = pointer("BE", "be", location="https://be.example/tl.pdf", mime_type="application/pdf")
    world.put_lotl(pointers=(pdf, pointer("BE", "be")))
    assert authenticate_national(outcome(world), "BE", world.get, AT).status == "EUTL_VERIFICATION_PASSED"
