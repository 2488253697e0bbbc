# SPDX-License-Identifier: Apache-2.0
"""DNS records of the admin service are those that dnspython makes of their texts, and come back as they were sent."""

import dns.rdata
import dns.rdataclass
import dns.rdatatype
import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import ValidationError
from registry.sml.admin_dns import records_of, rrset_of
from registry.sml.admin_model import DnsRecord

ZONE = "sml.test"
printable = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=100)


@given(value=printable, service=printable)
def test_naptr_record_comes_back_as_it_was_sent(value: str, service: str) -> None:
    record = DnsRecord("NAPTR", "x.sml.test", ZONE, value, service)
    rrset = rrset_of(record, 60)
    (rdata,) = rrset.rdatas
    parsed = dns.rdata.from_text(dns.rdataclass.IN, dns.rdatatype.NAPTR, rdata)
    assert (parsed.order, parsed.preference, parsed.flags) == (100, 10, b"U")
    assert (parsed.service, parsed.regexp) == (service.encode(), value.encode())
    shown = next(records_of(rrset_of(record, 60), ZONE))
    assert (shown.value, shown.service) == (value, service)


def test_naptr_record_without_a_service_has_the_usual_one() -> None:
    (rdata,) = rrset_of(DnsRecord("naptr", "x", ZONE, "!.*!https://a.example!"), 60).rdatas
    assert rdata == '100 10 "U" "Meta:SMP" "!.*!https://a.example!" .'


@pytest.mark.parametrize("dot", ["", "."], ids=["without a dot", "with a dot"])
def test_target_of_an_alias_is_absolute(dot: str) -> None:
    assert rrset_of(DnsRecord("CName", "x", ZONE, f"host.example.org{dot}"), 60).rdatas == ("host.example.org.",)


@pytest.mark.parametrize("rdtype", ["MX", "SOA", "NS", "DNAME", "nonsense"])
def test_types_beyond_those_of_the_interface_are_refused(rdtype: str) -> None:
    with pytest.raises(ValidationError, match="Type is A, CNAME, NAPTR"):
        rrset_of(DnsRecord(rdtype, "x", ZONE, "y"), 60)
