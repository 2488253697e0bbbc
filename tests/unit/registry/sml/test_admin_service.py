# SPDX-License-Identifier: Apache-2.0
"""What an administrator does over the admin service counts at once for SMPs, and is the same as by REST."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from registry.accounts.accounts import Kind, create_account
from registry.accounts.credentials import add_certificate
from registry.accounts.grants import give_grant
from registry.accounts.permissions import SYSTEM, Role, Scope
from registry.app.domain_setup import add_domain, change_domain
from registry.app.sml_admin import sml_admin_service
from registry.demo.pki import SMP_UNIT, Authority, certificates_pem, new_ec_key, new_root
from registry.dns.records import naptr_rrset
from registry.errors import (
    AlreadyExistsError,
    ConfigurationError,
    ConflictError,
    NotFoundError,
    RegistryError,
    UnauthorizedError,
    ValidationError,
)
from registry.identifiers.participant import ISO6523, ParticipantIdentifier
from registry.sml.admin_model import (
    Alias,
    DnsName,
    DnsRecord,
    NewPublisherCertificate,
    NewSubDomainCertificate,
    Nothing,
    Property,
    ReportRequest,
    SubDomain,
    SubDomainCertificateChange,
    SubDomainCertificateFilter,
    SubDomainName,
    TruststoreCertificate,
)
from registry.sml.admin_service import SmlAdminService
from registry.sml.errors import SmlError
from registry.sml.model import Caller, Publisher
from registry.storage.queries import jobs
from registry.trust.model import configuration_of
from tests.simulators.audit import all_events
from tests.simulators.offline import ACTOR, OfflineInstance
from trust_lists.certificates.parsing import fingerprint
from trust_lists.evaluation.trust_configuration import to_json

ZONE = "sml.test"
SUB = SubDomain(
    name="sub.sml.test",
    description="A network below",
    zone=ZONE,
    participants="^(0088|0192):[0-9]+$",
    records="naptr",
    url_schemes="https",
    subjects="CN=SMP_.*",
    max_participants=2,
    max_participants_per_publisher=1,
)


@dataclass(frozen=True, slots=True)
class Admins:
    """The service on an instance, and its callers: of the system, of the domain, of nothing."""

    offline: OfflineInstance
    service: SmlAdminService
    system: Caller
    domain: Caller
    nothing: Caller


@pytest.fixture
def admins(offline: OfflineInstance) -> Admins:
    def account(name: str, scope: Scope | None) -> Caller:
        certificate = issued(offline, offline.pki.smp_ca, name)
        made = create_account(offline.instance.database, ACTOR, Kind.PROGRAM, name)
        add_certificate(offline.instance.database, ACTOR, made.id, certificates_pem(certificate))
        if scope is not None:
            give_grant(offline.instance.database, ACTOR, made.id, Role.ADMIN, scope)
        return Caller(certificate, "request-3")

    service = sml_admin_service(offline.instance)
    domain = Scope(offline.stored.id)
    return Admins(offline, service, account("root", SYSTEM), account("of-demo", domain), account("idle", None))


def issued(offline: OfflineInstance, authority: Authority, name: str = "SMP_NEW0001") -> x509.Certificate:
    now = offline.clock.now
    return authority.issue(
        name, SMP_UNIT, not_before=now - timedelta(days=1), not_after=now + timedelta(days=90), key=new_ec_key()
    ).certificate


def der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


def refusal(act: Callable[[], object], kind: type[RegistryError]) -> str:
    with pytest.raises(kind) as caught:
        act()
    return str(caught.value)


def registers(offline: OfflineInstance, certificate: x509.Certificate, smp_id: str = "SMP-SUB") -> None:
    offline.instance.directory.refresh()
    publisher = Publisher(smp_id, "https://smp.example.org/", "192.0.2.1")
    offline.instance.sml.create_publisher(offline.caller(certificate), publisher)


def root_of(sub_domain: str, certificate: x509.Certificate, *, is_root: bool = True) -> NewSubDomainCertificate:
    return NewSubDomainCertificate(sub_domain, is_root=is_root, is_admin=False, certificate=der(certificate))


# Sub-domains


def test_sub_domain_is_as_it_was_asked_for(admins: Admins) -> None:
    made = admins.service.create_sub_domain(admins.system, SUB)
    assert made == replace(SUB, zone=SUB.name)
    assert admins.service.get_sub_domain(admins.system, SubDomainName("SUB.sml.test.")) == made
    stored = admins.offline.instance.directory.get("sub-sml-test")
    model = admins.offline.stored.domain
    assert stored.domain.dns.name_servers == model.dns.name_servers
    assert stored.domain.dns.zone == SUB.name
    assert not stored.domain.default


def test_smps_of_a_new_sub_domain_live_by_its_rules(admins: Admins) -> None:
    offline, service = admins.offline, admins.service
    service.create_sub_domain(admins.system, SUB)
    authority = new_root(offline.clock.now - timedelta(days=30), "Sub Root TEST CA")
    smp = issued(offline, authority)
    with pytest.raises(SmlError, match="ERR-101"):
        registers(offline, smp)
    service.add_sub_domain_certificate(admins.system, root_of(SUB.name, authority.certificate))
    with pytest.raises(SmlError, match="ERR-101"):
        registers(offline, issued(offline, authority, "OTHER"))
    registers(offline, smp)
    create, caller = offline.instance.sml.create_participants, offline.caller(smp)
    with pytest.raises(SmlError, match="ERR-106"):
        create(caller, "SMP-SUB", [ParticipantIdentifier(ISO6523, "9915:1")])
    create(caller, "SMP-SUB", [ParticipantIdentifier(ISO6523, "0192:991825827")])


def test_sub_domain_is_made_after_the_domain_in_whose_zone_it_is(admins: Admins) -> None:
    instance = admins.offline.instance
    settings = {
        "name": "second",
        "dns": {"zone": "second.test", "name_servers": ["ns.second.example"]},
        "sml": {"enabled": True, "wildcard_owners": {ISO6523: ["SMP-X"]}},
    }
    model = add_domain(instance, ACTOR, "peppol-test", settings).domain
    admins.service.create_sub_domain(admins.system, replace(SUB, name="sub.second.test", zone="second.test"))
    made = instance.directory.get("sub-second-test").domain
    assert (made.profile, made.dns.name_servers) == ("peppol-test", ("ns.second.example",))
    assert made.identifiers.participant.schemes.keys() == model.identifiers.participant.schemes.keys()
    assert made.sml.wildcard_owners == {}
    assert made.trust.trusts_nobody("sml-client")


def test_sub_domain_is_within_the_zone_that_is_named(admins: Admins) -> None:
    wrong = replace(SUB, zone="example.org")
    told = refusal(lambda: admins.service.create_sub_domain(admins.system, wrong), ValidationError)
    assert "DNSZone is sub.sml.test itself, or a zone above it" in told


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"records": "cname"}, "DNSRecordType is naptr or all"),
        ({"url_schemes": "ftp"}, "SmpUrlScheme is http, https or all"),
        ({"policies": "1.2.3.4"}, "CertPolicyOIDs is said by a trust model"),
    ],
    ids=["records", "schemes", "policies"],
)
def test_what_settings_can_not_say_is_refused(admins: Admins, change: dict[str, str], told: str) -> None:
    assert told in refusal(
        lambda: admins.service.create_sub_domain(admins.system, replace(SUB, **change)), ValidationError
    )
    update = SubDomain(ZONE, **change)
    assert told in refusal(lambda: admins.service.update_sub_domain(admins.system, update), ValidationError)


def test_pattern_that_is_none_is_refused_with_its_place(admins: Admins) -> None:
    wrong = replace(SUB, participants="(")
    assert "pattern" in refusal(lambda: admins.service.create_sub_domain(admins.system, wrong), ConfigurationError)


def test_sub_domain_is_there_once(admins: Admins) -> None:
    admins.service.create_sub_domain(admins.system, SUB)
    refusal(lambda: admins.service.create_sub_domain(admins.system, SUB), AlreadyExistsError)


def test_update_changes_what_it_names_and_nothing_else(admins: Admins) -> None:
    service = admins.service
    before = service.get_sub_domain(admins.domain, SubDomainName(ZONE))
    after = service.update_sub_domain(admins.domain, SubDomain(ZONE, url_schemes="https", max_participants=7))
    assert after == replace(before, url_schemes="https", max_participants=7)
    again = service.update_sub_domain(admins.domain, SubDomain(ZONE, participants="0088:.*"))
    assert again == replace(after, participants="0088:.*")
    assert service.update_sub_domain(admins.domain, SubDomain(ZONE, participants="*")).participants == "^.*$"


def test_deleted_sub_domain_is_served_no_more_and_can_be_taken_up_again(admins: Admins) -> None:
    service, offline = admins.service, admins.offline
    service.create_sub_domain(admins.system, SUB)
    service.delete_sub_domain(admins.system, SubDomainName(SUB.name))
    refusal(lambda: service.get_sub_domain(admins.system, SubDomainName(SUB.name)), NotFoundError)
    assert not offline.instance.directory.get("sub-sml-test").domain.sml.enabled
    again = service.create_sub_domain(admins.system, replace(SUB, max_participants=9))
    assert again == replace(SUB, zone=SUB.name, max_participants=9)


def test_sub_domain_with_smps_stays(admins: Admins) -> None:
    told = refusal(lambda: admins.service.delete_sub_domain(admins.system, SubDomainName(ZONE)), ConflictError)
    assert told == "the sub-domain sml.test has SMPs: 1"


# Certificates


def test_leaf_certificate_lets_its_bearer_in(admins: Admins) -> None:
    offline, service = admins.offline, admins.service
    service.create_sub_domain(admins.system, SUB)
    leaf = issued(offline, new_root(offline.clock.now - timedelta(days=30)), "HOSPITAL")
    added = service.add_sub_domain_certificate(admins.system, root_of(SUB.name, leaf, is_root=False))
    assert (added.sub_domain, added.is_root, added.is_admin) == (SUB.name, False, False)
    assert added.identifier.startswith("CN=HOSPITAL,O=")
    assert added.identifier.endswith(f":{leaf.serial_number:016x}")
    registers(offline, leaf)
    assert service.list_sub_domain_certificates(admins.system, SubDomainCertificateFilter("hospital")) == [added]
    assert service.list_sub_domain_certificates(admins.domain, SubDomainCertificateFilter("hospital")) == []


def test_certificate_goes_to_another_sub_domain(admins: Admins) -> None:
    service = admins.service
    service.create_sub_domain(admins.system, SUB)
    authority = new_root(admins.offline.clock.now, "Moving Root TEST CA").certificate
    added = service.add_sub_domain_certificate(admins.system, root_of(ZONE, authority))
    change = SubDomainCertificateChange(added.identifier.lower(), sub_domain=SUB.name)
    moved = service.update_sub_domain_certificate(admins.system, change)
    assert moved.sub_domain == SUB.name
    listed = service.list_sub_domain_certificates(admins.system, SubDomainCertificateFilter("Moving"))
    assert [each.sub_domain for each in listed] == [SUB.name]
    with pytest.raises(SmlError, match="ERR-115"):
        service.update_sub_domain_certificate(admins.system, SubDomainCertificateChange("CN=Nobody:00"))


def test_same_certificate_once_more_is_told(admins: Admins) -> None:
    authority = new_root(admins.offline.clock.now).certificate
    for is_root in (True, False):
        request = root_of(ZONE, authority, is_root=is_root)
        admins.service.add_sub_domain_certificate(admins.system, request)
        refusal(
            lambda again=request: admins.service.add_sub_domain_certificate(admins.system, again), AlreadyExistsError
        )


def test_no_certificate_makes_an_administrator(admins: Admins) -> None:
    request = replace(root_of(ZONE, new_root(admins.offline.clock.now).certificate), is_admin=True)
    told = refusal(lambda: admins.service.add_sub_domain_certificate(admins.system, request), ValidationError)
    assert "registry account add-certificate" in told


def test_truststore_certificate_stands_in_paths_and_lets_nobody_in(admins: Admins) -> None:
    offline, service = admins.offline, admins.service
    foreign = new_root(offline.clock.now - timedelta(days=30), "Foreign Root TEST CA")
    added = service.add_truststore_certificate(
        admins.domain, TruststoreCertificate(der(foreign.certificate), "whatever")
    )
    digest = fingerprint(foreign.certificate)[:12]
    assert added == TruststoreCertificate(der(foreign.certificate), f"sml.test:foreign-root-test-ca-{digest}")
    with pytest.raises(SmlError, match="ERR-101"):
        registers(offline, issued(offline, foreign))
    # Those who were let in are so still.
    assert offline.instance.sml.list_participants(offline.caller(), "SMP-TEST", None).participants == ()
    alias = Alias(added.alias)
    assert service.get_truststore_certificate(admins.domain, alias) == added
    assert alias in service.list_truststore_aliases(admins.domain, Alias("foreign"))
    assert service.delete_truststore_certificate(admins.domain, alias) == added
    assert service.list_truststore_aliases(admins.domain, Alias("foreign")) == []


def test_anchor_that_is_deleted_from_the_truststore_lets_nobody_in_any_more(admins: Admins) -> None:
    offline, service = admins.offline, admins.service
    aliases = service.list_truststore_aliases(admins.system, Alias(None))
    (root,) = (each for each in aliases if each.alias and "demo-root" in each.alias)
    service.delete_truststore_certificate(admins.system, root)
    with pytest.raises(SmlError, match="ERR-101"):
        offline.instance.sml.read_publisher(offline.caller(), "SMP-TEST")


def test_alias_says_which_of_several_sub_domains_is_meant(admins: Admins) -> None:
    service = admins.service
    service.create_sub_domain(admins.system, SUB)
    certificate = der(new_root(admins.offline.clock.now).certificate)
    told = refusal(
        lambda: service.add_truststore_certificate(admins.system, TruststoreCertificate(certificate)), ValidationError
    )
    assert "sml.test, sub.sml.test" in told
    added = service.add_truststore_certificate(admins.system, TruststoreCertificate(certificate, "SUB.sml.test:x"))
    assert added.alias
    assert added.alias.startswith("sub.sml.test:")


def test_trust_model_is_not_changed_from_here(admins: Admins) -> None:
    offline, service = admins.offline, admins.service
    tree = to_json(configuration_of(offline.stored.domain))
    texts = {"configuration": {**tree, "stores": tree["stores"]}}
    change_domain(offline.instance, ACTOR, "demo", {"trust": texts})
    request = root_of(ZONE, new_root(offline.clock.now).certificate)
    told = refusal(lambda: service.add_sub_domain_certificate(admins.system, request), ConflictError)
    assert "is said by its trust model" in told
    update = SubDomain(ZONE, subjects="CN=X")
    assert told == refusal(lambda: service.update_sub_domain(admins.system, update), ConflictError)
    assert service.list_sub_domain_certificates(admins.system, SubDomainCertificateFilter()) != []


def test_changed_certificate_speaks_at_once_and_alone(admins: Admins) -> None:
    offline, service = admins.offline, admins.service
    new = issued(offline, offline.pki.smp_ca)
    for _ in range(2):
        assert service.change_certificate(admins.domain, NewPublisherCertificate("SMP-TEST", der(new))) == Nothing()
    read = offline.instance.sml.read_publisher
    assert read(offline.caller(new), "SMP-TEST").smp_id == "SMP-TEST"
    with pytest.raises(SmlError, match="ERR-101"):
        read(offline.caller(), "SMP-TEST")


def test_certificate_is_changed_after_the_former_one_has_expired(admins: Admins) -> None:
    """Where PrepareChangeCertificate can't be called any more (sml.md §1.3)."""
    offline = admins.offline
    offline.clock.now = offline.pki.smp.certificate.not_valid_after_utc - timedelta(days=40)
    account = create_account(offline.instance.database, ACTOR, Kind.PROGRAM, "late")
    offline.clock.forward(days=60)
    admin = issued(offline, offline.pki.smp_ca, "late")
    add_certificate(offline.instance.database, ACTOR, account.id, certificates_pem(admin))
    give_grant(offline.instance.database, ACTOR, account.id, Role.ADMIN, SYSTEM)
    new = issued(offline, offline.pki.smp_ca)
    admins.service.change_certificate(Caller(admin, "r"), NewPublisherCertificate("SMP-TEST", der(new)))
    assert offline.instance.sml.read_publisher(offline.caller(new), "SMP-TEST").smp_id == "SMP-TEST"


