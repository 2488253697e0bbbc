# SPDX-License-Identifier: Apache-2.0
"""HTTP as an SMP's clients and caches rely on it: methods, validators, HTTPS (BDX-SMP 1.0 §3, RFC 9110).

The instance has a clock that tests can put forward: validators have whole seconds, and the second of a change counts as
unfinished.
"""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from pathlib import Path

import dns.resolver
import httpx2
import pytest

from registry.clock import system_clock
from registry.demo.pki import DemoPki
from registry.identifiers.dns_names import participant_name
from registry.identifiers.participant import ParticipantIdentifier
from tests.conformance.smp_busdox.http_client import INVOICE, SCHEME, Answer, Smp, group_path, metadata_path
from tests.simulators.live import LiveInstance, live_instance

VALUE = "0088:semantics"
KINDS = {"service group": group_path(VALUE), "service metadata": metadata_path(VALUE)}


@dataclass
class Clock:
    """The system's clock, put forward by as much as a test wants, or stopped."""

    ahead: timedelta = field(default=timedelta())
    stands_at: datetime | None = None

    def __call__(self) -> datetime:
        return self.stands_at or system_clock() + self.ahead

    @contextmanager
    def stopped(self) -> Iterator[datetime]:
        """The clock stands still inside the block; gives the moment."""
        self.stands_at = self()
        try:
            yield self.stands_at
        finally:
            self.stands_at = None

    def forward(self, seconds: int = 5) -> None:
        self.ahead += timedelta(seconds=seconds)


@pytest.fixture(scope="module")
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="module")
def smp(tmp_path_factory: pytest.TempPathFactory, pki: DemoPki, clock: Clock) -> Iterator[Smp]:
    """Publishes one participant, some seconds ago."""
    with live_instance(tmp_path_factory.mktemp("live"), pki, clock=clock) as live:
        smp = Smp(live)
        smp.publish(VALUE, INVOICE)
        clock.forward()
        yield smp


def validators(answer: Answer) -> tuple[str, str]:
    return answer.headers["etag"], answer.headers["last-modified"]


@pytest.mark.parametrize("kind", KINDS)
def test_rfc9110_head_has_the_headers_of_get_and_no_body(smp: Smp, kind: str) -> None:
    get, head = smp.get(KINDS[kind]), smp.get(KINDS[kind], "HEAD")
    assert (get.status, head.status) == (200, 200)
    assert head.body == b""
    assert {**head.headers, "date": ""} == {**get.headers, "date": ""}
    assert int(head.headers["content-length"]) == len(get.body)


def test_rfc9110_head_of_what_is_not_there(smp: Smp) -> None:
    get, head = smp.get(group_path("0088:nobody")), smp.get(group_path("0088:nobody"), "HEAD")
    assert (get.status, head.status, head.body) == (404, 404, b"")
    assert head.headers["content-type"] == get.headers["content-type"]


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE", "PATCH", "OPTIONS", "PROPFIND"])
@pytest.mark.parametrize("kind", KINDS)
def test_rfc9110_public_listener_only_reads(smp: Smp, kind: str, method: str) -> None:
    before = smp.get(KINDS[kind])
    answer = smp.get(KINDS[kind], method)
    assert answer.status == 405
    assert {name.strip() for name in answer.headers["allow"].split(",")} == {"GET", "HEAD"}
    assert smp.get(KINDS[kind]).body == before.body


@pytest.mark.parametrize("kind", KINDS)
def test_bdx_smp_answers_have_last_modified_and_a_strong_etag(smp: Smp, kind: str) -> None:
    answer = smp.get(KINDS[kind])
    etag, last_modified = validators(answer)
    assert etag.startswith('"')
    assert etag.endswith('"')
    assert last_modified.endswith(" GMT")
    assert parsedate_to_datetime(last_modified) <= datetime.now(UTC)
    assert datetime.now(UTC) - parsedate_to_datetime(last_modified) < timedelta(minutes=5)
    assert validators(smp.get(KINDS[kind])) == (etag, last_modified)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_rfc9110_304_for_who_has_it_already(smp: Smp, kind: str, method: str) -> None:
    etag, last_modified = validators(smp.get(KINDS[kind]))
    for headers in (
        {"If_None_Match": etag},
        {"If_None_Match": f'"other", W/{etag}'},
        {"If_None_Match": "*"},
        {"If_Modified_Since": last_modified},
        {"If_None_Match": etag, "If_Modified_Since": "Thu, 01 Jan 1970 00:00:00 GMT"},
    ):
        answer = smp.get(KINDS[kind], method, **headers)
        assert (answer.status, answer.body) == (304, b""), headers
        assert validators(answer) == (etag, last_modified)


@pytest.mark.parametrize("kind", KINDS)
def test_rfc9110_200_for_who_has_something_older(smp: Smp, kind: str) -> None:
    etag, last_modified = validators(smp.get(KINDS[kind]))
    earlier = format_datetime(parsedate_to_datetime(last_modified) - timedelta(seconds=1), usegmt=True)
    for headers in (
        {"If_None_Match": '"other"'},
        {"If_None_Match": etag.strip('"')},
        {"If_Modified_Since": earlier},
        {"If_Modified_Since": "yesterday"},
        {"If_None_Match": '"other"', "If_Modified_Since": last_modified},
    ):
        answer = smp.get(KINDS[kind], **headers)
        assert answer.status == 200, headers
        assert answer.body


