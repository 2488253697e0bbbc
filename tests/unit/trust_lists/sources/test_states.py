# SPDX-License-Identifier: Apache-2.0
"""Which document may take whose place, and how a list ages."""

from dataclasses import replace
from datetime import datetime

import pytest

from tests.simulators.list_worlds import AT, DAY, ListWorld
from trust_lists.documents.model import TrustedList
from trust_lists.documents.reading import read_unverified
from trust_lists.sources.states import ListEntry, ListState, Seen, refusal, state_of


def document(sequence: int = 3, next_update: datetime | None = AT + DAY) -> TrustedList:
    made = read_unverified(_LIST)
    return replace(made, scheme=replace(made.scheme, sequence=sequence, next_update=next_update))


_LIST = ListWorld().put_list("BE")


@pytest.mark.parametrize(
    ("held", "found", "digest", "code"),
    [
        (document(3), document(4), "b", None),
        (document(3), document(3), "a", None),
        (document(3), document(9), "b", None),
        (document(3), document(2), "b", "OWN_LIST_SEQUENCE_LOWER"),
        (document(3), document(3), "b", "OWN_LIST_SEQUENCE_REUSED"),
        (document(3), document(4, AT - DAY), "b", "OWN_LIST_EXPIRED"),
        (document(3, AT - DAY), document(4, AT - DAY), "b", None),
        (document(3), document(4, None), "b", None),
        (document(3, None), document(4), "b", None),
    ],
)
def test_a_good_list_gives_way_to_a_newer_one_only(
    held: TrustedList, found: TrustedList, digest: str, code: str | None
) -> None:
    why = refusal(Seen("BE", held.scheme.sequence, "a"), held, found, digest, AT)
    assert (why[0] if why else None) == code


@pytest.mark.parametrize(
    ("next_update", "confirmed", "state"),
    [
        (AT, True, ListState.FRESH),
        (AT, False, ListState.STALE),
        (AT - DAY, True, ListState.EXPIRED),
        (AT - DAY, False, ListState.EXPIRED),
        (None, True, ListState.CLOSED),
        (None, False, ListState.CLOSED),
    ],
)
def test_the_state_of_a_document(next_update: datetime | None, confirmed: bool, state: ListState) -> None:
    assert state_of(document(next_update=next_update), AT, confirmed=confirmed) is state


@pytest.mark.parametrize(
    ("state", "then"),
    [
        (ListState.FRESH, ListState.EXPIRED),
        (ListState.STALE, ListState.EXPIRED),
        (ListState.EXPIRED, ListState.EXPIRED),
        (ListState.CLOSED, ListState.CLOSED),
        (ListState.FAILED, ListState.FAILED),
    ],
)
def test_a_list_expires_while_nobody_refreshes(state: ListState, then: ListState) -> None:
    entry = ListEntry("BE", "", "", (), state, AT, next_update=AT + DAY, sha256="a")
    assert entry.at(AT + DAY) is entry
    assert entry.at(AT + 2 * DAY).state is then


def test_expiry_begins_with_the_next_update() -> None:
    entry = ListEntry("BE", "", "", (), ListState.FRESH, AT, next_update=AT + DAY, sha256="a")
    assert entry.at(AT + 9 * DAY).since == AT + DAY
