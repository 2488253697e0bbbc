# SPDX-License-Identifier: Apache-2.0
"""A running instance decides by the trust model of a domain, on the evidence that was collected last."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from registry.app.domain_setup import change_domain
from registry.app.trust_models import trust_folder
from registry.demo.content import demo_metadata
from registry.demo.pki import SMP_UNIT, DemoPki, identity_pem, new_ec_key
from registry.discovery.errors import NotTrustedError
from registry.errors import ValidationError
from registry.identifiers.participant import ISO6523, ParticipantIdentifier
from registry.metadata import ServiceMetadata
from registry.sml.errors import SmlError
from registry.sml.model import Publisher
from tests.simulators.domain_trust import CRL_REQUIRED, crl, peppol_like, write_evidence
from tests.simulators.live import ACTOR, SMP_ID, LiveInstance, live_instance

ENFORCED = {role: {"on_untrusted": "refuse"} for role in ("smp-sign", "ap-encrypt", "ap-sign", "sml-client")}


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory, pki: DemoPki) -> Iterator[LiveInstance]:
    """An instance whose domain demands CRLs, and refuses."""
    with live_instance(tmp_path_factory.mktemp("strict"), pki) as live:
        use(live)
        yield live


def use(live: LiveInstance, *, publishing: str = "refuse", clients: str = "refuse") -> None:
    trust: dict[str, Any] = {
        "configuration": peppol_like(live.pki, revocation=CRL_REQUIRED),
        **ENFORCED,
        "sml-client": {"on_untrusted": clients},
    }
    change_domain(live.instance, ACTOR, "demo", {"trust": trust, "endpoint_certificates": publishing})
    live.run(live.serving.refresh())


def collected(live: LiveInstance, *revoked: x509.Certificate) -> None:
    """Another process has collected lists, in which these certificates are revoked."""
    now = live.instance.database.now()
    lists = [crl(authority, now, *revoked) for authority in (live.pki.smp_ca, live.pki.ap_ca)]
    write_evidence(trust_folder(live.settings.data_dir, "demo"), now, *lists)


def nothing_collected(live: LiveInstance) -> None:
    (trust_folder(live.settings.data_dir, "demo") / "current").unlink(missing_ok=True)


def metadata(live: LiveInstance, name: str) -> ServiceMetadata:
    found = demo_metadata(live.pki.access_points)[0]
    return replace(found, participant=ParticipantIdentifier(ISO6523, f"0088:{name}"))


def publish(live: LiveInstance, said: ServiceMetadata) -> tuple[str, ...]:
    stored = live.instance.directory.get("demo")
    return live.instance.publishing.put_service_metadata(ACTOR, stored, said, create_group=True).warnings


def point_of(said: ServiceMetadata) -> x509.Certificate:
    return x509.load_der_x509_certificate(said.process_metadata[0].endpoints[0].certificates[0].der)


def test_what_is_published_is_refused_where_the_access_point_is_revoked(strict: LiveInstance) -> None:
    said = metadata(strict, "revoked")
    collected(strict, point_of(said))
    with pytest.raises(ValidationError) as caught:
        publish(strict, said)
    (reason,) = {reason.id: reason for reason in caught.value.reasons}.values()
    assert reason.id == "SMP-CERTIFICATE-UNTRUSTED"
    assert "REVOKED" in reason.message
    collected(strict)
    assert publish(strict, said) == ()


def test_what_is_published_is_refused_where_nobody_can_tell_whether_it_is_revoked(strict: LiveInstance) -> None:
    nothing_collected(strict)
    with pytest.raises(ValidationError, match="it can't be told"):
        publish(strict, metadata(strict, "unknown"))


def test_publishing_is_warned_of_where_the_domain_says_so(strict: LiveInstance) -> None:
    said = metadata(strict, "warned")
    collected(strict, point_of(said))
    use(strict, publishing="warn")
    try:
        assert any("REVOKED" in warning for warning in publish(strict, said))
    finally:
        use(strict)


def test_an_smp_whose_certificate_is_revoked_cannot_log_in_at_the_sml(strict: LiveInstance) -> None:
    collected(strict)
    with strict.sml_client() as client:
        assert client.read_publisher(SMP_ID).smp_id == SMP_ID
        collected(strict, strict.pki.smp.certificate)
        with pytest.raises(SmlError, match="REVOKED"):  # and on the same connection
            client.read_publisher(SMP_ID)
    nothing_collected(strict)
    with strict.sml_client() as client, pytest.raises(SmlError, match="it can't be told"):
        client.read_publisher(SMP_ID)


def test_where_the_domain_only_warns_a_known_smp_goes_on_and_nobody_new_registers(
    strict: LiveInstance, tmp_path: Path
) -> None:
    own = strict.pki.smp.certificate
    stranger = strict.pki.smp_ca.issue(
        "SMP_DEMO000009", SMP_UNIT, not_before=own.not_valid_before_utc, not_after=own.not_valid_after_utc,
        key=new_ec_key(),
    )  # fmt: skip
    file = tmp_path / "new.pem"
    file.write_bytes(identity_pem(stranger))
    collected(strict, own, stranger.certificate)
    use(strict, clients="warn")
    try:
        with strict.sml_client() as client:
            assert client.read_publisher(SMP_ID).smp_id == SMP_ID
        with strict.sml_client(file) as client:
            with pytest.raises(SmlError, match="only warns"):
                client.create_publisher(Publisher("SMP-NEW", "https://new.example.org", "192.0.2.1"))
            with pytest.raises(SmlError, match="belongs to another"):
                client.read_publisher(SMP_ID)
    finally:
        use(strict)


def test_a_lookup_tells_all_reasons_why_somebody_is_not_trusted(strict: LiveInstance) -> None:
    said = metadata(strict, "found")
    collected(strict)
    publish(strict, said)
    strict.wait_for_dns()
    with strict.lookup_client() as client, pytest.raises(NotTrustedError) as caught:
        client.resolve(said.participant, said.document_type)  # a client without evidence
    assert caught.value.reason_id == "untrusted-smp-sign"
    assert "it can't be told" in caught.value.explanation.steps[-1].detail
    assert "roles.smp-sign" in str(caught.value) or "RFC" in str(caught.value)
