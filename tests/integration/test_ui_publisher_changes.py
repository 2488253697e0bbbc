# SPDX-License-Identifier: Apache-2.0
"""SMPs on pages: registered, led elsewhere, removed with all that goes with them, and who may speak for them."""

from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from registry.accounts.permissions import Role, Scope
from tests.simulators.interventions import A, B, Office, open_office
from tests.simulators.offline import OfflineInstance
from tests.simulators.ui_office import HOSTILE, Browser, UiOffice, forms_of, links_of, text
from trust_lists.certificates.parsing import fingerprint

pytestmark = pytest.mark.any_database

LIST = "/ui/domains/demo/publishers"
NEW = "/ui/domains/demo/new-publisher"
SMP = f"{LIST}/{A}"
ELSEWHERE = "https://elsewhere.example/smp"


@pytest.fixture
def smps(offline: OfflineInstance) -> Office:
    smps = open_office(offline)
    smps.register(A, "0088:1", "0088:2")
    return smps


@pytest.fixture
def office(smps: Office) -> UiOffice:
    office = UiOffice(smps.offline)
    scope = Scope(smps.offline.stored.id)
    for name, role in (("alice", Role.ADMIN), ("edda", Role.EDITOR)):
        office.person(name, role, scope)
    return office


@pytest.fixture
def alice(office: UiOffice) -> Browser:
    return office.browser("alice")


def next_certificate(smps: Office, name: str = "SMP_A_NEXT") -> bytes:
    """PEM of one that the domain accepts."""
    own = smps.offline.pki.smp.certificate
    issued = smps.offline.pki.smp_ca.issue(
        name, "PEPPOL TEST SMP", not_before=own.not_valid_before_utc, not_after=own.not_valid_after_utc
    )
    return issued.certificate.public_bytes(Encoding.PEM)


def test_smp_is_registered_and_gets_its_certificate(smps: Office, alice: Browser) -> None:
    assert NEW in links_of(alice.get(LIST))
    made = alice.submit(NEW, smp_id="SMP-C", logical_address="https://c.example/smp")
    assert made.headers["location"] == f"{LIST}/SMP-C"
    shown = alice.get(f"{LIST}/SMP-C")
    assert "It has none." in text(shown)
    assert f"{LIST}/SMP-C/new-certificate" in links_of(shown)
    added = alice.upload(f"{LIST}/SMP-C/new-certificate", "smp.pem", next_certificate(smps))
    assert added.status == 303, added.body
    assert "The certificate is added." in text(alice.get(f"{LIST}/SMP-C"))


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"smp_id": A, "logical_address": ELSEWHERE}, 412),
        ({"smp_id": "SMP-C", "logical_address": "ftp://x"}, 400),
        ({"smp_id": "no id!", "logical_address": ELSEWHERE}, 400),
        ({"smp_id": "", "logical_address": ELSEWHERE}, 200),
    ],
    ids=["taken", "no address", "no id", "nothing"],
)
def test_what_is_no_new_smp_is_told_and_nothing_typed_is_lost(
    alice: Browser, form: dict[str, str], status: int
) -> None:
    refused = alice.submit(NEW, **form)
    assert refused.status == status
    assert all(value in refused.body.decode() for value in form.values())


def test_names_follow_an_address_after_that_was_said(smps: Office, alice: Browser) -> None:
    assert f"{SMP}/change" in links_of(alice.get(SMP))
    asked = alice.submit(f"{SMP}/change", logical_address=ELSEWHERE)
    assert "The names of all its participants lead there: 2." in text(asked)
    assert smps.leads_to(A, ["0088:1"]), "nothing is done yet"
    assert alice.post(f"{SMP}/change", **forms_of(asked)[-2].fields).headers["location"] == SMP
    assert ELSEWHERE in (smps.naptr("0088:1") or "")


def test_another_ip_address_needs_no_question(smps: Office, alice: Browser) -> None:
    assert alice.submit(f"{SMP}/change", physical_address="192.0.2.7").headers["location"] == SMP
    assert "192.0.2.7" in text(alice.get(SMP))


def test_smp_that_somebody_changed_meanwhile_is_left_alone(smps: Office, alice: Browser) -> None:
    fields = forms_of(alice.get(f"{SMP}/change"))[-2].fields
    assert alice.submit(f"{SMP}/change", physical_address="192.0.2.7").status == 303
    assert alice.post(f"{SMP}/change", **fields).status == 412


