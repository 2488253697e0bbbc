# SPDX-License-Identifier: Apache-2.0
"""Who calls: the TLS connection, or a header of a proxy that is believed; liars get nowhere (RFC 9440; sml.md §1.4)."""

import base64
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from registry import telemetry
from registry.rates import Networks
from registry.sml.callers import (
    FORMS,
    CallerFinder,
    CertificateNames,
    ProxyRules,
    read_byte_sequence,
    read_names,
    read_pem_header,
)
from registry.sml.errors import SmlError
from tests.simulators.sml_operations import certificate, pem
from trust_lists.certificates.parsing import fingerprint, same_name

PROXY, DIRECT = "10.1.2.3", "192.0.2.7"
MINE, OTHER, OF_PROXY = (certificate(name) for name in ("SMP-MINE", "SMP-OTHER", "proxy"))
PLACEHOLDER = ":{http.request.tls.client.certificate_der_base64}:"


def issued(subject: dict[x509.ObjectIdentifier, str], serial: int) -> x509.Certificate:
    """A certificate with these names; it isn't verified here."""
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime(2026, 1, 1, tzinfo=UTC)
    issuer = x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, "AddOnBE CA 15"),
            x509.NameAttribute(NameOID.EMAIL_ADDRESS, "support@example.eu"),
            x509.NameAttribute(NameOID.COUNTRY_NAME, "BE"),
        ]
    )
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(oid, value) for oid, value in subject.items()]))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(serial)
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=900))
        .sign(key, hashes.SHA256())
    )


SERIAL = 0x48B681EE8E0DCC08
NAMED = issued(
    {
        NameOID.COUNTRY_NAME: "BE",
        NameOID.ORGANIZATION_NAME: "Smith & Sons, Ltd",
        NameOID.ORGANIZATIONAL_UNIT_NAME: "CEF_eDelivery.europa.eu",
        NameOID.EMAIL_ADDRESS: "CEF-EDELIVERY-SUPPORT@ec.europa.eu",
        NameOID.COMMON_NAME: "SMP_1",
    },
    SERIAL,
)
SUBJECT = (
    r"CN=SMP_1,OU=CEF_eDelivery.europa.eu,O=Smith & Sons\, Ltd,C=BE,EMAILADDRESS=CEF-EDELIVERY-SUPPORT@ec.europa.eu"
)
ISSUER = "CN=AddOnBE CA 15,EMAILADDRESS=support@example.eu,C=BE"


def registered_as(names: CertificateNames) -> x509.Certificate | None:
    """A registry in which `NAMED` is the only certificate."""
    fits = names.serial == f"{SERIAL:x}" and same_name(names.subject, NAMED.subject)
    return NAMED if fits and same_name(names.issuer, NAMED.issuer) else None


def finder(*forms: str, certificates: tuple[x509.Certificate, ...] = (OF_PROXY,)) -> CallerFinder:
    chosen = frozenset(form for form in FORMS if form in forms)
    return CallerFinder(
        ProxyRules(chosen, Networks(["10.1.0.0/16"]), frozenset(map(fingerprint, certificates))), registered_as
    )


def request(peer: str, *headers: tuple[str, str], tls: str | None = None, behind: str | None = None) -> dict[str, Any]:
    """A scope: `tls` is the name of the certificate that TLS has, "" for TLS without one; `behind` what a proxy tells
    of its client's address.
    """
    extensions: dict[str, Any] = {}
    if tls is not None:
        extensions["tls"] = {"tls_version": 0x0304, "client_cert_chain": [pem(tls)] if tls else []}
    if behind:
        extensions["peer"] = peer
    return {
        "type": "http",
        "client": (behind or peer, 0 if behind else 4711),
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers],
        "extensions": extensions,
    }


def der64(shown: x509.Certificate) -> str:
    return base64.b64encode(shown.public_bytes(Encoding.DER)).decode()


def rfc9440(shown: x509.Certificate) -> tuple[str, str]:
    return "Client-Cert", f":{der64(shown)}:"


