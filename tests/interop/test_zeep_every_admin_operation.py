# SPDX-License-Identifier: Apache-2.0
"""zeep, loaded from the genuine WSDL, drives the nineteen operations of administrators: success, faults, who may what.

ICD 1.30 §3; sml.md §1.1. The fifteen for SMPs are in test_zeep_every_operation.py.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from registry.demo.pki import DemoPki, new_root
from registry.sml.wsdl import BDMSL_ADMIN
from tests.interop.sml_network import (
    METADATA,
    NO_SMP,
    ZONE,
    Make,
    Network,
    expect,
    next_certificate,
    otherwise,
    publisher,
    running_network,
)

pytestmark = pytest.mark.database


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory, pki: DemoPki, corpus: Path, tool: Any) -> Iterator[Network]:
    wsdl = corpus / "sml" / "wsdl-icd-1.30"
    with running_network(tmp_path_factory.mktemp("network"), pki, wsdl, tool.interop_python()) as running:
        yield running


def sub_domain(network: Network) -> dict[str, Any]:
    return {
        "SubDomainName": f"{network.fresh('sub')}.{ZONE}",
        "SubDomainDescription": "a sub-domain",
        "DNSZone": ZONE,
        "ParticipantRegularExpression": "^(0088|0192):.*$",
        "DNSRecordType": "naptr",
        "SmpUrlScheme": "https",
        "CertSubjectRegularExpression": "^.*(CN=SMP_).*$",
        "MaxParticipantCountForDomain": 1000,
        "MaxParticipantCountForSMP": 500,
    }


def made_sub_domain(network: Network) -> dict[str, Any]:
    fields = sub_domain(network)
    made = network.call(BDMSL_ADMIN, "CreateSubDomain", "admin", **fields)
    assert made.fault is None, made
    return {"SubDomainName": fields["SubDomainName"]}


def authority(network: Network) -> bytes:
    return new_root(datetime.now(UTC), network.fresh("Sub Root TEST CA ")).certificate.public_bytes(Encoding.DER)


def new_domain_certificate(network: Network) -> dict[str, Any]:
    return {
        "SubDomainName": ZONE,
        "IsRootCertificate": True,
        "IsAdminCertificate": False,
        "CertificatePublicKey": authority(network),
    }


def made_domain_certificate(network: Network) -> dict[str, Any]:
    added = network.call(BDMSL_ADMIN, "AddSubDomainCertificate", "admin", **new_domain_certificate(network))
    assert added.fault is None, added
    return {"CertificateDomainId": added.result["CertificateDomainId"]}


def made_alias(network: Network) -> dict[str, Any]:
    fields = {"Alias": f"{ZONE}:ours", "CertificatePublicKey": authority(network)}
    added = network.call(BDMSL_ADMIN, "AddTruststoreCertificate", "admin", **fields)
    assert added.fault is None, added
    return {"Alias": added.result["Alias"]}


def new_record(network: Network) -> dict[str, Any]:
    name = f"{network.fresh('custom')}.{ZONE}"
    return {"Type": "A", "Name": name, "DNSZone": ZONE, "Value": "192.0.2.7"}


def made_record(network: Network) -> dict[str, Any]:
    fields = new_record(network)
    added = network.call(BDMSL_ADMIN, "AddDNSRecord", "admin", **fields)
    assert added.fault is None, added
    return {"Name": fields["Name"], "DNSZone": ZONE}


def changed_certificate(network: Network) -> dict[str, Any]:
    smp_id = network.fresh("SMP-CHANGED-")
    assert network.call(METADATA, "Create", "other SMP", **publisher(smp_id)).fault is None
    pem = next_certificate(network)["newCertificatePublicKey"]
    return {"ServiceMetadataPublisherID": smp_id, "newCertificatePublicKey": pem.encode()}


def prop(_: Network) -> dict[str, Any]:
    return {"Key": "dnsClient.enabled"}


NO_ZONE = "[ERR-106] there is no sub-domain sub-none.sml.test"
NONE = {"SubDomainName": "sub-none.sml.test"}
NO_PROPERTY = "[ERR-106] There are no properties"
ADMIN_CASES: list[tuple[str, Make, tuple[Make, str], tuple[Make, str] | None, str]] = [
    # operation, a call that succeeds, a bad request, something missing where NotFound is declared, who needs to be what
    (
        "ChangeCertificate",
        changed_certificate,
        (otherwise(changed_certificate, ServiceMetadataPublisherID="SMP-NONE"), NO_SMP),
        None,
        "domain",
    ),
    (
        "GenerateInconsistencyReport",
        lambda _: {"ReceiverEmailAddress": "ops@example.org"},
        (lambda _: {"ReceiverEmailAddress": " "}, "[ERR-106] "),
        None,
        "domain",
    ),
    (
        "CreateSubDomain",
        sub_domain,
        (otherwise(sub_domain, DNSRecordType="cname"), "[ERR-106] DNSRecordType is naptr or all"),
        None,
        "system",
    ),
    (
        "UpdateSubDomain",
        lambda _: {"SubDomainName": ZONE, "MaxParticipantCountForDomain": 100_000},
        (lambda _: {"SubDomainName": ZONE, "CertPolicyOIDs": "1.2.3"}, "[ERR-106] CertPolicyOIDs is said by"),
        (lambda _: {**NONE, "SmpUrlScheme": "https"}, NO_ZONE),
        "domain",
    ),
    (
        "DeleteSubDomain",
        made_sub_domain,
        (lambda _: {"SubDomainName": ZONE}, f"[ERR-106] the sub-domain {ZONE} has SMPs"),
        (lambda _: NONE, NO_ZONE),
        "made",
    ),
    (
        "GetSubDomain",
        lambda _: {"SubDomainName": ZONE},
        (lambda _: {"SubDomainName": " "}, "[ERR-106] "),
        (lambda _: NONE, NO_ZONE),
        "domain",
    ),
    (
        "AddSubDomainCertificate",
        new_domain_certificate,
        (otherwise(new_domain_certificate, IsAdminCertificate=True), "[ERR-106] no certificate makes an administrator"),
        (otherwise(new_domain_certificate, **NONE), NO_ZONE),
        "domain",
    ),
    (
        "UpdateSubDomainCertificate",
        made_domain_certificate,
        (otherwise(made_domain_certificate, CrlDistributionPoint="http://x.example/crl"), "[ERR-106] CrlDistribution"),
        (lambda _: {"CertificateDomainId": "CN=Nobody:0"}, "[ERR-115] There is no certificate"),
        "domain",
    ),
    (
        "ListSubDomainCertificate",
        lambda _: {"SubDomainName": ZONE},
        (lambda _: {"CertificateDomainId": "x" * 256}, "[ERR-106] "),
        (lambda _: NONE, NO_ZONE),
        "domain",
    ),
    (
        "AddTruststoreCertificate",
        lambda network: {"Alias": f"{ZONE}:x", "CertificatePublicKey": authority(network)},
        (lambda _: {"Alias": f"{ZONE}:x", "CertificatePublicKey": b"none"}, "[ERR-106] "),
        None,
        "domain",
    ),
    (
        "GetTruststoreCertificate",
        made_alias,
        (lambda _: {"Alias": " "}, "[ERR-106] "),
        (lambda _: {"Alias": "nothing"}, "[ERR-115] "),
        "domain",
    ),
    (
        "DeleteTruststoreCertificate",
        made_alias,
        (lambda _: {"Alias": " "}, "[ERR-106] "),
        (lambda _: {"Alias": "nothing"}, "[ERR-115] "),
        "domain",
    ),
    (
        "ListTruststoreCertificateAliases",
        lambda _: {"ContainsStringInAlias": "root"},
        (lambda _: {"ContainsStringInAlias": "x" * 256}, "[ERR-106] "),
        None,
        "account",
    ),
    (
        "AddDNSRecord",
        new_record,
        (otherwise(new_record, Type="MX"), "[ERR-106] Type is A, CNAME, NAPTR"),
        (otherwise(new_record, Name="x.example.org", DNSZone="example.org"), "[ERR-106] there is no zone example.org"),
        "domain",
    ),
    (
        "DeleteDNSRecord",
        made_record,
        (lambda _: {"Name": " ", "DNSZone": ZONE}, "[ERR-106] "),
        (lambda _: {"Name": "x.example.org", "DNSZone": "example.org"}, "[ERR-106] there is no zone example.org"),
        "domain",
    ),
    (
        "SetProperty",
        otherwise(prop, Value="true"),
        (otherwise(prop, Value=" "), "[ERR-106] "),
        (otherwise(prop, Value="x"), NO_PROPERTY),
        "never",
    ),
    ("GetProperty", prop, (lambda _: {"Key": " "}, "[ERR-106] "), (prop, NO_PROPERTY), "never"),
    ("DeleteProperty", prop, (lambda _: {"Key": " "}, "[ERR-106] "), (prop, NO_PROPERTY), "never"),
    ("ClearCache", lambda _: {}, (lambda _: {}, "[ERR-106] There is no cache"), None, "never"),
]
admin_cases = pytest.mark.parametrize(
    ("operation", "succeeds", "bad", "missing", "needs"), ADMIN_CASES, ids=[case[0] for case in ADMIN_CASES]
)


def test_every_operation_for_administrators_is_driven() -> None:
    driven = [case[0] for case in ADMIN_CASES]
    assert len(driven) == 19
    assert set(driven) == {operation.name for operation in BDMSL_ADMIN.operations}


@admin_cases
def test_administrator_of_the_system_succeeds(
    network: Network, operation: str, succeeds: Make, bad: Any, missing: Any, needs: str
) -> None:
    seen = network.call(BDMSL_ADMIN, operation, "admin", **succeeds(network))
    if needs == "never":
        assert seen.fault == ("NotFoundFault" if missing else "BadRequestFault"), seen
    else:
        assert (seen.fault, seen.status) == (None, 200), seen


@admin_cases
def test_administrator_succeeds_by_our_own_wsdl(
    network: Network, operation: str, succeeds: Make, bad: Any, missing: Any, needs: str
) -> None:
    wsdl = f"{network.url(BDMSL_ADMIN)}?wsdl"
    seen = network.call_by(wsdl, BDMSL_ADMIN, operation, "admin", **succeeds(network))
    assert (seen.fault is None) is (needs != "never"), seen


@admin_cases
def test_administrators_broken_rule_is_a_bad_request(
    network: Network, operation: str, succeeds: Make, bad: Any, missing: Any, needs: str
) -> None:
    make, text = bad
    expect(network.call(BDMSL_ADMIN, operation, "admin", **make(network)), "BadRequestFault", text)


@admin_cases
def test_what_administrators_miss_is_not_found_where_that_is_declared(
    network: Network, operation: str, succeeds: Make, bad: Any, missing: Any, needs: str
) -> None:
    declared = next(each for each in BDMSL_ADMIN.operations if each.name == operation).faults
    assert (missing is not None) is (len(declared) == 4)
    if missing is not None:
        make, text = missing
        expect(network.call(BDMSL_ADMIN, operation, "admin", **make(network)), "NotFoundFault", text)


@admin_cases
def test_administrator_of_a_domain_does_what_concerns_it(
    network: Network, operation: str, succeeds: Make, bad: Any, missing: Any, needs: str
) -> None:
    seen = network.call(BDMSL_ADMIN, operation, "domain admin", **succeeds(network))
    if needs in {"domain", "account"}:
        assert seen.fault is None, seen
    else:  # the system's, or a sub-domain of somebody else
        expect(seen, "UnauthorizedFault", "[ERR-101] ")


@pytest.mark.parametrize("who", ["without role", "owner", "stranger", "nobody"])
@admin_cases
def test_nobody_else_administers(
    network: Network, operation: str, succeeds: Make, bad: Any, missing: Any, needs: str, who: str
) -> None:
    """An SMP is no administrator, an account without the role neither."""
    seen = network.call(BDMSL_ADMIN, operation, who, **succeeds(network))
    if (needs, who) == ("account", "without role"):
        assert seen.result in (None, []), "it sees nothing"
    else:
        expect(seen, "UnauthorizedFault", "[ERR-101] ")


@admin_cases
def test_administrators_unforeseen_error_is_an_internal_error(
    network: Network,
    operation: str,
    succeeds: Make,
    bad: Any,
    missing: Any,
    needs: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fields = succeeds(network)

    def fail() -> None:
        raise RuntimeError("a secret detail")

    with monkeypatch.context() as patch:
        patch.setattr(network.live.instance.directory, "refresh", fail)
        seen = network.call(BDMSL_ADMIN, operation, "admin", **fields)
    expect(seen, "InternalErrorFault", "[ERR-105] technical error")
    assert "secret" not in seen.text + seen.message
