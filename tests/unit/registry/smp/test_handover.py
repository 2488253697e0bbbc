# SPDX-License-Identifier: Apache-2.0
"""Our SMP gives participants away and takes them: what is published and who has it at the SML stay one."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from cryptography import x509

from registry.demo.content import demo_metadata
from registry.demo.pki import DemoPki
from registry.errors import ConflictError, NotFoundError, RegistryError, TechnicalError, ValidationError
from registry.identifiers.participant import ParticipantIdentifier
from registry.identifiers.url_form import service_path
from registry.metadata import Redirect, ServiceMetadata
from registry.sml.administration import SmlAdministration
from registry.sml.client import SmlClient
from registry.sml.errors import SmlError, migration_not_found
from registry.sml.model import Publisher
from registry.sml.soap import SmlSoapApp
from registry.smp.handover import Handover, Taken
from registry.smp.handover_sml import ForeignSml, OwnSml
from registry.storage.queries import service_groups, services
from tests.simulators.live import SMP_ID
from tests.simulators.offline import ACTOR, BASE_URL, OfflineInstance, offline_instance, participant
from tests.simulators.sml_operations import serving

KEY = "Ab12!!cd34-Xy"
OTHER_KEY = "Zz99!!yy88-Ww"
ONE = participant("0088:1")


@pytest.fixture(scope="session")
def other(pki: DemoPki) -> x509.Certificate:
    """The certificate of the SMP on the other side."""
    own = pki.smp.certificate
    validity = {"not_before": own.not_valid_before_utc, "not_after": own.not_valid_after_utc}
    return pki.smp_ca.issue("SMP_OTHER", "PEPPOL TEST SMP", **validity).certificate


def documents(offline: OfflineInstance, of: ParticipantIdentifier = ONE) -> list[ServiceMetadata]:
    return [replace(each, participant=of) for each in demo_metadata(offline.pki.access_points)]


def published(offline: OfflineInstance, of: ParticipantIdentifier = ONE) -> list[ServiceMetadata] | None:
    """What senders get, or None where there is no service group."""
    key = offline.stored.domain.identifiers.participant_key(of)
    with offline.instance.database.read() as connection:
        group = service_groups.find(connection, offline.stored.id, of.scheme, key)
        if group is None:
            return None
        rows = services.of_group(connection, group.id)
        return [services.load(connection, row.id, offline.clock.now) for row in rows]


def administration(offline: OfflineInstance) -> SmlAdministration:
    instance = offline.instance
    return SmlAdministration(instance.database, instance.journal, instance.registrar, instance.trust_models.of)


def own_handover(offline: OfflineInstance) -> Handover:
    sml = OwnSml(administration(offline), ACTOR, offline.stored, SMP_ID)
    return Handover(offline.instance.database, offline.instance.publishing, offline.stored, sml)


def publish(offline: OfflineInstance) -> None:
    for metadata in documents(offline):
        offline.instance.publishing.put_service_metadata(ACTOR, offline.stored, metadata, create_group=True)


def add_other(offline: OfflineInstance, other: x509.Certificate) -> None:
    publisher = Publisher("OTHER", "https://other.example.org/smp", "1.1.1.1")
    offline.instance.sml.create_publisher(offline.caller(other), publisher)


# An SML of this instance


def test_participant_goes_to_who_has_the_key_and_is_withdrawn_only_then(
    offline: OfflineInstance, other: x509.Certificate
) -> None:
    add_other(offline, other)
    publish(offline)
    handover = own_handover(offline)
    handover.offer(ONE, KEY)
    with pytest.raises(ConflictError, match="nobody has taken it over yet"):
        handover.finish(ACTOR, ONE)
    assert published(offline)
    offline.instance.sml.migrate(offline.caller(other), "OTHER", ONE, KEY)
    assert not handover.is_ours(ONE)
    handover.finish(ACTOR, ONE)
    assert published(offline) is None
    assert administration(offline).registration(offline.stored, ONE).smp_id == "OTHER"


def test_what_our_smp_has_is_given_away_without_a_second_person(offline: OfflineInstance) -> None:
    publish(offline)
    domain = offline.stored.domain
    strict = replace(offline.stored, domain=replace(domain, sml=replace(domain.sml, four_eyes=("transfer",))))
    sml = OwnSml(administration(offline), ACTOR, strict, SMP_ID)
    Handover(offline.instance.database, offline.instance.publishing, strict, sml).offer(ONE, KEY)
    assert administration(offline).registration(strict, ONE).migrating


def test_redirects_can_stay_behind(offline: OfflineInstance, other: x509.Certificate) -> None:
    add_other(offline, other)
    publish(offline)
    handover = own_handover(offline)
    handover.offer(ONE, KEY)
    offline.instance.sml.migrate(offline.caller(other), "OTHER", ONE, KEY)
    assert not handover.only_redirects(ONE)
    handover.finish(ACTOR, ONE, Redirect("https://other.example.org/smp/", "CN=SMP_OTHER"))
    assert handover.only_redirects(ONE)
    assert not handover.only_redirects(participant("0088:2")), "nothing is published of it"
    left = published(offline)
    assert left
    for metadata in left:
        href = "https://other.example.org/smp" + service_path(ONE, metadata.document_type)
        assert metadata.redirect is not None
        assert (metadata.redirect.href, metadata.redirect.certificate_uid) == (href, "CN=SMP_OTHER")


def test_domain_of_both_generations_has_no_redirect_for_both(tmp_path: Path, pki: DemoPki, other) -> None:
    smp = {"base_url": BASE_URL, "smp_id": SMP_ID, "dialects": ["busdox", "bdxr2"]}
    with offline_instance(tmp_path, pki, smp=smp) as offline:
        add_other(offline, other)
        publish(offline)
        administration(offline).move(ACTOR, offline.stored, [ONE], "OTHER")
        with pytest.raises(ConflictError, match="withdraw what is published"):
            own_handover(offline).finish(ACTOR, ONE, Redirect("https://other.example.org/", "CN=SMP_OTHER"))


def test_offer_can_be_withdrawn(offline: OfflineInstance, other: x509.Certificate) -> None:
    add_other(offline, other)
    publish(offline)
    handover = own_handover(offline)
    handover.offer(ONE, KEY)
    handover.withdraw_offer(ONE)
    with pytest.raises(SmlError):
        offline.instance.sml.migrate(offline.caller(other), "OTHER", ONE, KEY)
    with pytest.raises(NotFoundError):
        handover.withdraw_offer(ONE)


def test_what_is_not_published_or_not_ours_is_not_offered(offline: OfflineInstance, other: x509.Certificate) -> None:
    handover = own_handover(offline)
    with pytest.raises(NotFoundError):
        handover.offer(ONE, KEY)
    add_other(offline, other)
    publish(offline)
    administration(offline).move(ACTOR, offline.stored, [ONE], "OTHER")
    with pytest.raises(ConflictError, match="not registered by our SMP"):
        handover.offer(ONE, KEY)
    with pytest.raises(ConflictError, match="not registered by our SMP"):
        handover.withdraw_offer(ONE)


@pytest.fixture
def theirs(offline: OfflineInstance, other: x509.Certificate) -> OfflineInstance:
    """A participant of the other SMP, which has prepared its migration."""
    add_other(offline, other)
    offline.instance.sml.create_participants(offline.caller(other), "OTHER", [ONE])
    offline.instance.sml.prepare_migration(offline.caller(other), "OTHER", ONE, KEY)
    return offline


def test_participant_is_published_and_taken_over_together(theirs: OfflineInstance) -> None:
    assert own_handover(theirs).take_over(ACTOR, ONE, KEY, documents(theirs)) is Taken.MIGRATED
    served = {metadata.document_type for metadata in published(theirs) or []}
    assert served == {metadata.document_type for metadata in documents(theirs)}
    assert administration(theirs).registration(theirs.stored, ONE).smp_id == SMP_ID
    assert own_handover(theirs).take_over(ACTOR, ONE, KEY, documents(theirs)) is Taken.ALREADY_OURS


def test_wrong_key_publishes_nothing(theirs: OfflineInstance) -> None:
    with pytest.raises(RegistryError):
        own_handover(theirs).take_over(ACTOR, ONE, OTHER_KEY, documents(theirs))
    assert published(theirs) is None
    assert administration(theirs).registration(theirs.stored, ONE).smp_id == "OTHER"


def test_what_cannot_be_published_leaves_the_participant_where_it_is(theirs: OfflineInstance) -> None:
    unpublishable = replace(documents(theirs)[0], process_metadata=())
    with pytest.raises(ValidationError):
        own_handover(theirs).take_over(ACTOR, ONE, KEY, [*documents(theirs)[1:], unpublishable])
    assert published(theirs) is None
    assert administration(theirs).migration(theirs.stored, ONE).smp_id == "OTHER"


# Somebody else's SML, with all that can happen on the way


@dataclass
class FailingSml:
    """Implements `HoldingSml`: each call of `migrate` meets the next event, and the last one for ever."""

    events: list[str]
    can_be_asked: bool = True
    ours: bool = False
    joins: bool = False
    calls: list[str] = field(default_factory=list)

    def prepare(self, participant: ParticipantIdentifier, key: str) -> None:
        self._meet("prepare", lambda: None)

    def cancel(self, participant: ParticipantIdentifier) -> None:
        self._meet("cancel", lambda: None)

    def migrate(self, participant: ParticipantIdentifier, key: str) -> None:
        def carry_out() -> None:
            if self.ours:
                raise migration_not_found(participant.value, participant.scheme)
            self.ours = True

        self._meet("migrate", carry_out)

    def holds(self, participant: ParticipantIdentifier) -> bool:
        self.calls.append("holds")
        if not self.can_be_asked:
            raise TechnicalError("no answer to the question")
        return self.ours

    def _meet(self, name: str, carry_out: Callable[[], None]) -> None:
        self.calls.append(name)
        event = self.events.pop(0) if len(self.events) > 1 else self.events[0]
        if event == "refused":
            raise migration_not_found("0088:1", "iso6523-actorid-upis")
        if event == "lost before":
            raise TechnicalError("no answer")
        carry_out()
        if event == "lost after":
            raise TechnicalError("no answer")


@pytest.fixture
def ours(tmp_path: Path, pki: DemoPki) -> Iterator[OfflineInstance]:
    """An instance whose domain has its SML elsewhere."""
    with offline_instance(tmp_path, pki, sml={"enabled": False}) as offline:
        yield offline


def handover_at(offline: OfflineInstance, sml: FailingSml) -> Handover:
    return Handover(offline.instance.database, offline.instance.publishing, offline.stored, sml)


@pytest.mark.parametrize(
    ("events", "calls"),
    [
        (["done"], ["migrate"]),
        (["lost after"], ["migrate", "holds"]),
        (["lost before", "done"], ["migrate", "holds", "migrate"]),
        (["lost before", "lost after"], ["migrate", "holds", "migrate", "holds"]),
    ],
    ids=["done", "answer lost", "request lost", "one of each lost"],
)
def test_unknown_outcome_is_resolved_by_asking(ours: OfflineInstance, events: list[str], calls: list[str]) -> None:
    sml = FailingSml(events)
    assert handover_at(ours, sml).take_over(ACTOR, ONE, KEY, documents(ours)) is Taken.MIGRATED
    assert (sml.calls, sml.ours) == (calls, True)
    assert published(ours)


@pytest.mark.parametrize(
    ("event", "error"), [("refused", SmlError), ("lost before", TechnicalError)], ids=["refused", "no answer"]
)
def test_what_was_published_is_taken_back_where_the_call_fails(
    ours: OfflineInstance, event: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        handover_at(ours, FailingSml([event])).take_over(ACTOR, ONE, KEY, documents(ours))
    assert published(ours) is None


def test_what_was_published_before_stays_where_the_call_fails(ours: OfflineInstance) -> None:
    publish(ours)
    before = published(ours)
    with pytest.raises(SmlError):
        handover_at(ours, FailingSml(["refused"])).take_over(ACTOR, ONE, KEY, documents(ours)[:1])
    assert published(ours) == before


def test_nothing_is_taken_back_as_long_as_nobody_knows(ours: OfflineInstance) -> None:
    sml = FailingSml(["lost after"], can_be_asked=False)
    with pytest.raises(TechnicalError, match="run the same again"):
        handover_at(ours, sml).take_over(ACTOR, ONE, KEY, documents(ours))
    assert published(ours), "senders that are led here already find it"
    sml.can_be_asked, sml.events = True, ["done"]
    assert handover_at(ours, sml).take_over(ACTOR, ONE, KEY, documents(ours)) is Taken.ALREADY_OURS


def test_offer_that_got_no_answer_is_made_again_with_the_same_key(ours: OfflineInstance) -> None:
    publish(ours)
    sml = FailingSml(["lost after", "done"])
    handover_at(ours, sml).offer(ONE, KEY)
    assert sml.calls == ["prepare", "prepare"]


# The same over SOAP


def test_our_smp_moves_participants_at_a_foreign_sml_over_soap(
    tmp_path: Path, pki: DemoPki, ours: OfflineInstance, other: x509.Certificate
) -> None:
    (tmp_path / "foreign").mkdir()
    with offline_instance(tmp_path / "foreign", pki) as foreign:
        add_other(foreign, other)
        sml = foreign.instance.sml
        sml.create_participants(foreign.caller(other), "OTHER", [ONE])
        sml.prepare_migration(foreign.caller(other), "OTHER", ONE, KEY)

        def app(url: str) -> SmlSoapApp:
            return SmlSoapApp(sml, public_url=f"{url}/edelivery-sml", caller_of=lambda _scope, _id: foreign.caller())

        with serving(app) as url, SmlClient(f"{url}/edelivery-sml", None) as client:
            handover = Handover(
                ours.instance.database, ours.instance.publishing, ours.stored, ForeignSml(client, SMP_ID)
            )
            assert not handover.is_ours(ONE)
            with pytest.raises(SmlError):
                handover.take_over(ACTOR, ONE, OTHER_KEY, documents(ours))
            assert published(ours) is None
            assert handover.take_over(ACTOR, ONE, KEY, documents(ours)) is Taken.MIGRATED
            assert handover.take_over(ACTOR, ONE, KEY, documents(ours)) is Taken.ALREADY_OURS
            handover.offer(ONE, KEY)
            handover.withdraw_offer(ONE)
            with pytest.raises(SmlError):
                sml.migrate(foreign.caller(other), "OTHER", ONE, KEY)
            handover.offer(ONE, OTHER_KEY)
            sml.migrate(foreign.caller(other), "OTHER", ONE, OTHER_KEY)
            handover.finish(ACTOR, ONE)
        assert published(ours) is None
