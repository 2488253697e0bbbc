# SPDX-License-Identifier: Apache-2.0
"""One question finds the publishers of an id and tells which are the caller's, as two questions did."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, insert

from registry.storage.queries import publishers
from registry.storage.queries.callers import Bearer
from registry.storage.tables import certificate, domain
from registry.storage.unit_of_work import UnitOfWork
from tests.simulators.offline import ACTOR, OfflineInstance

IDS = ("SMP-A", "smp-a", "Smp-B")
DOMAINS = (0, 1, 2)

SHOWN = Bearer("a" * 64, "CN=One CA", "CN=One", "a")
BEARERS = [
    SHOWN,
    Bearer("b" * 64, SHOWN.issuer, SHOWN.subject, "b"),  # the same names
    Bearer("c" * 64, SHOWN.issuer, "CN=Other", "c"),
    Bearer("d" * 64, "CN=Other CA", SHOWN.subject, "d"),
    Bearer("e" * 64, "", "", "e"),  # could not be read
    Bearer("f" * 64, "", "", "f"),
]


@dataclass(frozen=True, slots=True)
class Speaker:
    """A certificate that may speak, and when: hours from now."""

    bearer: Bearer
    begin: int | None
    end: int | None


@dataclass(frozen=True, slots=True)
class Row:
    """A publisher to be."""

    domain: int
    smp_id: str
    removing: bool
    speakers: tuple[Speaker, ...]


BEGIN = st.sampled_from((None, -1, None, 0, 1))
END = st.sampled_from((None, 1, None, 0))
SPEAKERS = st.lists(
    st.builds(Speaker, st.sampled_from([SHOWN, *BEARERS]), BEGIN, END),
    min_size=1,
    max_size=3,
    unique_by=lambda each: each.bearer.sha256,
).map(tuple)
ROWS = st.lists(
    st.builds(
        Row,
        st.sampled_from(DOMAINS),
        st.sampled_from((*IDS, "SMP-a")),
        st.sampled_from((False, False, False, True)),
        SPEAKERS,
    ),
    min_size=3,
    max_size=6,
    unique_by=lambda row: (row.domain, row.smp_id.lower()),
)
SOME_DOMAINS = st.just(list(DOMAINS)) | st.lists(st.sampled_from(DOMAINS), unique=True)


def put(work: UnitOfWork, rows: Sequence[Row], at: datetime) -> list[int]:
    """Store all that; returns the ids of the domains."""
    connection = work.connection
    ids = []
    for number in DOMAINS:
        values = {"name": f"called-{number}", "profile": "demo", "settings": {}, "version": 1, "modified_at": at}
        ids.append(int(connection.execute(insert(domain).values(values).returning(domain.c.id)).scalar_one()))
    names = [{name: getattr(each, name) for name in ("sha256", "issuer", "subject", "serial")} for each in BEARERS]
    connection.execute(insert(certificate), [each | {"der": b"", "key_sha256": ""} for each in names])
    for row in rows:
        made = publishers.add(work, ids[row.domain], row.smp_id, "https://smp.example/", "192.0.2.1")
        for each in row.speakers:
            publishers.add_certificate(work, made, each.bearer.sha256)
            begin, end = (None if hours is None else at + timedelta(hours=hours) for hours in (each.begin, each.end))
            publishers.change_certificate(work, made, each.bearer.sha256, begin, end)
        if row.removing:
            publishers.begin_removal(work, made)
    return ids


def by_two_questions(
    connection: Connection, domain_ids: list[int], smp_id: str, bearer: Bearer, named_in: list[int], at: datetime
) -> list[tuple[publishers.PublisherRow, bool]]:
    own = {row.id for row in publishers.owned_by(connection, domain_ids, bearer, named_in, at)}
    return [(row, row.id in own) for row in publishers.find(connection, domain_ids, smp_id)]


def may_speak(row: Row, bearer: Bearer, named: bool) -> bool:
    """The rule in words of this test, now being hour 0."""
    return any(
        (
            each.bearer.sha256 == bearer.sha256
            or (
                named
                and each.bearer.issuer
                and each.bearer.subject
                and (each.bearer.issuer, each.bearer.subject) == (bearer.issuer, bearer.subject)
            )
        )
        and (each.begin is None or each.begin <= 0)
        and (each.end is None or each.end > 0)
        for each in row.speakers
    )


class TakenBackError(Exception):
    """Ends a transaction that is to leave nothing."""


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=200)
@given(
    rows=ROWS,
    asked=SOME_DOMAINS,
    named=SOME_DOMAINS,
    smp_id=st.sampled_from(("SMP-A", "sMP-a", "SMP-A", "SMP-B", "SMP-NONE")),
    bearer=st.sampled_from([SHOWN, SHOWN, SHOWN, *BEARERS]),
)
def test_called_is_what_is_found_and_who_owns_it(
    offline: OfflineInstance, rows: list[Row], asked: list[int], named: list[int], smp_id: str, bearer: Bearer
) -> None:
    at = offline.instance.database.now()
    try:
        with offline.instance.database.write(ACTOR) as work:
            ids = put(work, rows, at)
            domain_ids, named_in = [ids[number] for number in asked], [ids[number] for number in named]
            question = work.connection, domain_ids, smp_id, bearer, named_in, at
            found = publishers.called(*question)
            assert found == by_two_questions(*question)
            expected = {
                (ids[row.domain], row.smp_id): may_speak(row, bearer, row.domain in named)
                for row in rows
                if row.domain in asked and row.smp_id.lower() == smp_id.lower() and not row.removing
            }
            assert {(row.domain_id, row.smp_id): owned for row, owned in found} == expected
            assert [row.domain_id for row, _ in found] == sorted(row.domain_id for row, _ in found)
            event(f"own: {sum(expected.values())} of {len(expected)}")
            raise TakenBackError
    except TakenBackError:
        pass