def ssl_client_cert(shown: x509.Certificate) -> tuple[str, str]:
    return "SSLClientCert", quote(shown.public_bytes(Encoding.PEM).decode())


def names(subject: str = SUBJECT, issuer: str = ISSUER, sno: str = f"{SERIAL:016x}") -> str:
    dates = "validfrom=Jan 01 00:00:00 2026 GMT&validto=Jun 19 00:00:00 2028 CEST"
    return f"sno={sno}&subject={subject}&{dates}&issuer={issuer}"


def ec_names(value: str = names()) -> tuple[str, str]:
    return "Client-Cert", value


EVERY_FORM = [
    pytest.param(rfc9440(MINE), MINE, id="rfc9440"),
    pytest.param(ssl_client_cert(MINE), MINE, id="ssl-client-cert"),
    pytest.param(ec_names(), NAMED, id="ec-names"),
]


def refusal(find: CallerFinder, scope: dict[str, Any]) -> str:
    with pytest.raises(SmlError) as caught:
        find(scope, "request-1")
    assert caught.value.code == 102
    return str(caught.value)


def counted(form: str, outcome: str) -> float:
    return float(telemetry.sml_identity_headers_total.labels(form, outcome)._value.get())


# The connection itself


def test_the_certificate_of_tls_is_the_callers() -> None:
    caller = finder()(request(DIRECT, tls="SMP-MINE"), "request-1")
    assert (caller.certificate, caller.request_id, caller.address) == (MINE, "request-1", DIRECT)


def test_a_client_of_tls_without_a_certificate_has_none() -> None:
    assert finder(*FORMS)(request(DIRECT, tls=""), "r").certificate is None


@pytest.mark.parametrize(("header", "expected"), EVERY_FORM)
def test_no_header_counts_by_default(header: tuple[str, str], expected: x509.Certificate) -> None:
    """Not even that of somebody who is in the network of the proxies; what TLS has counts as if it weren't there."""
    del expected
    find = finder()
    assert find(request(PROXY, header), "r").certificate is None
    assert find(request(DIRECT, header, tls="SMP-OTHER"), "r").certificate == OTHER


def test_a_dropped_header_is_counted() -> None:
    before = counted("rfc9440", "switched off")
    finder("ssl-client-cert")(request(PROXY, rfc9440(MINE)), "r")
    assert counted("rfc9440", "switched off") == before + 1


# Proxies


@pytest.mark.parametrize(("header", "expected"), EVERY_FORM)
def test_a_proxy_on_the_plain_listener_is_believed(header: tuple[str, str], expected: x509.Certificate) -> None:
    caller = finder(*FORMS)(request(PROXY, header, behind="203.0.113.9"), "r")
    assert caller.certificate == expected
    assert caller.address == "203.0.113.9"


@pytest.mark.parametrize(("header", "expected"), EVERY_FORM)
def test_a_proxy_that_shows_its_certificate_is_believed_over_tls(
    header: tuple[str, str], expected: x509.Certificate
) -> None:
    assert finder(*FORMS)(request(PROXY, header, tls="proxy"), "r").certificate == expected


@pytest.mark.parametrize(("header", "expected"), EVERY_FORM)
@pytest.mark.parametrize("tls", [None, "", "SMP-OTHER", "proxy"], ids=["plain", "nobody", "smp", "stolen"])
def test_somebody_elsewhere_is_not_believed(
    header: tuple[str, str], expected: x509.Certificate, tls: str | None
) -> None:
    """Also beside a certificate of his own, where one of the two would be a lie; and with that of the proxy."""
    del expected
    assert "not a proxy" in refusal(finder(*FORMS), request(DIRECT, header, tls=tls))


@pytest.mark.parametrize("tls", ["", "SMP-OTHER"], ids=["nobody", "smp"])
def test_over_tls_the_address_of_a_proxy_is_not_enough(tls: str) -> None:
    """Other programs run on its machine, and in its network."""
    assert "its own certificate" in refusal(finder(*FORMS), request(PROXY, rfc9440(MINE), tls=tls))


