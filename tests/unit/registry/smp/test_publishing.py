# SPDX-License-Identifier: Apache-2.0
"""Publishing: rules with all reasons, idempotent writes, and the registration in the same transaction."""

from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from registry.audit import events
from registry.demo.content import CREDIT_NOTE, INVOICE, ORDER, demo_metadata
from registry.errors import ConflictError, NotFoundError, ValidationError
from registry.identifiers.dns_names import participant_owner
from registry.metadata import Endpoint, Extension, Redirect, ServiceGroup, ServiceMetadata
from registry.sml.model import Publisher
from registry.smp.access_points import AccessPoints
from registry.smp.publishing import Outcome
from registry.storage.queries import access_points, service_groups, services
from registry.storage.queries.access_points import AccessPoint
from tests.simulators.live import SMP_ID
from tests.simulators.offline import ACTOR, OfflineInstance, offline_instance, participant


@pytest.fixture
def metadata(pki) -> ServiceMetadata:
    return demo_metadata(pki.access_points)[0]


def put(offline: OfflineInstance, metadata: ServiceMetadata):
    return offline.instance.publishing.put_service_metadata(ACTOR, offline.stored, metadata, create_group=True)


def with_endpoint(metadata: ServiceMetadata, **changes: object) -> ServiceMetadata:
    (group,) = metadata.process_metadata
    changed = replace(group, endpoints=(replace(group.endpoints[0], **changes),))
    return replace(metadata, process_metadata=(changed,))


def held(offline: OfflineInstance, service_id: int) -> ServiceMetadata:
    with offline.instance.database.read() as connection:
        return services.load(connection, service_id, offline.clock.now)


def test_what_is_published_is_what_is_held(offline: OfflineInstance, metadata: ServiceMetadata) -> None:
    full = with_all_there_is(offline, metadata, Extension(b"<x:y xmlns:x='urn:x'>&#13;</x:y>", (("", "urn:outer"),)))
    published = put(offline, full)
    assert published.service_id is not None
    assert held(offline, published.service_id) == full


def test_storage_also_holds_what_only_other_dialects_can_say(
    offline: OfflineInstance, metadata: ServiceMetadata
) -> None:
    put(offline, metadata)
    extension = Extension(b"<x:y xmlns:x='urn:x'/>", (), (("ExtensionID", "1"),))
    full = with_all_there_is(offline, replace(metadata, document_type=ORDER), extension)
    (group,) = full.process_metadata
    with_roles = replace(group.processes[0], roles=("buyer",))
    full = replace(full, process_metadata=(replace(group, processes=(with_roles,), extensions=(extension,)),))
    with offline.instance.database.write(ACTOR) as work:
        key = offline.stored.domain.identifiers.participant_key(metadata.participant)
        row = service_groups.find(work.connection, offline.stored.id, metadata.participant.scheme, key)
        assert row is not None
        service_id = services.add(work, row.id, offline.stored.id, ORDER.value, full)
    assert held(offline, service_id) == full


def with_all_there_is(offline: OfflineInstance, metadata: ServiceMetadata, extension: Extension) -> ServiceMetadata:
    (group,) = metadata.process_metadata
    return replace(
        metadata,
        extensions=(extension,),
        process_metadata=(
            replace(
                group,
                processes=(replace(group.processes[0], extensions=(extension,)),),
                endpoints=(
                    replace(
                        group.endpoints[0],
                        require_business_level_signature=True,
                        minimum_authentication_level="3",
                        activation=offline.clock.now,
                        technical_information="https://info.example.org",
                        extensions=(extension,),
                    ),
                ),
            ),
        ),
    )


def test_same_write_again_changes_nothing(offline: OfflineInstance, metadata: ServiceMetadata) -> None:
    assert put(offline, metadata).outcome is Outcome.CREATED
    assert put(offline, metadata).outcome is Outcome.UNCHANGED
    changed = with_endpoint(metadata, address="https://new.example.org/as4")
    assert put(offline, changed).outcome is Outcome.UPDATED
    tags = [event.tag for event in events.about(offline.instance.database, str(metadata.participant))]
    assert tags == [
        "sml:registration:create",
        "smp:service-group:create",
        "smp:service-metadata:create",
        "smp:service-metadata:update",
    ]


