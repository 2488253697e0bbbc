# SPDX-License-Identifier: Apache-2.0
"""What a locator publishes, in the spelling that clients in the field can read."""

import json
import re
from pathlib import Path

import dns.rdata
import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.dns.records import (
    RRset,
    naptr_rrset,
    ns_rrset,
    publisher_alias,
    publisher_rrset,
    soa_rrset,
)
from registry.domains.dns_profile import DnsProfile
from registry.errors import ConfigurationError, ValidationError


def reason_ids(error: pytest.ExceptionInfo[ValidationError]) -> set[str]:
    return {reason.id for reason in error.value.reasons}


def test_naptr_is_spelled_as_the_strictest_clients_want_it() -> None:
    rrset = naptr_rrset("x.iso6523-actorid-upis", "https://smp.example/a/", ["Meta:SMP"], 60)
    assert rrset == RRset(
        "x.iso6523-actorid-upis", "NAPTR", 60, ('100 10 "U" "Meta:SMP" "!.*!https://smp.example/a/!" .',)
    )


def test_naptr_takes_order_and_preference() -> None:
    (rdata,) = naptr_rrset("x", "https://a.example", ["Meta:CPPA"], 5, order=1, preference=65535).rdatas
    assert rdata == '1 65535 "U" "Meta:CPPA" "!.*!https://a.example!" .'


@pytest.mark.parametrize(
    "url",
    [
        "https://a.example/x!y",
        "https://a.example/\\1",
        'https://a.example/"',
        "https://a.example/ü",
        "https://a.example/ b",
        "https://a.example/\n",
    ],
)
def test_naptr_refuses_what_would_need_an_escape(url: str) -> None:
    with pytest.raises(ValidationError) as error:
        naptr_rrset("x", url, ["Meta:SMP"], 60)
    assert reason_ids(error) == {"DNS-NAPTR-URL-CHARACTERS"}


def test_naptr_expression_fits_one_character_string() -> None:
    longest = "https://a.example/".ljust(250, "x")
    (rdata,) = naptr_rrset("x", longest, ["Meta:SMP"], 60).rdatas
    assert longest in dns.rdata.from_text("IN", "NAPTR", rdata).to_text()
    with pytest.raises(ValidationError) as error:
        naptr_rrset("x", longest + "x", ["Meta:SMP"], 60)
    assert reason_ids(error) == {"DNS-NAPTR-URL-LENGTH"}


def test_naptr_tells_every_reason_at_once() -> None:
    with pytest.raises(ValidationError) as error:
        naptr_rrset("x", "smp!" + "x" * 250, ["1:"], 60, order=-1, preference=65536)
    assert reason_ids(error) == {
        "DNS-NAPTR-URL",
        "DNS-NAPTR-URL-CHARACTERS",
        "DNS-NAPTR-URL-LENGTH",
        "DNS-NAPTR-SERVICE",
        "DNS-NAPTR-NUMBER",
    }
    assert [reason.message for reason in error.value.reasons if reason.id == "DNS-NAPTR-NUMBER"] == [
        "the order is not in 0..65535: -1",
        "the preference is not in 0..65535: 65536",
    ]


@pytest.mark.parametrize("service", ["Meta:SMP", "meta:smp", "Meta:SMP2", "ERACUN:meta", "Meta"])
def test_naptr_services_of_the_known_networks_are_accepted(service: str) -> None:
    assert f'"{service}"' in naptr_rrset("x", "https://a.example", [service], 60).rdatas[0]


@pytest.mark.parametrize("service", ["", ":", "Meta:", "Meta:S MP", 'Meta:"', "https://smp.example", "a" * 33])
def test_naptr_service_is_an_application_service_and_protocols(service: str) -> None:
    with pytest.raises(ValidationError) as error:
        naptr_rrset("x", "https://a.example", [service], 60)
    assert reason_ids(error) == {"DNS-NAPTR-SERVICE"}


@given(st.text(alphabet=st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters='!\\"'), max_size=200))
def test_naptr_of_any_accepted_url_survives_a_foreign_parser(tail: str) -> None:
    url = "https://a.example/" + tail
    (rdata,) = naptr_rrset("x", url, ["Meta:SMP"], 60).rdatas
    regexp = dns.rdata.from_text("IN", "NAPTR", rdata).regexp  # type: ignore[attr-defined]
    assert regexp.decode() == f"!.*!{url}!"


