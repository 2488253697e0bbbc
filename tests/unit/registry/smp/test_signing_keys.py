# SPDX-License-Identifier: Apache-2.0
"""The planned roll-over of a signing key: at its instant, once, and with what has to be known before."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from registry.app.domain_setup import add_domain
from registry.app.signing_job import sign_documents
from registry.app.signing_key_job import activate_planned_key, signing_keys_of
from registry.audit.events import about
from registry.demo.content import demo_metadata
from registry.demo.pki import identity_pem, new_ec_key, new_rsa_key
from registry.errors import ConfigurationError, NotFoundError, ValidationError
from registry.identifiers.participant import ParticipantIdentifier
from registry.jobs.worker import Worker
from registry.metadata import Redirect, ServiceGroup, ServiceMetadata
from registry.smp.documents.signing import verify_document
from registry.smp.signing_keys import ACTIVATION, KeyState, Retirement, SigningKeys
from registry.storage.queries import certificate_views, services
from tests.simulators.next_certificates import next_identity
from tests.simulators.offline import ACTOR, OfflineInstance, offline_instance, participant
from trust_lists.certificates.parsing import SigningKey, fingerprint, subject_text

DAY = timedelta(days=1)
NEEDED = Retirement(timedelta(hours=24), timedelta(minutes=5))


@pytest.fixture
def keys(offline: OfflineInstance) -> SigningKeys:
    return signing_keys_of(offline.instance, offline.stored)


@pytest.fixture(scope="module")
def rsa_key() -> object:
    return new_rsa_key()


@pytest.fixture
def following(offline: OfflineInstance, rsa_key) -> SigningKey:
    return next_identity(offline.pki, offline.clock.now - DAY, key=rsa_key, name="SMP_DEMO000001")


@pytest.fixture
def file(tmp_path: Path, following: SigningKey) -> Path:
    path = tmp_path / "next.pem"
    path.write_bytes(identity_pem(following))
    return path


def states(keys: SigningKeys) -> list[KeyState]:
    return [row.state for row in keys.listed(NEEDED)]


def work(offline: OfflineInstance) -> int:
    """Do what is due; how many jobs that were."""
    instance = offline.instance
    handlers = {
        ACTIVATION: lambda context: activate_planned_key(instance, context),
        "sign-documents": lambda context: sign_documents(instance, context),
    }
    worker, done = Worker(instance.database, handlers, "worker"), 0
    while worker.run_one():
        done += 1
    return done


def tags(offline: OfflineInstance) -> list[str]:
    events = about(offline.instance.database, "domain:demo")
    return sorted(event.tag for event in events if event.tag.startswith("smp:signing-key:"))


def publish(offline: OfflineInstance, someone: ParticipantIdentifier, redirect: Redirect | None = None) -> int:
    template = demo_metadata(offline.pki.access_points)[0]
    metadata: ServiceMetadata = replace(template, participant=someone)
    if redirect is not None:
        group = replace(template.process_metadata[0], processes=(), endpoints=(), redirect=redirect)
        metadata = replace(metadata, process_metadata=(group,))
    publishing = offline.instance.publishing
    publishing.put_service_group(ACTOR, offline.stored, ServiceGroup(someone))
    return publishing.put_service_metadata(ACTOR, offline.stored, metadata).service_id


def test_planned_key_signs_from_its_instant_on_and_everything_is_signed_anew(
    offline: OfflineInstance, keys: SigningKeys, file: Path, following: SigningKey
) -> None:
    service_id = publish(offline, participant())
    signer, at = offline.instance.signer, offline.clock.now + 3 * DAY
    before = signer.current(service_id, "busdox")
    keys.plan(ACTOR, file, None, at)
    assert work(offline) == 0
    offline.clock.now = at - timedelta(seconds=1)
    assert work(offline) == 0
    assert signer.current(service_id, "busdox").body == before.body
    offline.clock.now = at
    assert work(offline) == 2, "one activates, the other signs"
    after = signer.current(service_id, "busdox")
    assert verify_document(after.body).certificate == following.certificate
    assert after.last_modified == int(at.timestamp())
    assert states(keys) == ["former", "active"]
    assert tags(offline) == ["smp:signing-key:activate", "smp:signing-key:activate", "smp:signing-key:plan"]


def test_old_key_is_safe_to_retire_when_caches_and_clocks_have_caught_up(
    offline: OfflineInstance, keys: SigningKeys, file: Path
) -> None:
    at = offline.clock.now + 3 * DAY
    assert [row.safe_to_retire_at for row in keys.listed(NEEDED)] == [None], "nothing is planned"
    planned = keys.plan(ACTOR, file, None, at)
    safe = at + timedelta(hours=24, minutes=5)
    assert [(row.state, row.safe_to_retire_at) for row in keys.listed(NEEDED)] == [("active", safe), ("planned", None)]
    offline.clock.forward(days=1)
    keys.activate(ACTOR, planned.id)
    safe -= 2 * DAY
    assert [(row.state, row.safe_to_retire_at) for row in keys.listed(NEEDED)] == [("former", safe), ("active", None)]


def test_key_is_activated_once_whoever_does_it(offline: OfflineInstance, keys: SigningKeys, file: Path) -> None:
    at = offline.clock.now + DAY
    planned = keys.plan(ACTOR, file, None, at)
    assert keys.activate(ACTOR, planned.id) is True
    assert keys.activate(ACTOR, planned.id) is False
    offline.clock.now = at
    assert work(offline) == 2, "the job of the instant finds it done; and what to sign"
    assert keys.activate_due(ACTOR) is False
    assert tags(offline).count("smp:signing-key:activate") == 2, "the first one came with the domain"


def test_plan_that_is_called_off_or_replaced_does_nothing(
    offline: OfflineInstance, keys: SigningKeys, file: Path
) -> None:
    first = keys.plan(ACTOR, file, None, offline.clock.now + DAY)
    assert keys.plan(ACTOR, file, None, offline.clock.now + DAY).id == first.id, "said twice is planned once"
    second = keys.plan(ACTOR, file, None, offline.clock.now + 2 * DAY)
    assert states(keys) == ["active", "planned"]
    offline.clock.forward(days=1)
    work(offline)
    assert states(keys) == ["active", "planned"], "the first instant counts no more"
    keys.cancel(ACTOR, second.id)
    offline.clock.forward(days=1)
    work(offline)
    assert states(keys) == ["active"]
    with pytest.raises(NotFoundError):
        keys.cancel(ACTOR, second.id)
    with pytest.raises(NotFoundError):
        keys.activate(ACTOR, second.id)
    assert tags(offline).count("smp:signing-key:cancel") == 2


def test_earlier_instant_takes_the_place_of_a_later_one(
    offline: OfflineInstance, keys: SigningKeys, file: Path
) -> None:
    keys.plan(ACTOR, file, None, offline.clock.now + 5 * DAY)
    keys.plan(ACTOR, file, None, offline.clock.now + DAY)
    offline.clock.forward(days=1)
    work(offline)
    assert states(keys) == ["former", "active"]


def test_key_that_will_not_do_is_refused(
    offline: OfflineInstance, keys: SigningKeys, file: Path, tmp_path: Path, rsa_key
) -> None:
    now = offline.clock.now

    def refused(at: datetime, identity: SigningKey | None = None) -> set[str]:
        path = file
        if identity is not None:
            path = tmp_path / "other.pem"
            path.write_bytes(identity_pem(identity))
        with pytest.raises(ValidationError) as caught:
            keys.plan(ACTOR, path, None, at)
        return {reason.id for reason in caught.value.reasons}

    assert refused(now) == {"SIGNING-KEY-INSTANT"}
    assert refused(now + 4000 * DAY) == {"SIGNING-KEY-VALIDITY"}
    assert refused(now + DAY, next_identity(offline.pki, now + 2 * DAY, key=rsa_key)) == {"SIGNING-KEY-VALIDITY"}
    assert refused(now + DAY, offline.pki.smp) == {"SIGNING-KEY-ACTIVE"}
    (tmp_path / "ec.pem").write_bytes(identity_pem(next_identity(offline.pki, now, key=new_ec_key())))
    with pytest.raises(ConfigurationError, match="does not fit"):
        keys.plan(ACTOR, tmp_path / "ec.pem", None, now + DAY)
    assert states(keys) == ["active"]


def test_file_that_has_changed_since_is_not_activated_and_the_old_key_goes_on(
    offline: OfflineInstance, keys: SigningKeys, file: Path, rsa_key
) -> None:
    planned = keys.plan(ACTOR, file, None, offline.clock.now + DAY)
    file.write_bytes(identity_pem(next_identity(offline.pki, offline.clock.now, key=rsa_key, name="SMP_OTHER")))
    with pytest.raises(ConfigurationError, match="another one"):
        keys.activate(ACTOR, planned.id)
    file.unlink()
    with pytest.raises(ConfigurationError, match="can't be read"):
        keys.activate(ACTOR, planned.id)
    offline.clock.forward(days=1)
    work(offline)
    assert states(keys) == ["active", "planned"]


def test_key_that_look_ups_would_not_trust_is_planned_with_a_warning(
    offline: OfflineInstance, keys: SigningKeys, tmp_path: Path, rsa_key
) -> None:
    untrusted = offline.pki.ap_ca.issue(
        "POP000009", not_before=offline.clock.now, not_after=offline.clock.now + 100 * DAY, key=rsa_key
    )
    (tmp_path / "untrusted.pem").write_bytes(identity_pem(untrusted))
    planned = keys.plan(ACTOR, tmp_path / "untrusted.pem", None, offline.clock.now + DAY)
    assert len(planned.warnings) == 1


def test_redirects_that_name_only_the_present_subject_are_listed(
    offline: OfflineInstance, keys: SigningKeys, file: Path, tmp_path: Path, rsa_key
) -> None:
    present = offline.pki.smp.certificate
    href = "https://smp.example.org/base"
    parts = subject_text(present).split(",")
    publish(offline, participant("0088:1"), Redirect(href, subject_text(present)))
    publish(offline, participant("0088:2"), Redirect(href, ", ".join(reversed(parts)).lower()))
    publish(offline, participant("0088:3"), Redirect(href, "CN=SOMEBODY_ELSE,O=Demo,C=BE"))
    same_subject = keys.plan(ACTOR, file, None, offline.clock.now + DAY)
    assert same_subject.broken.count == 0, "its subject is that of the present one"
    renamed = next_identity(offline.pki, offline.clock.now, key=rsa_key, name="SMP_RENAMED")
    (tmp_path / "renamed.pem").write_bytes(identity_pem(renamed))
    planned = keys.plan(ACTOR, tmp_path / "renamed.pem", None, offline.clock.now + DAY)
    assert [row.participant.partition("::")[2] for row in planned.broken.redirects] == ["0088:1", "0088:2"]
    assert planned.broken.count == 2
    assert keys.broken_redirects(planned.id) == planned.broken


def test_redirects_of_other_domains_are_listed_too(tmp_path: Path, pki, rsa_key) -> None:
    with offline_instance(tmp_path, pki) as offline:
        settings = {"name": "other", "default": False, "dns": {"zone": "other.test"}}
        other = add_domain(offline.instance, ACTOR, "demo", settings | {"smp": {"base_url": "https://other.example"}})
        elsewhere = OfflineInstance(offline.instance, other, offline.clock, pki, tmp_path)
        named = Redirect("https://smp.example.org/base", subject_text(pki.smp.certificate))
        publish(elsewhere, participant("0088:1"), named)
        renamed = next_identity(pki, offline.clock.now, key=rsa_key, name="SMP_RENAMED")
        (tmp_path / "renamed.pem").write_bytes(identity_pem(renamed))
        keys = signing_keys_of(offline.instance, offline.stored)
        planned = keys.plan(ACTOR, tmp_path / "renamed.pem", None, offline.clock.now + DAY)
        assert [row.domain_id for row in planned.broken.redirects] == [other.id]


def test_listing_shows_fingerprints_and_dates(offline: OfflineInstance, keys: SigningKeys) -> None:
    (row,) = keys.listed(NEEDED)
    own = offline.pki.smp.certificate
    assert (row.certificate_sha256, row.not_after) == (fingerprint(own), own.not_valid_after_utc)


def test_uses_of_a_certificate_tell_in_which_state_the_key_is(
    offline: OfflineInstance, keys: SigningKeys, file: Path, following: SigningKey
) -> None:
    def state() -> list[str]:
        with offline.instance.database.read() as connection:
            return [
                use.name
                for use in certificate_views.uses(connection, fingerprint(following.certificate), None, None, 9)
            ]

    planned = keys.plan(ACTOR, file, None, offline.clock.now + DAY)
    assert state() == ["planned"]
    keys.activate(ACTOR, planned.id)
    assert state() == ["active"]


def test_services_are_not_rewritten(offline: OfflineInstance, keys: SigningKeys, file: Path) -> None:
    service_id = publish(offline, participant())
    with offline.instance.database.read() as connection:
        before = services.load(connection, service_id, offline.clock.now)
    keys.activate(ACTOR, keys.plan(ACTOR, file, None, offline.clock.now + DAY).id)
    with offline.instance.database.read() as connection:
        assert services.load(connection, service_id, offline.clock.now) == before