# DNS


def test_record_is_added_to_those_of_its_name_and_removed_with_them(admins: Admins) -> None:
    service, offline = admins.service, admins.offline
    first = DnsRecord("a", "custom.sml.test.", "SML.test", "192.0.2.1")
    assert service.add_dns_record(admins.domain, first) == replace(first, rdtype="A")
    service.add_dns_record(admins.domain, replace(first, value="192.0.2.2"))
    assert offline.zone_state()["custom", "A"] == "3600 192.0.2.1\n3600 192.0.2.2"
    removed = service.delete_dns_records(admins.domain, DnsName("custom.sml.test", ZONE))
    assert [(each.rdtype, each.name, each.zone, each.value) for each in removed] == [
        ("A", "custom.sml.test", ZONE, "192.0.2.1"),
        ("A", "custom.sml.test", ZONE, "192.0.2.2"),
    ]
    assert ("custom", "A") not in offline.zone_state()
    assert service.delete_dns_records(admins.domain, DnsName("custom.sml.test", ZONE)) == []


def test_naptr_record_is_like_that_of_a_participant(admins: Admins) -> None:
    url, name = "https://smp.example.org/a?b=1", "custom.sml.test"
    record = DnsRecord("NAPTR", name, ZONE, f"!.*!{url}!")
    admins.service.add_dns_record(admins.domain, record)
    same = naptr_rrset("custom", url, ["Meta:SMP"], 3600)
    assert admins.offline.zone_state()["custom", "NAPTR"] == same.to_text()
    assert admins.service.delete_dns_records(admins.domain, DnsName(name, ZONE)) == [
        replace(record, service="Meta:SMP")
    ]


