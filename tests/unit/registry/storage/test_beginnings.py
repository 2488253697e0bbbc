# SPDX-License-Identifier: Apache-2.0
"""Participants are found by how they begin: by code points, in every scheme, and behind the codes of agencies."""

import pytest

from registry.identifiers.participant import ISO6523, ParticipantIdentifier
from registry.storage.queries import beginnings, participants
from registry.storage.queries.beginnings import Beginning, Sought, following
from registry.storage.queries.participants import Found, ParticipantFilter
from registry.storage.statements import insert_rows
from registry.storage.tables import service_group
from tests.simulators.offline import ACTOR, OfflineInstance

LAST = "\U0010ffff"
OTHER = "zz-other"
_COLUMNS = ("domain_id", "scheme", "value", "value_key", "content_version", "modified_at")


def add(offline: OfflineInstance, *values: str, scheme: str = ISO6523) -> None:
    """Participants that domains would refuse, too: whatever stands in the table is found."""
    rows = [(offline.stored.id, scheme, value, value, 1, 0) for value in values]
    with offline.instance.database.write(ACTOR) as work:
        insert_rows(work.connection, "service_group", _COLUMNS, rows)


def found(offline: OfflineInstance, sought: Sought, size: int = 100, after: tuple[str, str] | None = None) -> Found:
    with offline.instance.database.read() as connection:
        parts = beginnings.beginnings(
            connection, service_group, offline.stored.id, offline.stored.domain.identifiers, sought
        )
        return participants.page(connection, offline.stored.id, ParticipantFilter(parts), after, size)


def values(offline: OfflineInstance, sought: Sought) -> list[str]:
    return [row.value_key for row in found(offline, sought).rows]


@pytest.mark.parametrize(
    ("prefix", "behind"),
    [
        pytest.param("a", "b", id="letter"),
        pytest.param("", None, id="nothing"),
        pytest.param("a\ud7ff", "a\ue000", id="before-surrogates"),
        pytest.param("a" + LAST, "b", id="last-code-point"),
        pytest.param(LAST * 2, None, id="only-last-code-points"),
        pytest.param("9915:", "9915;", id="agency"),
    ],
)
def test_what_follows_a_prefix_is_the_least_text_behind_all_that_begin_so(prefix: str, behind: str | None) -> None:
    assert following(prefix) == behind
    if behind is not None:
        assert prefix + LAST * 9 < behind
        behind.encode()


def test_texts_are_in_order_of_their_code_points_on_every_database(offline: OfflineInstance) -> None:
    wanted = [
        "0088:A",
        "0088:Z",
        "0088:a",
        "0088:a b",
        "0088:a-b",
        "0088:ab",
        "0088:é",
        "0088:\uffee",
        "0088:\U0001f600",
    ]
    add(offline, *reversed(wanted))
    assert values(offline, Sought()) == wanted
    seen: list[str] = []
    after = None
    while True:
        page = found(offline, Sought(anything="0088:"), 2, after)
        seen += [row.value_key for row in page.rows]
        after = page.following
        if after is None:
            break
    assert seen == wanted


@pytest.mark.parametrize(
    "last", ["\ud7ff", LAST, LAST * 2, "é", "%", "_"], ids=["surrogates", "last", "two", "é", "%", "_"]
)
def test_prefix_of_any_code_point_finds_those_alone_that_begin_so(offline: OfflineInstance, last: str) -> None:
    add(offline, "0088:", "0088:a", f"0088:{last}", f"0088:{last}b", "0088:\ue000")
    assert values(offline, Sought(value=f"0088:{last}")) == [f"0088:{last}", f"0088:{last}b"]


def test_half_of_a_surrogate_pair_begins_nothing(offline: OfflineInstance) -> None:
    add(offline, "0088:1")
    for sought in (Sought(value="\ud800"), Sought(anything="0088:\udfff"), Sought(scheme="\udc80")):
        assert values(offline, sought) == []


def test_identifier_is_found_by_scheme_value_and_number(offline: OfflineInstance) -> None:
    add(offline, "0088:7300", "0088:8", "9915:7300", "9915:73001", "7300")
    add(offline, "7300:x", "a", scheme=OTHER)
    assert values(offline, Sought(anything="730")) == ["0088:7300", "7300", "9915:7300", "9915:73001", "7300:x"]
    assert values(offline, Sought(anything="0088:")) == ["0088:7300", "0088:8"]
    assert values(offline, Sought(anything="0088")) == ["0088:7300", "0088:8"]
    assert values(offline, Sought(anything=f"{ISO6523}::9915:73001")) == ["9915:73001"]
    assert values(offline, Sought(anything=f"{ISO6523.upper()}::9915:73001")) == ["9915:73001"]
    assert values(offline, Sought(anything=f"{ISO6523}:")) == ["0088:7300", "0088:8", "7300", "9915:7300", "9915:73001"]
    assert values(offline, Sought(anything="zz-")) == ["7300:x", "a"]
    assert values(offline, Sought(OTHER, anything="7300")) == ["7300:x"]
    assert values(offline, Sought(value="730")) == ["7300", "7300:x"]
    assert values(offline, Sought(anything="00", value="0088:8")) == ["0088:8"]
    assert values(offline, Sought(anything="nobody")) == []


def test_number_is_found_beside_values_that_have_no_agency(offline: OfflineInstance) -> None:
    add(offline, "0", "0088", "00889", "0088x", "0089:5", "1", "12", "123a:5", "9:5", "9999:", "9999:5")
    assert values(offline, Sought(anything="5")) == ["0089:5", "9999:5"]


def test_each_participant_is_found_once_though_it_begins_so_in_two_ways(offline: OfflineInstance) -> None:
    add(offline, "0088:0088", "0088:1", "0007:0088")
    assert values(offline, Sought(anything="0088")) == ["0007:0088", "0088:0088", "0088:1"]


def test_more_schemes_than_are_told_apart_are_searched_all_the_same(
    offline: OfflineInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(beginnings, "MAX_SCHEMES", 1)
    add(offline, "0088:1", "0088:2")
    add(offline, "0088:1", "0088:2", scheme=OTHER)
    assert values(offline, Sought(value="0088:2")) == ["0088:2", "0088:2"]
    assert values(offline, Sought(anything=f"{OTHER}::0088:2")) == ["0088:2"]
    assert values(offline, Sought(anything="0088:3")) == []


def test_page_of_what_no_index_tells_ends_after_so_many_that_were_looked_at(offline: OfflineInstance) -> None:
    add(offline, *(f"0088:{number}" for number in range(9)))
    offline.instance.sml.create_participants(offline.caller(), "SMP-TEST", [ParticipantIdentifier(ISO6523, "0088:7")])
    with offline.instance.database.read() as connection:
        wanted = ParticipantFilter(registered=True)
        pages = []
        after: tuple[str, str] | None = None
        while True:
            page = participants.page(connection, offline.stored.id, wanted, after, 5, looked_at=3)
            pages.append([row.value_key for row in page.rows])
            after = page.following
            if after is None:
                break
    assert pages == [[], [], ["0088:7"], []]


def test_beginnings_that_hold_each_other_are_told() -> None:
    assert Beginning("", "a").holds(Beginning("s", "ab"))
    assert Beginning("s").holds(Beginning("s", "ab"))
    assert not Beginning("s", "a").holds(Beginning("t", "ab"))
    assert Beginning("s", "a").is_before(("s", "b"))
    assert not Beginning("s", "a").is_before(("s", "a"))
    assert not Beginning("s").is_before(("s", LAST))