def test_it_is_the_proxys_own_address_that_counts_and_not_what_it_tells_of_its_client() -> None:
    assert "not a proxy" in refusal(finder(*FORMS), request(DIRECT, rfc9440(MINE), behind=PROXY))


def test_the_certificate_of_a_proxy_is_nobodys() -> None:
    """Its client showed none, so that it doesn't come in as the proxy."""
    assert finder(*FORMS)(request(PROXY, tls="proxy"), "r").certificate is None
    assert finder(*FORMS)(request(PROXY, ("Client-Cert", ""), tls="proxy"), "r").certificate is None


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param((rfc9440(OTHER), rfc9440(MINE)), id="appended to a forged one"),
        pytest.param((rfc9440(MINE), rfc9440(MINE)), id="the same twice"),
        pytest.param((rfc9440(OTHER), ssl_client_cert(MINE)), id="two forms"),
        pytest.param((ec_names(), rfc9440(MINE)), id="two forms of one header"),
        pytest.param((("Client-Cert", PLACEHOLDER), ssl_client_cert(MINE)), id="unreadable and forged"),
    ],
)
def test_several_headers_are_refused_whichever_is_right(headers: tuple[tuple[str, str], ...]) -> None:
    assert "there are 2" in refusal(finder(*FORMS), request(PROXY, *headers))


def test_a_header_of_a_form_that_is_off_is_dropped_beside_one_that_is_on() -> None:
    find = finder("rfc9440")
    scope = request(PROXY, ssl_client_cert(OTHER), ec_names(), rfc9440(MINE))
    assert find(scope, "r").certificate == MINE


def test_the_chain_is_never_read() -> None:
    scope = request(PROXY, ("Client-Cert-Chain", f":{der64(MINE)}:"))
    assert finder(*FORMS)(scope, "r").certificate is None


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(PLACEHOLDER, id="placeholder of Caddy"),
        pytest.param(PLACEHOLDER.strip(":"), id="placeholder alone"),
        pytest.param("", id="empty"),
        pytest.param(":", id="a colon"),
        pytest.param("::", id="an empty sequence"),
        pytest.param("(null)", id="null"),
        pytest.param("-", id="a dash"),
        pytest.param(":not base64:", id="no base64"),
        pytest.param(":AAAA:", id="no certificate"),
        pytest.param(f":{der64(MINE)}", id="not closed"),
        pytest.param(der64(MINE), id="without colons"),
        pytest.param(f'"{der64(MINE)}"', id="a text"),
        pytest.param(f":{der64(MINE)}:, :{der64(OTHER)}:", id="two, joined"),
        pytest.param(f":{der64(MINE)[:-8]}:", id="cut off"),
        pytest.param(f":{der64(MINE)}AAAA:", id="more behind it"),
        pytest.param(f":{der64(MINE)}:;x=1", id="with a parameter"),
        pytest.param(f":{der64(MINE)} :", id="with a blank"),
        pytest.param(":" + "A" * 300_000 + ":", id="huge"),
    ],
)
def test_what_cannot_be_read_is_no_certificate(value: str) -> None:
    assert finder("rfc9440", "ec-names")(request(PROXY, ("Client-Cert", value)), "r").certificate is None


# SSLClientCert


def spellings() -> dict[str, str]:
    text = MINE.public_bytes(Encoding.PEM).decode()
    return {
        "url-encoded": quote(text),
        "wholly url-encoded": quote(text, safe=""),
        "folded by blanks": text.replace("\n", " "),
        "folded by tabs": text.replace("\n", "\t"),
        "escaped lines": text.replace("\n", "\\n"),
        "base64 of der": der64(MINE),
        "base64 of der, url-encoded": quote(der64(MINE), safe=""),
        "base64 in lines": " ".join(der64(MINE)[at : at + 64] for at in range(0, 2000, 64)).strip(),
    }