def test_record_that_would_break_the_zone_is_refused(admins: Admins) -> None:
    for record in (DnsRecord("A", "x.sml.test", ZONE, "nonsense"), DnsRecord("CNAME", "sml.test", ZONE, "x.example")):
        refusal(lambda wrong=record: admins.service.add_dns_record(admins.domain, wrong), ValidationError)


def test_name_goes_into_the_nearest_zone(admins: Admins) -> None:
    admins.service.create_sub_domain(admins.system, SUB)
    record = DnsRecord("A", "x.sub.sml.test", ZONE, "192.0.2.1")
    admins.service.add_dns_record(admins.system, record)
    assert ("x.sub", "A") not in admins.offline.zone_state()
    assert admins.service.delete_dns_records(admins.system, DnsName("x.sub.sml.test", SUB.name)) == [
        replace(record, zone=SUB.name)
    ]


# The report, what there is not, and who may


def test_report_is_a_job_and_the_answer_says_where_it_will_be(admins: Admins) -> None:
    answer = admins.service.generate_inconsistency_report(admins.domain, ReportRequest("ops@example.org"))
    with admins.offline.instance.database.read() as connection:
        assert jobs.counts(connection, admins.offline.clock.now).waiting == 1
    assert "nothing is sent by mail" in answer.text
    assert "registry job show" in answer.text
    assert len(answer.text) <= 253