def test_bdx_smp_a_change_moves_both_validators(smp: Smp, clock: Clock) -> None:
    path = metadata_path("0088:changing")
    smp.publish("0088:changing", INVOICE)
    clock.forward()
    etag, last_modified = validators(smp.get(path))
    group_before = validators(smp.get(group_path("0088:changing")))

    clock.forward()
    assert smp.write("PUT", path, smp.metadata("0088:changing", address="https://moved.example/")).status == 200
    clock.forward()
    changed = smp.get(path, If_None_Match=etag, If_Modified_Since=last_modified)
    assert changed.status == 200
    assert b"https://moved.example/" in changed.body
    assert changed.headers["etag"] != etag
    assert parsedate_to_datetime(changed.headers["last-modified"]) > parsedate_to_datetime(last_modified)

    clock.forward()
    other = "urn:example:other::Other##other::1"
    assert smp.write("PUT", metadata_path("0088:changing", other), smp.metadata("0088:changing", other)).status == 201
    clock.forward()
    group_after = validators(smp.get(group_path("0088:changing")))
    assert group_after[0] != group_before[0]
    assert parsedate_to_datetime(group_after[1]) > parsedate_to_datetime(group_before[1])


def test_bdx_smp_a_write_that_changes_nothing_moves_nothing(smp: Smp, clock: Clock) -> None:
    before = smp.get(metadata_path(VALUE))
    clock.forward()
    assert smp.write("PUT", metadata_path(VALUE), smp.metadata(VALUE)).status == 200
    clock.forward()
    after = smp.get(metadata_path(VALUE))
    assert after.body == before.body
    assert validators(after) == validators(before)


def test_bdx_smp_two_changes_in_one_second_are_told_apart_by_date(smp: Smp, clock: Clock) -> None:
    """A copy of the first state must not pass as fresh, though both states are of the same second."""
    path = metadata_path("0088:quick")
    with clock.stopped() as moment:
        smp.publish("0088:quick", INVOICE)
        first = smp.get(path)
        # Nor one that is dated by the client's own clock.
        assert smp.get(path, If_Modified_Since=format_datetime(moment, usegmt=True)).status == 200
        assert smp.write("PUT", path, smp.metadata("0088:quick", address="https://quick.example/")).status == 200
    clock.forward()
    assert smp.get(path, If_Modified_Since=first.headers["last-modified"]).status == 200


def test_rfc9110_dates_of_the_future_and_of_long_ago(smp: Smp) -> None:
    path = metadata_path(VALUE)
    assert smp.get(path, If_Modified_Since="Thu, 01 Jan 1970 00:00:00 GMT").status == 200
    assert smp.get(path, If_Modified_Since="Sunday, 06-Nov-94 08:49:37 GMT").status == 200
    assert smp.get(path, If_Modified_Since="Sun Nov  6 08:49:37 1994").status == 200


def test_bdx_smp_answers_may_be_cached_for_a_short_time_only(smp: Smp) -> None:
    for path in KINDS.values():
        directives = smp.get(path).headers["cache-control"].replace(" ", "").split(",")
        (age,) = (int(item.removeprefix("max-age=")) for item in directives if item.startswith("max-age="))
        assert age <= 300
    assert "no-store" in smp.get(group_path("0088:nobody")).headers["cache-control"]


def test_p14_https_is_spoken_by_the_public_listener_itself(tmp_path: Path, pki: DemoPki) -> None:
    """Peppol SMP 1.4 demands HTTPS; the references and the NAPTR say so."""
    with live_instance(
        tmp_path,
        pki,
        public_tls_cert=tmp_path / "pki" / "tls-certificate.pem",
        public_tls_key=tmp_path / "pki" / "tls-key.pem",
    ) as live:
        assert live.addresses.public.startswith("https://")
        Smp(live).publish(VALUE)
        live.wait_for_dns()
        trusted = ssl.create_default_context(cafile=str(live.files.root))
        answer = httpx2.get(live.addresses.public + group_path(VALUE), verify=trusted)
        assert answer.status_code == 200
        with pytest.raises(httpx2.ConnectError):
            httpx2.get(live.addresses.public + group_path(VALUE), verify=ssl.create_default_context())
        assert naptr_of(live) == f"!.*!{live.addresses.public}!"


def naptr_of(live: LiveInstance) -> str:
    resolver = dns.resolver.Resolver(configure=False)
    host, _, port = live.addresses.dns.rpartition(":")
    resolver.nameservers, resolver.port = [host], int(port)
    profile = live.stored.domain.dns
    name = participant_name(ParticipantIdentifier(SCHEME, VALUE), profile.zone, profile.name_form)
    (record,) = resolver.resolve(name, "NAPTR")
    return str(record.regexp.decode())