@pytest.mark.parametrize("spelling", spellings())
def test_ssl_client_cert_in_the_spellings_of_proxies(spelling: str) -> None:
    assert read_pem_header(spellings()[spelling]) == MINE


@pytest.mark.parametrize("value", ["", "(null)", "{http.request.tls.client.certificate_pem}", "-----BEGIN", "%zz"])
def test_ssl_client_cert_that_is_none(value: str) -> None:
    assert finder(*FORMS)(request(PROXY, ("SSLClientCert", value)), "r").certificate is None


def test_two_certificates_in_one_ssl_client_cert_are_none() -> None:
    both = quote((MINE.public_bytes(Encoding.PEM) + OTHER.public_bytes(Encoding.PEM)).decode())
    assert read_pem_header(both) is None


# The names form


def encoded(text: str) -> str:
    return "&".join(f"{name}={quote_plus(value)}" for name, value in (part.split("=", 1) for part in text.split("&!")))


FIELDS = "&!".join(
    [
        f"sno={SERIAL:016x}",
        f"subject={SUBJECT}",
        "validfrom=Jan 01 00:00:00 2026 GMT",
        "validto=Jun 19 00:00:00 2028 GMT",
        f"issuer={ISSUER}",
    ]
)
REORDERED = (
    r"EMAILADDRESS=CEF-EDELIVERY-SUPPORT@ec.europa.eu, C=BE, O=Smith & Sons\, Ltd, OU=CEF_eDelivery.europa.eu, CN=SMP_1"
)


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(names(), id="plain, zone CEST"),
        pytest.param(encoded(FIELDS), id="each value url-encoded"),
        pytest.param(quote_plus(FIELDS.replace("&!", "&")), id="the whole url-encoded"),
        pytest.param(names(REORDERED), id="e-mail first, blanks behind commas"),
        pytest.param(names(SUBJECT.replace("EMAILADDRESS=", "E=")), id="E for the e-mail"),
        pytest.param(names(SUBJECT.replace("EMAILADDRESS=", "emailAddress=")), id="emailAddress as OpenSSL has it"),
        pytest.param(names(SUBJECT.replace("EMAILADDRESS=", "1.2.840.113549.1.9.1=")), id="its number"),
        pytest.param(names(SUBJECT.replace("EMAILADDRESS=", "OID.1.2.840.113549.1.9.1=")), id="its number as in Java"),
        pytest.param(names(sno="48:B6:81:EE:8E:0D:CC:08"), id="serial number with colons"),
        pytest.param(names(sno="0x48b681ee8e0dcc08"), id="serial number with 0x"),
        pytest.param(names(sno="000048B681EE8E0DCC08"), id="more zeros in front"),
        pytest.param(names() + "&policy_oids=1.3.130.0.2018.895,1.2.3", id="with policies"),
        pytest.param(f"issuer={ISSUER}&subject={SUBJECT}&sno={SERIAL:x}", id="another order, without dates"),
        pytest.param(names(issuer=ISSUER.lower()), id="letter case of the issuer"),
    ],
)
def test_names_in_the_spellings_of_proxies(value: str) -> None:
    assert finder("ec-names")(request(PROXY, ("Client-Cert", value)), "r").certificate == NAMED


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(names(sno=f"{SERIAL + 1:x}"), id="another serial number"),
        pytest.param(names(SUBJECT.replace("SMP_1", "SMP_2")), id="another subject"),
        pytest.param(names(SUBJECT.replace("C=BE,", "")), id="a part of the subject"),
        pytest.param(names(SUBJECT + ",OU=more"), id="more than the subject"),
        pytest.param(names(issuer="CN=Evil CA"), id="another issuer"),
    ],
)
def test_names_that_nobody_registered_are_refused(value: str) -> None:
    before = counted("ec-names", "unknown")
    assert "No registered certificate" in refusal(finder("ec-names"), request(PROXY, ("Client-Cert", value)))
    assert counted("ec-names", "unknown") == before + 1