def test_service_group_is_registered_in_the_same_transaction(offline: OfflineInstance) -> None:
    group = ServiceGroup(participant("0088:1"))
    offline.instance.publishing.put_service_group(ACTOR, offline.stored, group)
    owner = participant_owner(group.participant)
    assert (owner, "NAPTR") in offline.zone_state()
    offline.instance.publishing.delete_service_group(ACTOR, offline.stored, group.participant)
    assert (owner, "NAPTR") not in offline.zone_state()


def test_participant_of_another_smp_is_not_published_and_nothing_stays(offline: OfflineInstance, pki) -> None:
    own = pki.smp.certificate
    other = pki.smp_ca.issue(
        "SMP_2", "PEPPOL TEST SMP", not_before=own.not_valid_before_utc, not_after=own.not_valid_after_utc
    )
    caller = offline.caller(other.certificate)
    offline.instance.sml.create_publisher(caller, Publisher("OTHER", "https://other.example.org", "1.1.1.1"))
    offline.instance.sml.create_participants(caller, "OTHER", [participant("0088:1")])
    group = ServiceGroup(participant("0088:1"))
    with pytest.raises(ConflictError):
        offline.instance.publishing.put_service_group(ACTOR, offline.stored, group)
    with pytest.raises(NotFoundError):
        offline.instance.publishing.delete_service_group(ACTOR, offline.stored, group.participant)


def test_participant_that_migrated_away_can_be_withdrawn_without_touching_its_new_registration(
    offline: OfflineInstance, pki
) -> None:
    own = pki.smp.certificate
    other = pki.smp_ca.issue(
        "SMP_2", "PEPPOL TEST SMP", not_before=own.not_valid_before_utc, not_after=own.not_valid_after_utc
    )
    caller = offline.caller(other.certificate)
    who = participant("0088:1")
    offline.instance.publishing.put_service_group(ACTOR, offline.stored, ServiceGroup(who))
    offline.instance.sml.create_publisher(caller, Publisher("OTHER", "https://other.example.org", "1.1.1.1"))
    offline.instance.sml.prepare_migration(offline.caller(), SMP_ID, who, "Ab12!!cd34-Xy")
    with pytest.raises(ConflictError):
        offline.instance.publishing.delete_service_group(ACTOR, offline.stored, who)
    offline.instance.sml.migrate(caller, "OTHER", who, "Ab12!!cd34-Xy")
    offline.instance.publishing.delete_service_group(ACTOR, offline.stored, who)
    assert "other.example.org" in offline.zone_state()[participant_owner(who), "NAPTR"]


def test_all_reasons_are_given_at_once(offline: OfflineInstance, metadata: ServiceMetadata) -> None:
    bad = with_endpoint(metadata, address="nowhere", certificates=(), transport_profile="x" * 60)
    with pytest.raises(ValidationError) as caught:
        put(offline, bad)
    assert {"SMP-ENDPOINT-URL", "SMP-NO-CERTIFICATE"} <= {reason.id for reason in caught.value.reasons}
    assert len(caught.value.reasons) >= 3


def test_two_endpoints_of_one_transport_profile_are_refused(
    offline: OfflineInstance, metadata: ServiceMetadata
) -> None:
    (group,) = metadata.process_metadata
    twice = replace(metadata, process_metadata=(replace(group, endpoints=group.endpoints * 2),))
    with pytest.raises(ValidationError, match="SMP-TRANSPORT-TWICE"):
        put(offline, twice)


@pytest.mark.parametrize(
    ("redirect", "reason"),
    [
        (Redirect("https://smp.example.org/base/x/services/y", "CN=x"), "SMP-REDIRECT-SELF"),
        (Redirect("https://other.example.org/x/services/y", ""), "SMP-REDIRECT-UID"),
        (Redirect("not a url", "CN=x"), "SMP-REDIRECT-URL"),
    ],
)
def test_redirect_that_no_client_could_follow_is_refused(
    offline: OfflineInstance, metadata: ServiceMetadata, redirect: Redirect, reason: str
) -> None:
    from registry.metadata import ProcessMetadata

    with pytest.raises(ValidationError, match=reason):
        put(offline, replace(metadata, process_metadata=(ProcessMetadata(redirect=redirect),)))


