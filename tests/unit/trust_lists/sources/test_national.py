# SPDX-License-Identifier: Apache-2.0
"""Lists of territories: pointers that lead astray, and documents that are somebody else's."""

import pytest

from tests.simulators.list_worlds import AT, LOTL_URL, ListWorld, list_url, pointer, whole_world
from trust_lists.documents import vocabulary
from trust_lists.errors import SourceError
from trust_lists.sources.lotl import authenticate_lotl
from trust_lists.sources.national import NationalOutcome, follow_pointer


def outcome(world: ListWorld, territory: str = "BE") -> NationalOutcome:
    lotl = authenticate_lotl(world.configuration(), world.get, AT)
    return follow_pointer(lotl, territory, world.get, AT)


def failed(world: ListWorld, territory: str = "BE") -> tuple[str, ...]:
    found = outcome(world, territory)
    assert found.status == "EUTL_VERIFICATION_FAILED"
    assert found.authenticated.document is None
    assert found.detail
    return found.sub_status


def test_a_territory_without_a_pointer_has_no_list() -> None:
    assert failed(whole_world(), "XX") == ("OWN_NO_POINTER_TO_TERRITORY",)


@pytest.mark.parametrize(
    ("location", "mime_type"),
    [("https://be.example/tl.pdf", vocabulary.PDF_MIME_TYPE), ("https://be.example/TL.PDF", "")],
)
def test_a_pointer_to_a_pdf_alone_is_no_pointer_to_a_list(location: str, mime_type: str) -> None:
    world = ListWorld()
    world.put_lotl(pointers=[pointer("BE", "be", location=location, mime_type=mime_type)])
    assert failed(world) == ("OWN_POINTER_TO_PDF_ONLY",)


def test_a_pointer_to_the_list_of_lists_itself_is_no_loop() -> None:
    world = ListWorld()
    world.put_lotl(pointers=[pointer("BE", "lotl", location=LOTL_URL)])
    assert failed(world) == ("OWN_POINTER_TO_LIST_OF_LISTS",)
    assert world.asked == [LOTL_URL, LOTL_URL]


def test_the_list_of_a_neighbour_with_the_same_signer_is_not_taken() -> None:
    world = whole_world()
    world.put_lotl(pointers=[pointer("BE", "el"), pointer("EL", "el")])
    world.documents[list_url("BE")] = world.get(list_url("EL"))
    assert failed(world) == ("OWN_LIST_OF_ANOTHER_TERRITORY",)


def test_a_list_that_cannot_be_had_is_told_from_one_that_is_refused() -> None:
    world = whole_world()
    world.documents[list_url("BE")] = SourceError("FETCH_TLS", "the certificate has expired")
    found = outcome(world)
    assert found.sub_status == ("OWN_FETCH_TLS", "OWN_EUTL_NOT_AVAILABLE")
    assert found.unreachable


def test_a_list_that_is_no_list_fails_like_a_wrong_signature() -> None:
    world = whole_world()
    world.documents[list_url("BE")] = b"<html></html>"
    assert failed(world) == ("OWN_LIST_NOT_A_LIST", "EUTL_SIGNATURE_VERIFICATION_FAILED")


def test_the_steps_tell_what_was_found() -> None:
    found = outcome(whole_world())
    assert [each.clause for each in found.steps] == ["4.2.4-03", "4.2.4-09", "4.2.4-07", "4.2.4-10"]
    assert all(each.passed for each in found.steps)
    assert found.location == list_url("BE")