def test_properties_and_caches_there_are_not(admins: Admins) -> None:
    key = Property("paginationListRequest", "50")
    for ask in (admins.service.set_property, admins.service.get_property, admins.service.delete_property):
        assert "registry domain change" in refusal(lambda ask=ask: ask(admins.system, key), NotFoundError)
    assert "no cache" in refusal(lambda: admins.service.clear_cache(admins.system, Nothing()), ConflictError)


def test_sub_domain_of_another_is_told_as_one_that_there_is_not(admins: Admins) -> None:
    admins.service.create_sub_domain(admins.system, SUB)
    get = admins.service.get_sub_domain
    told = {refusal(lambda n=n: get(admins.domain, SubDomainName(n)), UnauthorizedError) for n in (SUB.name, "none")}
    assert len(told) == 1


def test_nobody_is_an_administrator_by_a_certificate_alone(admins: Admins) -> None:
    callers = (admins.nothing, admins.offline.caller(), Caller(None, "r"))
    for caller in callers:
        refusal(lambda who=caller: admins.service.get_sub_domain(who, SubDomainName(ZONE)), UnauthorizedError)
        refusal(lambda who=caller: admins.service.create_sub_domain(who, SUB), UnauthorizedError)


def test_what_an_administrator_does_is_audited_under_its_account(admins: Admins) -> None:
    admins.service.update_sub_domain(admins.domain, SubDomain(ZONE, max_participants=5))
    (event,) = all_events(admins.offline.instance.database, "domains:domain:update")
    assert event.actor.endswith("of-demo")
    assert event.request_id == "request-3"


def test_two_who_add_a_certificate_at_once_have_both_added_it(admins: Admins) -> None:
    authorities = [new_root(admins.offline.clock.now, f"Root {number} TEST CA").certificate for number in range(6)]
    add = admins.service.add_sub_domain_certificate
    with ThreadPoolExecutor(len(authorities)) as pool:
        list(pool.map(lambda each: add(admins.system, root_of(ZONE, each)), authorities))
    listed = admins.service.list_sub_domain_certificates(admins.system, SubDomainCertificateFilter("Root"))
    assert {f"CN=Root {number} TEST CA" for number in range(6)} <= {each.identifier.split(",")[0] for each in listed}