MALICIOUS = f"CN=x&sno={SERIAL:x}&subject={SUBJECT}&issuer={ISSUER}"


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(names(MALICIOUS), id="a subject that brings its own fields"),
        pytest.param(names(f"CN=x&issuer={ISSUER}"), id="a subject with an issuer"),
        pytest.param(f"{names()},{names(sno='1')}", id="a proxy that joins two headers"),
        pytest.param(f"{names()}&policy_oids=1.2,{quote_plus(names(sno='1'))}", id="joined behind policies"),
        pytest.param(f"{names().replace('CEST', ', ' + quote_plus(names()))}", id="joined behind a date"),
        pytest.param(
            f"sno={SERIAL:x}&issuer={ISSUER}&subject={SUBJECT}&validto=,{quote_plus(names())}", id="at the end"
        ),
        pytest.param(names(sno=""), id="no serial number"),
        pytest.param(names(sno="0x"), id="not even a digit"),
        pytest.param(names(sno="-1"), id="a sign"),
        pytest.param(names(sno="1" * 99), id="too long a serial number"),
        pytest.param(names(subject=""), id="no subject"),
        pytest.param(f"sno={SERIAL:x}&subject={SUBJECT}", id="no issuer"),
        pytest.param("x&" + names(), id="something before it"),
        pytest.param(names() + " " * 9_000, id="too long"),
    ],
)
def test_names_that_are_not_what_they_should_be_are_no_certificate(value: str) -> None:
    assert read_names(value) is None


@given(st.text())
def test_no_text_of_a_header_breaks_the_readers(text: str) -> None:
    for read in (read_byte_sequence, read_pem_header):
        assert read(text) is None
    found = read_names(text)
    assert found is None or (found.serial and found.subject and found.issuer)


@given(st.text(alphabet="sno=&ubjectir%20,CN:0", max_size=60), st.text(alphabet="&=%sno26ie ru", max_size=60))
def test_no_subject_changes_who_is_meant(before: str, after: str) -> None:
    """Whatever stands in a subject, the serial number and the issuer stay those that the proxy wrote, or nobody is."""
    found = read_names(f"sno=0abc&subject={before}CN=x{after}&issuer=CN=CA")
    assert found is None or (found.serial, found.issuer) == ("abc", "CN=CA")


_CLAIMS = [
    *(("rfc9440", rfc9440(each)) for each in (MINE, OTHER)),
    *(("ssl-client-cert", ssl_client_cert(each)) for each in (MINE, OTHER)),
    ("ec-names", ec_names()),
    ("ec-names", ec_names(names(sno="1"))),
    ("rfc9440", ("Client-Cert", PLACEHOLDER)),
    ("ec-names", ("Client-Cert", "")),
    ("none", ("Client-Cert-Chain", f":{der64(MINE)}:")),
]
_WHAT = {rfc9440(MINE): MINE, rfc9440(OTHER): OTHER, ec_names(): NAMED}
_WHAT |= {ssl_client_cert(each): each for each in (MINE, OTHER)}


@given(
    st.sets(st.sampled_from(FORMS)),
    st.lists(st.sampled_from(_CLAIMS), max_size=3),
    st.sampled_from([PROXY, DIRECT]),
    st.sampled_from([None, "", "SMP-OTHER", "proxy"]),
    st.sampled_from([None, PROXY, DIRECT]),
)
def test_nobody_is_anybody_but_by_tls_or_by_the_one_word_of_a_proxy(
    forms: set[str], claims: list[tuple[str, tuple[str, str]]], peer: str, tls: str | None, behind: str | None
) -> None:
    scope = request(peer, *(header for _, header in claims), tls=tls, behind=behind)
    try:
        got = finder(*forms)(scope, "r").certificate
    except SmlError:
        return
    words = [header for form, header in claims if form in forms and header[1]]
    if not words:
        assert got == (OTHER if tls == "SMP-OTHER" else None)
        return
    assert peer == PROXY
    assert tls in {None, "proxy"}
    assert len(words) == 1
    assert got == _WHAT.get(words[0])