def test_what_goes_with_an_smp_is_said_before_it_goes(smps: Office, alice: Browser) -> None:
    assert f"{SMP}/remove" in links_of(alice.get(SMP))
    asked = text(alice.get(f"{SMP}/remove"))
    assert "Registrations that end with it: 2." in asked
    assert "Names that go from DNS, its own among them: 3." in asked
    fields = forms_of(alice.get(f"{SMP}/remove"))[-2].fields
    smps.register(A, "0088:3")
    assert alice.post(f"{SMP}/remove", **fields).status == 412, "it is more than was seen"
    assert alice.submit(f"{SMP}/remove").headers["location"] == LIST
    assert SMP not in links_of(alice.get(LIST))
    assert smps.naptr("0088:1") is None


def test_smp_with_an_open_migration_stays(smps: Office, alice: Browser) -> None:
    (who,) = smps.register(A, "0088:9")
    smps.offline.instance.sml.prepare_migration(smps.caller(A), A, who, "Ab12!!cd34-Xy")
    assert "Participants with an open migration: 1." in text(alice.get(f"{SMP}/remove"))
    refused = alice.submit(f"{SMP}/remove")
    assert refused.status == 409
    assert 'role="alert"' in refused.body.decode()


def test_next_certificate_is_pasted_with_its_time_changed_and_ended(smps: Office, alice: Browser) -> None:
    begin = (smps.offline.clock.now + timedelta(days=2)).strftime("%Y-%m-%dT%H:%M")
    pem = next_certificate(smps).decode()
    added = alice.upload(f"{SMP}/new-certificate", "", b"", certificate=pem, usable_from=begin, usable_until="")
    assert added.status == 303, added.body
    held = alice.get(SMP)
    sha256 = next(
        each.split("/")[-2]
        for each in links_of(held)
        if each.endswith("/end") and fingerprint(smps.certificates[A]) not in each
    )
    place = f"{SMP}/certificates/{sha256}"
    fields = forms_of(alice.get(f"{place}/change"))[-2].fields
    assert fields["usable_from"] == begin
    later = begin[:-5] + "23:59"
    assert alice.submit(f"{place}/change", usable_from=later).status == 303
    assert later.replace("T", " ") in text(alice.get(SMP))
    assert alice.post(f"{place}/change", **fields).status == 412, "somebody was faster"
    assert "Registrations, names and other certificates stay" in text(alice.get(f"{place}/end"))
    assert alice.submit(f"{place}/end").headers["location"] == SMP
    assert f"{place}/end" not in links_of(alice.get(SMP)), "it never spoke, so it is forgotten"


def test_only_certificate_ends_once_that_was_meant(smps: Office, alice: Browser) -> None:
    place = f"{SMP}/certificates/{fingerprint(smps.certificates[A])}"
    first = alice.submit(f"{place}/end")
    assert first.status == 409
    assert "Nobody speaks for the SMP then" in first.body.decode()
    assert alice.post(f"{place}/end", **forms_of(first)[-2].fields).headers["location"] == SMP


@pytest.mark.parametrize(
    ("content", "form"),
    [
        (b"", {"certificate": ""}),
        (b"", {"certificate": "not one"}),
        (b"\x30\x00", {}),
        (b"-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n" * 2, {}),
        (b"", {"certificate": HOSTILE}),
    ],
    ids=["nothing", "text", "no DER", "two", "hostile"],
)
def test_what_is_no_certificate_is_told(alice: Browser, content: bytes, form: dict[str, str]) -> None:
    refused = alice.upload(f"{SMP}/new-certificate", "smp.pem" if content else "", content, **form)
    assert refused.status == 400
    assert 'role="alert"' in refused.body.decode()
    assert "<script>alert" not in refused.body.decode()


def test_only_administrators_of_the_domain_change_smps(office: UiOffice, smps: Office) -> None:
    edda = office.browser("edda")
    place = f"{SMP}/certificates/{fingerprint(smps.certificates[A])}"
    assert not {NEW, f"{SMP}/change", f"{SMP}/remove"} & (links_of(edda.get(LIST)) | links_of(edda.get(SMP)))
    before = office.everything()
    for path in (NEW, f"{SMP}/change", f"{SMP}/remove", f"{SMP}/new-certificate", f"{place}/change", f"{place}/end"):
        assert edda.get(path).status == 403, path
        assert edda.post(path, smp_id=B, logical_address=ELSEWHERE, etag="x").status in {403, 412}, path
    assert office.everything() == before