def test_untrusted_endpoint_certificate_is_a_warning_where_the_domain_warns_and_refused_where_not(
    tmp_path, pki, offline: OfflineInstance, metadata: ServiceMetadata
) -> None:
    (endpoint,) = metadata.process_metadata[0].endpoints
    stranger = replace(endpoint.certificates[0], der=pki.tls.certificate.public_bytes(Encoding.DER))
    bad = with_endpoint(metadata, certificates=(stranger,))
    published = put(offline, with_endpoint(metadata, certificates=(replace(stranger, der=b"no certificate"),)))
    assert "SMP-CERTIFICATE-UNREADABLE" in published.warnings[0]
    assert isinstance(endpoint, Endpoint)
    strict = {"endpoint_certificates": "refuse", "trust": _trust_with_ap_pattern(pki)}
    with (
        offline_instance(tmp_path / "strict", pki, **strict) as refusing,
        pytest.raises(ValidationError, match="SMP-CERTIFICATE-UNTRUSTED"),
    ):
        put(refusing, bad)


def test_endpoints_that_say_the_same_share_an_access_point(offline: OfflineInstance, metadata: ServiceMetadata) -> None:
    put(offline, metadata)
    put(offline, replace(metadata, document_type=CREDIT_NOTE))
    put(offline, replace(metadata, participant=participant("0088:2")))
    with offline.instance.database.read() as connection:
        assert len(access_points.listed(connection, offline.stored.id)) == 1


def test_access_point_that_nobody_uses_any_more_goes(offline: OfflineInstance, metadata: ServiceMetadata) -> None:
    put(offline, metadata)
    put(offline, with_endpoint(metadata, address="https://new.example.org/as4"))
    with offline.instance.database.read() as connection:
        (only,) = access_points.listed(connection, offline.stored.id)
    assert only.address == "https://new.example.org/as4"
    offline.instance.publishing.delete_service_metadata(
        ACTOR, offline.stored, metadata.participant, metadata.document_type
    )
    with offline.instance.database.read() as connection:
        assert access_points.listed(connection, offline.stored.id) == []


def test_withdrawing_what_is_not_published_is_not_found(offline: OfflineInstance) -> None:
    publishing = offline.instance.publishing
    with pytest.raises(NotFoundError):
        publishing.delete_service_group(ACTOR, offline.stored, participant("0088:404"))
    with pytest.raises(NotFoundError):
        publishing.delete_service_metadata(ACTOR, offline.stored, participant("0088:404"), INVOICE)


def test_metadata_without_service_group_are_not_found(offline: OfflineInstance, metadata: ServiceMetadata) -> None:
    with pytest.raises(NotFoundError):
        offline.instance.publishing.put_service_metadata(ACTOR, offline.stored, metadata)


def test_access_point_content_hash_tells_every_difference(metadata: ServiceMetadata) -> None:
    (endpoint,) = metadata.process_metadata[0].endpoints
    one = AccessPoint.of(endpoint)
    others = [
        replace(one, address="https://x.example.org"),
        replace(one, transport_profile="x"),
        replace(one, description="x"),
        replace(one, technical_contact="x"),
        replace(one, technical_information=""),
        replace(one, certificates=()),
    ]
    assert len({item.content_sha256() for item in [one, *others]}) == 7


def _trust_with_ap_pattern(pki):
    from tests.simulators.live import demo_trust

    trust = demo_trust(pki)
    return trust | {"ap-encrypt": trust["ap-encrypt"] | {"subject_patterns": ["OU=PEPPOL TEST AP"]}}


def test_endpoint_that_expires_before_it_becomes_active_is_published_with_a_warning(
    offline: OfflineInstance, metadata: ServiceMetadata
) -> None:
    now = offline.clock.now
    published = put(offline, with_endpoint(metadata, activation=now, expiration=now - timedelta(days=1)))
    assert published.outcome is Outcome.CREATED
    assert any("SMP-DATES" in warning for warning in published.warnings)


def test_successor_goes_once_nobody_needs_it(offline: OfflineInstance, metadata: ServiceMetadata) -> None:
    put(offline, metadata)
    points = AccessPoints(
        offline.instance.database, offline.stored, offline.instance.trust_models.of(offline.stored.domain)
    )
    (only,) = points.listed()
    at = offline.clock.now + timedelta(hours=1)
    points.change(ACTOR, only.name, address="https://next.example.org/as4", at=at)
    assert [row.successor is not None for row in points.listed() if row.name == only.name] == [True]
    assert len(points.listed()) == 2
    points.change(ACTOR, only.name, address="https://other.example.org/as4")
    assert [(row.address, row.successor) for row in points.listed()] == [("https://other.example.org/as4", None)]
