# SPDX-License-Identifier: Apache-2.0
"""The next issue of a list: sequence, dates and history follow from the issue before, never from wishes."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.simulators.own_lists import AT, BASE, PROVIDER, OwnNetwork, content, new_key, own_network, services_of
from trust_lists.documents import vocabulary
from trust_lists.documents.model import Dialect, DigitalIdentity, TrustedList, TrustService
from trust_lists.errors import ListSourceError
from trust_lists.publishing.building import add_period, build
from trust_lists.publishing.source import Period, parse_source

XML, JSON = Dialect.TS_119_612, Dialect.LOTE_JSON
LATER, LATEST = AT + timedelta(days=30), AT + timedelta(days=60)
Building = Callable[..., TrustedList]


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> OwnNetwork:
    return own_network(tmp_path_factory.mktemp("network"))


@pytest.fixture(scope="module")
def make(network: OwnNetwork) -> Building:
    def built(
        source: dict[str, Any], at: datetime = AT, previous: TrustedList | None = None, dialect: Dialect = XML
    ) -> TrustedList:
        return build(parse_source(yaml.safe_dump(source).encode(), network.folder), dialect, at, previous)

    return built


def refused(make: Building, *arguments: Any, **more: Any) -> str:
    with pytest.raises(ListSourceError) as error:
        make(*arguments, **more)
    return "\n".join(error.value.reasons)


def withdrawn() -> dict[str, Any]:
    source = content()
    services_of(source)[0]["status"] = "withdrawn"
    return source


# Sequence and dates


@pytest.mark.parametrize(("dialect", "version"), [(XML, 6), (JSON, 1)])
def test_the_first_issue_has_sequence_1_and_the_next_ones_count_on(
    make: Building, dialect: Dialect, version: int
) -> None:
    first = make(content(), dialect=dialect)
    second = make(content(), LATER, first, dialect)
    third = make(content(), LATEST, second, dialect)
    assert [each.scheme.sequence for each in (first, second, third)] == [1, 2, 3]
    assert (first.dialect, first.scheme.version) == (dialect, version)
    assert second.scheme.issued_at == LATER


def test_instants_are_whole_seconds(make: Building) -> None:
    document = make(content(), AT.replace(microsecond=999_999))
    assert document.scheme.issued_at == AT
    assert {service.current.starting_time for service in document.services} == {AT}


@pytest.mark.parametrize("at", [AT, AT - timedelta(seconds=1)])
def test_an_issue_is_later_than_the_one_before(make: Building, at: datetime) -> None:
    assert "this one must be later" in refused(make, content(), at, make(content()))


def test_the_next_update_is_due_in_six_months(make: Building) -> None:
    assert make(content()).scheme.next_update == datetime(2027, 5, 22, 10, tzinfo=UTC)
    source = content()
    source["scheme"]["next_update"] = "10 days"
    assert make(source).scheme.next_update == AT + timedelta(days=10)


@pytest.mark.parametrize("period", ["7 months", "182 days", "9999 days"])
def test_a_later_next_update_is_refused(make: Building, period: str) -> None:
    source = content()
    source["scheme"]["next_update"] = period
    assert "within 6 months" in refused(make, source)


@pytest.mark.parametrize("dialect", [XML, JSON])
def test_a_closed_list_has_no_next_update_and_no_next_issue(make: Building, dialect: Dialect) -> None:
    source = content()
    source["scheme"]["closed"] = True
    last = make(source, LATER, make(content(), dialect=dialect), dialect)
    assert last.scheme.next_update is None
    assert "closed the list for good" in refused(make, content(), LATEST, last, dialect)


@given(st.datetimes(timezones=st.just(UTC)).filter(lambda at: 1970 < at.year < 9000), st.integers(0, 30))
def test_months_keep_the_day_or_take_the_last_one(at: datetime, months: int) -> None:
    later = add_period(at, Period(months=months))
    assert (later.year - at.year) * 12 + later.month - at.month == months
    assert later.day == at.day or (later + timedelta(days=1)).day == 1 < at.day


# The issue before


def test_another_list_is_not_the_issue_before(make: Building) -> None:
    before = make(content())
    scheme = before.scheme
    assert "another list: its territory" in refused(
        make, content(), LATER, replace(before, scheme=replace(scheme, territory="BE"))
    )
    assert "another list: its type" in refused(
        make, content(), LATER, replace(before, scheme=replace(scheme, list_type=vocabulary.EU_LIST))
    )
    assert "of another kind" in refused(make, content(), LATER, before, JSON)


# Status and history


def test_an_unchanged_service_keeps_since_when_it_is_so(make: Building) -> None:
    first = make(content())
    second = make(content(), LATER, first)
    assert second.services == first.services


def test_a_change_of_status_moves_the_former_state_to_the_history(make: Building) -> None:
    first = make(content())
    second = make(withdrawn(), LATER, first)
    third = make(content(), LATEST, second)

    was, now = first.services[0].current, second.services[0]
    assert (now.current.status, now.current.starting_time) == (vocabulary.WITHDRAWN, LATER)
    (former,) = now.history
    assert (former.type, former.names, former.status, former.starting_time) == (
        was.type,
        was.names,
        vocabulary.GRANTED,
        AT,
    )
    assert former.identity == DigitalIdentity(subject_names=was.identity.subject_names, skis=was.identity.skis)
    assert [(state.status, state.starting_time) for state in third.services[0].history] == [
        (vocabulary.WITHDRAWN, LATER),
        (vocabulary.GRANTED, AT),
    ]
    assert third.services[1] == first.services[1]


def test_a_change_of_extensions_is_a_change_of_state(make: Building) -> None:
    source = content()
    services_of(source)[0]["extensions"] = {"expired_certificates_since": "2026-01-01T00:00:00Z"}
    service = make(source, LATER, make(content())).services[0]
    assert (service.current.starting_time, len(service.history)) == (LATER, 1)


def test_another_name_or_a_renewed_certificate_is_no_change_of_state(make: Building, network: OwnNetwork) -> None:
    renewed = new_key("Access Point CA", PROVIDER, authority=True, key=network.ap_ca.private_key)  # type: ignore[arg-type]
    network.add("renewed.pem", renewed)
    source = content()
    services_of(source)[0] |= {"name": "New name", "certificates": ["ap-ca.pem", "renewed.pem"]}
    service = make(source, LATER, make(content())).services[0]
    assert (service.current.starting_time, service.history) == (AT, ())
    assert len(service.current.identity.certificates) == 2


def test_a_status_may_begin_in_the_future(make: Building) -> None:
    source = withdrawn()
    services_of(source)[0]["since"] = LATEST.isoformat()
    assert make(source, LATER, make(content())).services[0].current.starting_time == LATEST


@pytest.mark.parametrize("first", [True, False], ids=["first issue", "later issue"])
def test_no_status_is_retroactive(make: Building, first: bool) -> None:
    source = content() if first else withdrawn()
    services_of(source)[0]["since"] = (AT - timedelta(days=1)).isoformat()
    told = refused(make, source) if first else refused(make, source, LATER, make(content()))
    assert told.startswith("providers[1].services[1].since: ")
    assert "§5.5.5" in told


def test_a_new_service_cant_be_backdated_in_a_later_issue(make: Building) -> None:
    small, source = content(), content()
    del services_of(small)[1]
    source["scheme"]["backdated_first_issue"] = True
    services_of(source)[1]["since"] = "2026-01-01T00:00:00Z"
    assert "the first that shows it" in refused(make, source, LATER, make(small))


def test_the_first_issue_takes_over_what_was_decided_before_if_the_source_says_so(make: Building) -> None:
    source = content()
    source["scheme"]["backdated_first_issue"] = True
    services_of(source)[0] |= {
        "since": "2025-06-01T00:00:00Z",
        "history": [{"status": "withdrawn", "since": "2025-03-01T00:00:00Z"}],
    }
    service = make(source).services[0]
    assert service.current.starting_time == datetime(2025, 6, 1, tzinfo=UTC)
    assert [(state.status, state.identity.certificates) for state in service.history] == [(vocabulary.WITHDRAWN, ())]


def test_since_of_an_unchanged_status_stays(make: Building) -> None:
    source = content()
    services_of(source)[0]["since"] = AT.isoformat()
    first = make(source)
    assert make(source, LATER, first).services == first.services
    services_of(source)[0]["since"] = LATER.isoformat()
    assert "the status has not changed" in refused(make, source, LATER, first)


STATUSES = st.sampled_from(["granted", "withdrawn", "https://example.org/status/suspended"])


@settings(deadline=None)
@given(statuses=st.lists(st.tuples(STATUSES, STATUSES), min_size=2, max_size=6))
def test_from_issue_to_issue_timelines_only_grow(statuses: list[tuple[str, str]], make: Building) -> None:
    before = None
    for number, pair in enumerate(statuses):
        source, at = content(), AT + timedelta(days=number)
        for service, status in zip(services_of(source), pair, strict=True):
            service["status"] = status
        document = make(source, at, before)
        for now, was in zip(document.services, before.services if before else (), strict=before is not None):
            if timeline(now) != timeline(was):
                assert timeline(now)[1:] == timeline(was)
                assert timeline(now)[0][1] == at
                assert timeline(now)[0][0] != timeline(was)[0][0]
        before = document


def timeline(service: TrustService) -> list[tuple[str, datetime | None]]:
    """All states of a service, newest first."""
    return [(state.status, state.starting_time) for state in (service.current, *service.history)]


def test_published_history_cant_be_rewritten(make: Building) -> None:
    second = make(withdrawn(), LATER, make(content()))
    source = withdrawn()
    services_of(source)[0]["history"] = [{"status": "granted", "since": AT.isoformat()}]
    assert make(source, LATEST, second).services[0].history == second.services[0].history
    services_of(source)[0]["history"] = [{"status": "granted", "since": "2020-01-01T00:00:00Z"}]
    assert "has no such state" in refused(make, source, LATEST, second)


def test_states_follow_each_other(make: Building) -> None:
    source = content()
    services_of(source)[0]["history"] = [
        {"status": "granted", "since": "2025-01-01T00:00:00Z"},
        {"status": "withdrawn", "since": "2025-06-01T00:00:00Z"},
    ]
    assert "each state must begin after" in refused(make, source)


def test_a_service_may_get_another_type_and_keeps_its_history(make: Building) -> None:
    first = make(content())
    source = content()
    services_of(source)[0] |= {
        "type": "CA/PKC",
        "status": "recognisedatnationallevel",
        "history": [{"type": "AccessPoint/CA", "status": "granted", "since": AT.isoformat()}],
    }
    service = make(source, LATER, first).services[0]
    assert (service.current.type, service.current.starting_time) == (f"{vocabulary.SERVICE_TYPE}CA/PKC", LATER)
    assert [(state.type, state.starting_time) for state in service.history] == [(f"{BASE}Svctype/AccessPoint/CA", AT)]


# What must stay


def test_a_granted_service_cant_be_left_out(make: Building) -> None:
    source = content()
    del services_of(source)[0]
    told = refused(make, source, LATER, make(content()))
    assert "Access points" in told
    assert "list it with another status" in told


def test_history_is_never_removed(make: Building) -> None:
    second = make(withdrawn(), LATER, make(content()))
    source = content()
    del services_of(source)[0]
    assert "history is kept for good (§5.3.12)" in refused(make, source, LATER + timedelta(days=9000), second)


@pytest.mark.parametrize("days", [0, 100])
def test_history_goes_after_the_period_that_the_list_names(make: Building, days: int) -> None:
    before, after = withdrawn(), content()
    del services_of(after)[0]
    before["scheme"]["history_days"] = after["scheme"]["history_days"] = days
    assert "list it with another status" in refused(make, after, LATER, make(content()))
    second = make(before, LATER, make(content()))
    over = LATER + timedelta(days=days)
    if days:
        assert f"kept for {days} days" in refused(make, after, over, second)
    assert len(make(after, over + timedelta(seconds=1), second).services) == 1


def test_a_new_key_is_a_new_service_beside_the_old_one(make: Building, network: OwnNetwork) -> None:
    network.add("ap-ca-2.pem", new_key("Access Point CA", PROVIDER, authority=True))
    first = make(content())
    source = content()
    services_of(source)[0]["certificates"] = "ap-ca-2.pem"
    assert "a new key is a new service, beside the old one" in refused(make, source, LATER, first)
    source = content()
    services_of(source).append(services_of(source)[0] | {"certificates": "ap-ca-2.pem"})
    assert [service.current.starting_time for service in make(source, LATER, first).services] == [AT, AT, LATER]


def test_a_key_stands_once_under_a_type(make: Building) -> None:
    source = content()
    services_of(source).append(services_of(source)[0] | {"name": "Again"})
    assert "providers[1].services[1] is the same service" in refused(make, source)
    services_of(source)[2]["type"] = "CA/PKC"
    services_of(source)[2]["status"] = "recognisedatnationallevel"
    assert len(make(source).services) == 3


def test_extensions_have_no_form_in_a_lote(make: Building) -> None:
    source = content()
    services_of(source)[1]["extensions"] = {"additional_information": ["ForeSeals"]}
    assert make(source).services[1].current.extensions
    assert "leave files.lote out" in refused(make, source, dialect=JSON)
