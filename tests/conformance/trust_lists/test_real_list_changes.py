# SPDX-License-Identifier: Apache-2.0
"""Four years of real lists compared: in a second, without losing a service, plausibly."""

import time
from pathlib import Path

import pytest

from trust_lists.changes import Kind, ListChanges, compare_lists
from trust_lists.changes.page import list_page
from trust_lists.documents.model import TrustedList
from trust_lists.documents.reading import read_unverified
from trust_lists.documents.vocabulary import GRANTED

Pairs = dict[str, tuple[TrustedList, TrustedList]]


def generation(folder: Path) -> dict[str, TrustedList]:
    """The newest issue of each list, by territory; pivots are left out."""
    read = [read_unverified(path.read_bytes()) for path in sorted(folder.glob("*_sn*.xml"))]
    return {each.scheme.territory: each for each in sorted(read, key=lambda each: each.scheme.sequence)}


@pytest.fixture(scope="module")
def pairs(corpus: Path) -> Pairs:
    old, new = (generation(corpus / "trust_lists" / name) for name in ("gen-2019-09", "gen-2023-10"))
    return {territory: (old[territory], new[territory]) for territory in sorted(old.keys() & new.keys())}


@pytest.fixture(scope="module")
def found(pairs: Pairs) -> dict[str, ListChanges]:
    return {territory: compare_lists(*pair) for territory, pair in pairs.items()}


def test_two_generations_are_compared_within_a_second(pairs: Pairs) -> None:
    assert len(pairs) == 29
    start = time.thread_time()
    for before, after in pairs.values():
        compare_lists(before, after)
    assert time.thread_time() - start < 10


def test_no_service_is_lost_or_counted_twice(found: dict[str, ListChanges]) -> None:
    for each in found.values():
        came, went = len(each.of(Kind.ADDED)), len(each.of(Kind.REMOVED))
        assert each.before.services + came - went == each.after.services


def test_keys_hardly_ever_go(found: dict[str, ListChanges]) -> None:
    # history is kept for ever (§5.3.12), so a service that goes is a correction
    gone = [change for each in found.values() for change in each.of(Kind.REMOVED, Kind.RE_KEYED)]
    assert len(gone) == 8
    assert sum(len(each.of(Kind.ADDED)) for each in found.values()) > 900


def test_most_services_that_changed_their_status_lost_it(found: dict[str, ListChanges]) -> None:
    changes = [change for each in found.values() for change in each.of(Kind.STATUS)]
    withdrawn = [each for each in changes if (each.before[0], each.after[0]) == ("granted", "withdrawn")]
    assert len(changes) > 200
    assert len(withdrawn) > len(changes) / 2
    assert all(len(each.before) == len(each.after) == 2 for each in changes)


def test_the_british_list_was_closed_meanwhile(found: dict[str, ListChanges]) -> None:
    assert [territory for territory, each in found.items() if each.of(Kind.CLOSED)] == ["UK"]


def test_the_list_of_lists_has_other_signers_and_one_pointer_less(found: dict[str, ListChanges]) -> None:
    lotl = found["EU"]
    assert (lotl.before.sequence, lotl.after.sequence) == (248, 332)
    assert [each.what for each in lotl.of(Kind.POINTER_REMOVED)] == ["UK pdf"]
    assert "EU vnd.etsi.tsl+xml" in {each.what for each in lotl.of(Kind.POINTER_SIGNERS)}


def test_lists_in_the_wrong_order_have_a_lower_number(pairs: Pairs) -> None:
    before, after = pairs["BE"]
    assert compare_lists(after, before).changes[0].note == "the number is lower (§5.3.2)"


def test_granted_services_are_found_again_by_their_key(pairs: Pairs, found: dict[str, ListChanges]) -> None:
    for territory, (before, after) in pairs.items():
        keys = {each.key for service in after.services for each in service.current.identity.certificates}
        lost = {
            each.key
            for service in before.services
            if service.current.status == GRANTED
            for each in service.current.identity.certificates[:1]
        } - keys
        assert len(lost) <= len(found[territory].of(Kind.REMOVED, Kind.RE_KEYED))


def test_every_pair_makes_a_page(found: dict[str, ListChanges]) -> None:
    for territory, each in found.items():
        assert f"<h1>{territory}: issue" in list_page(each)
