# SPDX-License-Identifier: Apache-2.0
"""A DomiSML database as one finds it after years: what its own rules forbid, and all of which there is little."""

from dataclasses import dataclass

from cryptography import x509

from registry.demo.pki import DemoPki
from tests.simulators.domisml_database import SCHEME, ZONE, DomiSml, tomorrow

OTHER_ZONE = "health.example.org"
"""A sub-domain whose old zone is the one above it."""
BIG, SMALL, CLOSED, BROKEN = "SMP-Big", "smp-small", "SMP-CLOSED", "SMP-BROKEN"
PATTERN = r"^((0088|0192|9999):[-A-Za-z0-9]+|\*)$"


@dataclass(frozen=True, slots=True)
class Certificates:
    """Certificates of SMPs, and the authority that issued them."""

    authority: x509.Certificate
    big: x509.Certificate
    next: x509.Certificate
    small: x509.Certificate
    closed: x509.Certificate


def certificates_of(pki: DemoPki) -> Certificates:
    """Made for the SMPs here."""
    own = pki.smp.certificate
    window = {"not_before": own.not_valid_before_utc, "not_after": own.not_valid_after_utc}
    made = [
        pki.smp_ca.issue(f"SMP_{name}", "PEPPOL TEST SMP", **window).certificate
        for name in ("BIG", "NEXT", "SMALL", "CLOSED")
    ]
    return Certificates(pki.smp_ca.certificate, *made)


def fill_oddly(database: DomiSml, certificates: Certificates) -> None:
    """Two sub-domains with four SMPs, and with all that is worth a line in the report of a move."""
    root = database.sub_domain(
        participant_id_regexp=PATTERN,
        smp_url_schemas="https",
        domain_max_participant_count=1000,
        smp_max_participant_count=500,
        smp_ia_cert_regexp="^.*CN=SMP_.*$",
    )
    other = database.sub_domain(OTHER_ZONE, dns_zone="example.org", dns_record_types="all", smp_url_schemas="all")
    database.let_in(root, certificates.authority, is_root=True, crl_url="http://crl.example.org/x.crl")
    database.let_in(root, certificates.small, is_root=False, is_admin=1)
    # A leaf that is known by its name alone, and one that no SMP has.
    database.let_in(other, certificates.closed, is_root=False, pem_encoding=None)
    database.insert(
        "bdmsl_certificate_domain",
        certificate="CN=nobody,O=None,C=XX",
        crl_url=None,
        is_admin=0,
        is_root_ca=1,
        fk_subdomain_id=other,
    )
    big, following, small, closed = (
        database.certificate(certificates.big),
        database.certificate(certificates.next),
        database.certificate(certificates.small, with_pem=False),
        database.certificate(certificates.closed),
    )
    database.plan_change(big, following, tomorrow())
    smps = {
        BIG: database.smp(root, big, BIG, endpoint_logical_address="https://big.example.com/smp/"),
        SMALL: database.smp(root, small, SMALL),
        CLOSED: database.smp(other, closed, CLOSED, smp_disabled=1, dns_record_types="all"),
        BROKEN: database.smp(root, small, BROKEN, endpoint_logical_address="http://plain.example.com/"),
    }
    database.insert("bdmsl_allowed_wildcard", scheme="wild-actorid-upis", fk_certificate_id=big)
    database.participant(smps[BIG], "*", "wild-actorid-upis")
    database.participant(smps[BIG], "0088:MixedCase1 ")
    database.participant(smps[BIG], "0088:own", naptr_services="Meta:SMP|Meta:CPPA")
    database.participant(smps[BIG], "0088:off", disabled=1)
    database.participant(smps[BIG], "0088:twice")
    database.participant(smps[BIG], "0088:TWICE")
    database.participant(smps[BIG], "0088:torn")
    database.participant(smps[SMALL], "0088:Torn")
    database.participant(smps[SMALL], "0007:outside")
    database.participant(smps[SMALL], "0088:moving")
    database.participant(smps[SMALL], "0088:moving-on")
    database.participant(smps[BROKEN], "0088:homeless")
    database.participant(smps[CLOSED], "9999:here-and-there")
    database.participant(smps[SMALL], "9999:here-and-there")
    database.participant(smps[CLOSED], "urn:oasis:names:tc:ebcore:partyid-type:iso6523:0088:4035811991021", None)
    database.participant(None, "0088:of-nobody")
    database.migration(SMALL, "0088:moving", "Old!!Key11-old")
    database.migration(SMALL, "0088:Moving", last_updated_on=tomorrow(), new_smp_id=BIG)
    database.migration(BIG, "0088:moving-on")  # whose participant is that of another SMP by now
    database.migration(SMALL, "0088:own", migrated=1, new_smp_id=BIG)
    database.migration("SMP-GONE", "0088:own", "Gone!!Key22-xx")
    database.dns_record(f"www.{ZONE}", "A", "192.0.2.1")
    database.dns_record(f"www.{ZONE}", "A", "192.0.2.2")
    database.dns_record(f"docs.{OTHER_ZONE}.", "CNAME", "docs.example.net", dns_zone="example.org")
    database.dns_record(f"locator.{ZONE}", "NAPTR", "!.*!https://locator.example.org/!", service="Meta:SML")
    database.dns_record("elsewhere.example.org", "A", "192.0.2.3", dns_zone="example.org")
    database.insert("bdmsl_configuration", property="signResponse", value="false")
    database.insert("bdmsl_rev_info", timestamp=1, username="x")
    database.run("CREATE TABLE bdmsl_news (id BIGINT PRIMARY KEY)")
    database.run("INSERT INTO bdmsl_news VALUES (1), (2)")


def key_of(value: str, zone: str = ZONE, scheme: str = SCHEME) -> str:
    """The key of a participant."""
    return f"{zone}/{scheme}::{value}"