def test_real_naptr_records_come_out_equal(corpus: Path) -> None:
    vectors = json.loads((corpus / "sml" / "dns-vectors.json").read_text())["naptr_rdata"]
    ours = [v for v in vectors if re.fullmatch(r'100 10 "U" "Meta:SMP" "!\.\*![^!]*!" \.', v["rdata"])]
    ours = [v for v in ours if v["expect"].startswith("http")]
    assert ours
    for vector in ours:
        assert naptr_rrset("x", vector["expect"], ["Meta:SMP"], 60).rdatas == (vector["rdata"],)


def test_real_publisher_records_come_out_equal(corpus: Path) -> None:
    for vector in json.loads((corpus / "sml" / "dns-vectors.json").read_text())["publisher_records"]:
        rrset = publisher_rrset(vector["smp_id"], vector["logical"], 60)
        line = f"{rrset.owner}.{vector['zone']}. {rrset.ttl} IN {rrset.rdtype} {rrset.rdatas[0]}"
        assert line.lower() == vector["record"].lower()


@pytest.mark.parametrize(
    ("address", "rdtype", "rdata"),
    [
        ("https://SMP.Example/path/", "CNAME", "smp.example."),
        ("https://smp.example.:8443", "CNAME", "smp.example."),
        ("http://192.0.2.1:8080/smp", "A", "192.0.2.1"),
        ("http://[2001:DB8::1]/", "AAAA", "2001:db8::1"),
    ],
)
def test_publisher_points_to_the_host_of_its_address(address: str, rdtype: str, rdata: str) -> None:
    assert publisher_rrset("SMP-1", address, 60) == RRset("smp-1.publisher", rdtype, 60, (rdata,))


def test_publisher_label_is_the_domains() -> None:
    assert publisher_rrset("a.B", "https://x.example", 60, label="p").owner == "a.b.p"


@pytest.mark.parametrize(
    "address",
    ["", "smp.example", "https://", "https:///x", "https://[::1", "https://[v1.x]/", "http://a..b/", "https://-a.example",
     "https://ü.example", "https://a b/", "http://[fe80::1%25eth0]/", "https://" + "a." * 127 + "a"],
)  # fmt: skip
def test_publisher_refuses_an_address_without_a_host_for_dns(address: str) -> None:
    with pytest.raises(ValidationError) as error:
        publisher_rrset("a", address, 60)
    assert reason_ids(error) == {"DNS-HOST"}


def test_legacy_alias_leads_to_the_publishers_name() -> None:
    rrset = publisher_alias("b-00ff.iso6523-actorid-upis", "SMP-1", "sml.test", 60)
    assert rrset == RRset("b-00ff.iso6523-actorid-upis", "CNAME", 60, ("smp-1.publisher.sml.test.",))


def test_soa_and_ns_follow_the_profile(profile: DnsProfile) -> None:
    assert soa_rrset(profile, 7) == RRset(
        "@", "SOA", 3600, (r"ns1.sml.test. dns\.admin.sml.test. 7 3600 600 1209600 60",)
    )
    assert ns_rrset(profile) == RRset("@", "NS", 3600, ("ns1.sml.test.", "ns2.example."))


def test_soa_mailbox_may_be_given_as_a_name_or_left_out() -> None:
    named = DnsProfile(zone="sml.test", name_servers=("ns",), hostmaster="root.example")
    assert " root.example. " in soa_rrset(named, 1).rdatas[0]
    unnamed = DnsProfile(zone="sml.test", name_servers=("ns",))
    assert " hostmaster.sml.test. " in soa_rrset(unnamed, 1).rdatas[0]


def test_a_zone_without_name_servers_is_a_configuration_error() -> None:
    bare = DnsProfile(zone="sml.test")
    with pytest.raises(ConfigurationError, match=r"sml\.test has no name server"):
        soa_rrset(bare, 1)
    with pytest.raises(ConfigurationError, match=r"sml\.test has no name server"):
        ns_rrset(bare)


@given(st.integers(0, 2**31 - 1), st.lists(st.from_regex(r"[!-~]([ -~]*[!-~])?", fullmatch=True), min_size=1))
def test_text_form_is_read_back_equal(ttl: int, rdatas: list[str]) -> None:
    rrset = RRset("a.b", "TXT", ttl, tuple(rdatas))
    assert RRset.from_text("a.b", "TXT", rrset.to_text()) == rrset


def test_text_form_is_one_line_per_record() -> None:
    assert RRset("@", "NS", 60, ("a.", "b.")).to_text() == "60 a.\n60 b."


@pytest.mark.parametrize(
    "text", ["", "60", "60 ", "x a.", "-1 a.", "60 a.\n", "²  a.", "2147483648 a.", "60 a.\n61 b."]
)
def test_malformed_text_form_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        RRset.from_text("a", "NS", text)
