# SPDX-License-Identifier: Apache-2.0
"""Certificates of publishers overlap, none is another publisher's, and nobody is shut out by accident."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from registry.audit.events import about
from registry.demo.pki import DemoPki, new_ec_key
from registry.errors import ConflictError, NotFoundError, ValidationError
from registry.sml.administration import SmlAdministration
from registry.sml.errors import FaultKind, SmlError
from registry.sml.model import Publisher
from registry.sml.publisher_certificates import Window, begin_by_date
from registry.storage.engine import Actor
from registry.storage.queries import publishers
from tests.simulators.databases import everything_in
from tests.simulators.live import SMP_ID
from tests.simulators.next_certificates import next_identity
from tests.simulators.offline import OfflineInstance
from trust_lists.certificates.parsing import fingerprint

ADMIN = Actor("person:1", "request-7")
SECOND = Publisher("SECOND", "https://second.example.org/smp/", "192.0.2.1")
DAY = timedelta(days=1)


@pytest.fixture
def sml(offline: OfflineInstance) -> SmlAdministration:
    instance = offline.instance
    return SmlAdministration(instance.database, instance.journal, instance.registrar, instance.trust_models.of)


def refusal(call: Callable[[], object]) -> SmlError:
    with pytest.raises(SmlError) as caught:
        call()
    return caught.value


def following(offline: OfflineInstance, begin: datetime | None = None, **how: object) -> x509.Certificate:
    return next_identity(offline.pki, begin or offline.clock.now - DAY, **how).certificate  # type: ignore[arg-type]


def day(offline: OfflineInstance, days: int) -> date:
    return (offline.clock.now + days * DAY).date()


def midnight(of: date) -> datetime:
    return datetime(of.year, of.month, of.day, tzinfo=UTC)


def reads(offline: OfflineInstance, certificate: x509.Certificate | None = None, smp_id: str = SMP_ID) -> bool:
    try:
        offline.instance.sml.read_publisher(offline.caller(certificate), smp_id)
    except SmlError:
        return False
    return True


# PrepareChangeCertificate


def test_old_and_new_are_accepted_side_by_side_from_the_day_on(offline: OfflineInstance) -> None:
    new, when = following(offline), day(offline, 10)
    offline.instance.sml.prepare_change_certificate(offline.caller(), new, when)
    offline.clock.now = midnight(when) - timedelta(seconds=1)
    assert (reads(offline), reads(offline, new)) == (True, False)
    offline.clock.now = midnight(when)
    assert (reads(offline), reads(offline, new)) == (True, True)
    offline.clock.now = offline.pki.smp.certificate.not_valid_after_utc + DAY
    assert reads(offline) is False
    late = following(offline, offline.clock.now - DAY)
    assert not reads(offline, late), "nobody but who was named"


def test_change_applies_to_all_smps_of_the_certificate(offline: OfflineInstance) -> None:
    service = offline.instance.sml
    service.create_publisher(offline.caller(), SECOND)
    new = following(offline)
    pem = new.public_bytes(Encoding.PEM).decode()
    service.prepare_change_certificate(offline.caller(), pem, day(offline, 1))
    offline.clock.forward(days=1)
    assert reads(offline, new)
    assert reads(offline, new, "SECOND")


def test_suspended_smp_is_left_out_and_alone_refused(offline: OfflineInstance) -> None:
    service, database = offline.instance.sml, offline.instance.database
    new = following(offline)

    def suspend(smp_id: str, *, suspended: bool) -> None:
        with database.write(ADMIN) as work:
            (row,) = publishers.find(work.connection, [offline.stored.id], smp_id)
            publishers.set_suspended(work, row.id, suspended=suspended)

    service.create_publisher(offline.caller(), SECOND)
    suspend(SMP_ID, suspended=True)
    suspend("SECOND", suspended=True)
    error = refusal(lambda: service.prepare_change_certificate(offline.caller(), new, day(offline, 1)))
    assert (error.kind, error.code) == (FaultKind.UNAUTHORIZED, 101)
    suspend("SECOND", suspended=False)
    service.prepare_change_certificate(offline.caller(), new, day(offline, 1))
    offline.clock.forward(days=1)
    suspend(SMP_ID, suspended=False)
    assert (reads(offline, new, "SECOND"), reads(offline, new)) == (True, False)


def test_second_call_replaces_the_first_and_the_same_once_more_leaves_no_trace(offline: OfflineInstance) -> None:
    service, caller = offline.instance.sml, offline.caller()
    first, second = following(offline), following(offline)
    service.prepare_change_certificate(caller, first, day(offline, 3))
    service.prepare_change_certificate(caller, second, day(offline, 3))
    before = everything_in(offline.instance.database)
    service.prepare_change_certificate(caller, second, day(offline, 3))
    assert everything_in(offline.instance.database) == before
    service.prepare_change_certificate(caller, second, day(offline, 5))
    told = [event.tag for event in about(offline.instance.database, SMP_ID) if "certificate" in event.tag]
    assert sorted(told) == [
        "sml:publisher-certificate:create",
        "sml:publisher-certificate:create",
        "sml:publisher-certificate:end",
        "sml:publisher-certificate:update",
    ]
    offline.clock.forward(days=6)
    assert (reads(offline, first), reads(offline, second)) == (False, True)


def test_what_the_operator_has_planned_stays_beside_what_the_smp_plans(
    offline: OfflineInstance, sml: SmlAdministration
) -> None:
    by_operator, by_smp = following(offline), following(offline)
    sml.add_certificate(ADMIN, offline.stored, SMP_ID, by_operator, Window(offline.clock.now + DAY))
    offline.instance.sml.prepare_change_certificate(offline.caller(), by_smp, day(offline, 2))
    offline.clock.forward(days=3)
    assert reads(offline, by_operator)
    assert reads(offline, by_smp)


def test_caller_without_an_smp_is_unauthorized(offline: OfflineInstance) -> None:
    stranger, new = following(offline), following(offline)
    call = offline.instance.sml.prepare_change_certificate
    assert refusal(lambda: call(offline.caller(stranger), new, day(offline, 1))).code == 101


@pytest.mark.parametrize("text", ["", "PLACEHOLDER", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"])
def test_what_is_no_certificate_is_a_bad_request(offline: OfflineInstance, text: str) -> None:
    call = offline.instance.sml.prepare_change_certificate
    error = refusal(lambda: call(offline.caller(), text, day(offline, 1)))
    assert (error.kind, error.code) == (FaultKind.BAD_REQUEST, 106)


def test_certificate_that_the_domain_refuses_is_a_bad_request_and_nothing_is_written(offline: OfflineInstance) -> None:
    foreign = offline.pki.ap_ca.issue(
        "POP000009", not_before=offline.clock.now, not_after=offline.clock.now + 400 * DAY, key=new_ec_key()
    ).certificate
    before = everything_in(offline.instance.database)
    call = offline.instance.sml.prepare_change_certificate
    error = refusal(lambda: call(offline.caller(), foreign, day(offline, 1)))
    assert error.code == 106
    assert "SML-CERTIFICATE-REFUSED" in str(error)
    assert everything_in(offline.instance.database) == before


def test_certificate_that_was_ended_is_not_brought_back_by_its_owner(
    offline: OfflineInstance, sml: SmlAdministration
) -> None:
    ended = following(offline)
    sml.add_certificate(ADMIN, offline.stored, SMP_ID, ended, Window())
    offline.clock.forward(hours=1)
    sml.end_certificate(ADMIN, offline.stored, SMP_ID, fingerprint(ended))
    call = offline.instance.sml.prepare_change_certificate
    assert "was ended" in str(refusal(lambda: call(offline.caller(), ended, day(offline, 1))))


# When it begins

NOW = datetime(2027, 5, 4, 12, 30, tzinfo=UTC)


class Dates:
    """The part of a certificate that says when it begins; two of them are never equal."""

    def __init__(self, first: datetime, last: datetime) -> None:
        self.not_valid_before_utc, self.not_valid_after_utc = first, last


def begin(new: tuple[datetime, datetime], on: date | None, present_until: datetime = NOW + 400 * DAY) -> datetime:
    return begin_by_date(Dates(NOW - DAY, present_until), Dates(*new), on, NOW)  # type: ignore[arg-type]


def test_without_a_day_the_new_validity_begins_the_change() -> None:
    first = NOW + timedelta(hours=5)
    assert begin((first, first + 400 * DAY), None) == first


@pytest.mark.parametrize("first", [NOW, NOW - DAY], ids=["begins now", "has begun"])
def test_without_a_day_a_validity_that_has_begun_is_refused(first: datetime) -> None:
    assert refusal(lambda: begin((first, first + 400 * DAY), None)).code == 106


@pytest.mark.parametrize("on", [date(2027, 5, 4), date(2027, 5, 3)], ids=["today", "yesterday"])
def test_day_that_is_not_after_today_is_refused(on: date) -> None:
    assert "not after today" in str(refusal(lambda: begin((NOW - DAY, NOW + 400 * DAY), on)))


@pytest.mark.parametrize("on", [date(2027, 6, 9), date(2027, 6, 21)], ids=["before", "after"])
def test_day_outside_the_new_validity_is_refused(on: date) -> None:
    new = (datetime(2027, 6, 10, 12, tzinfo=UTC), datetime(2027, 6, 20, 12, tzinfo=UTC))
    assert "outside the validity" in str(refusal(lambda: begin(new, on)))


def test_on_its_first_day_the_new_certificate_begins_when_it_is_valid() -> None:
    first = datetime(2027, 6, 10, 12, tzinfo=UTC)
    assert begin((first, first + 400 * DAY), first.date()) == first


def test_caller_whose_certificate_has_expired_needs_the_operator() -> None:
    until = NOW - timedelta(seconds=1)
    assert refusal(lambda: begin((NOW - DAY, NOW + 400 * DAY), (NOW + 9 * DAY).date(), until)).code == 101


def test_day_after_the_end_of_the_present_certificate_leaves_no_gap() -> None:
    until = NOW + 3 * DAY
    assert begin((NOW - DAY, NOW + 400 * DAY), (NOW + 9 * DAY).date(), until) == until


@given(
    first=st.integers(-50, 50),
    length=st.integers(1, 100),
    on=st.one_of(st.none(), st.integers(-5, 120)),
    present=st.integers(1, 100),
)
def test_change_begins_in_the_new_validity_and_never_later_than_the_present_one_ends(
    first: int, length: int, on: int | None, present: int
) -> None:
    new = (NOW + first * DAY, NOW + (first + length) * DAY)
    until = NOW + present * DAY
    try:
        at = begin(new, None if on is None else (NOW + on * DAY).date(), until)
    except SmlError:
        return  # the tests above say of what
    assert new[0] <= at < new[1]
    assert at <= until or at == new[0], "a gap is the new certificate's, which isn't valid before"
    assert at > NOW


# Keys


def test_certificate_with_another_publishers_key_is_refused(offline: OfflineInstance, sml: SmlAdministration) -> None:
    theirs, key = following(offline), new_ec_key()
    sml.create_publisher(ADMIN, offline.stored, SECOND)
    sml.add_certificate(ADMIN, offline.stored, "SECOND", theirs, Window())
    sml.add_certificate(ADMIN, offline.stored, "SECOND", following(offline, key=key), Window())
    same_key = following(offline, key=key)
    with pytest.raises(ValidationError) as caught:
        sml.add_certificate(ADMIN, offline.stored, SMP_ID, same_key, Window())
    assert [reason.id for reason in caught.value.reasons] == ["SML-CERTIFICATE-KEY"]
    call = offline.instance.sml.prepare_change_certificate
    assert "SML-CERTIFICATE-KEY" in str(refusal(lambda: call(offline.caller(), same_key, day(offline, 1))))


def test_one_certificate_may_own_several_smps_and_they_may_get_the_next_one_too(
    offline: OfflineInstance, sml: SmlAdministration
) -> None:
    sml.create_publisher(ADMIN, offline.stored, SECOND)
    sml.add_certificate(ADMIN, offline.stored, "SECOND", offline.pki.smp.certificate, Window())
    new = following(offline)
    for smp_id in (SMP_ID, "SECOND"):
        sml.add_certificate(ADMIN, offline.stored, smp_id, new, Window())
    assert reads(offline, new, "SECOND")


def test_smp_is_handed_over_once_its_own_certificates_have_ended(
    offline: OfflineInstance, sml: SmlAdministration
) -> None:
    theirs = following(offline)
    sml.create_publisher(ADMIN, offline.stored, SECOND)
    sml.add_certificate(ADMIN, offline.stored, "SECOND", theirs, Window())
    own = offline.pki.smp.certificate
    with pytest.raises(ValidationError):
        sml.add_certificate(ADMIN, offline.stored, "SECOND", own, Window())
    offline.clock.forward(hours=1)
    sml.end_certificate(ADMIN, offline.stored, "SECOND", fingerprint(theirs), last=True)
    sml.add_certificate(ADMIN, offline.stored, "SECOND", own, Window())
    assert reads(offline, smp_id="SECOND")


# The last one


def test_last_certificate_ends_only_if_that_is_said(offline: OfflineInstance, sml: SmlAdministration) -> None:
    own = fingerprint(offline.pki.smp.certificate)
    offline.clock.forward(hours=1)
    with pytest.raises(ConflictError):
        sml.end_certificate(ADMIN, offline.stored, SMP_ID, own)
    with pytest.raises(ConflictError):
        sml.change_certificate(ADMIN, offline.stored, SMP_ID, own, Window(usable_until=offline.clock.now))
    assert reads(offline)
    sml.end_certificate(ADMIN, offline.stored, SMP_ID, own, last=True)
    assert not reads(offline)


def test_planned_certificate_is_no_other_one_that_speaks_now(offline: OfflineInstance, sml: SmlAdministration) -> None:
    own, new = fingerprint(offline.pki.smp.certificate), following(offline)
    sml.add_certificate(ADMIN, offline.stored, SMP_ID, new, Window(offline.clock.now + DAY))
    with pytest.raises(ConflictError):
        sml.end_certificate(ADMIN, offline.stored, SMP_ID, own)
    sml.end_certificate(ADMIN, offline.stored, SMP_ID, fingerprint(new))
    sml.add_certificate(ADMIN, offline.stored, SMP_ID, new, Window())
    sml.end_certificate(ADMIN, offline.stored, SMP_ID, own)
    assert (reads(offline), reads(offline, new)) == (False, True)


def test_after_expiry_the_operator_adds_the_next_one(offline: OfflineInstance, sml: SmlAdministration) -> None:
    offline.clock.now = offline.pki.smp.certificate.not_valid_after_utc + DAY
    assert not reads(offline)
    new = following(offline)
    sml.add_certificate(ADMIN, offline.stored, SMP_ID, new, Window())
    assert reads(offline, new)


def test_certificate_that_an_smp_does_not_have_is_not_found(offline: OfflineInstance, sml: SmlAdministration) -> None:
    with pytest.raises(NotFoundError):
        sml.end_certificate(ADMIN, offline.stored, SMP_ID, "0" * 64)


def test_who_added_a_certificate_is_kept(offline: OfflineInstance, sml: SmlAdministration, pki: DemoPki) -> None:
    from registry.storage.queries import publisher_certificates

    new = following(offline)
    offline.instance.sml.prepare_change_certificate(offline.caller(), new, day(offline, 2))
    with offline.instance.database.read() as connection:
        (row,) = publishers.find(connection, [offline.stored.id], SMP_ID)
        (who,) = publisher_certificates.added_by(connection, row.id, offline.clock.now).values()
    assert who is not None
    assert who.startswith("certificate:CN=SMP_DEMO000001")
