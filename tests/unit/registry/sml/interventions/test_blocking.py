# SPDX-License-Identifier: Apache-2.0
"""A blocked certificate is listened to no more, from the next call on, whatever SMP it speaks for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import AlreadyExistsError, ConflictError, NotFoundError, ValidationError
from registry.sml.errors import SmlError
from registry.sml.interventions.model import CertificateName, Kind
from registry.sml.publisher_certificates import Window
from tests.simulators.interventions import A, B, Office


def named(office: Office, *smp_ids: str) -> tuple[CertificateName, ...]:
    return tuple(CertificateName.of(office.certificates[smp_id]) for smp_id in smp_ids)


def may_call(office: Office, smp_id: str) -> bool:
    try:
        office.offline.instance.sml.read_publisher(office.caller(smp_id), smp_id)
    except SmlError as error:
        if error.code != 101:
            raise
        return False
    return True


def test_blocked_certificate_is_cut_at_once_and_the_names_stay(office: Office) -> None:
    office.register(A, "0088:1")
    done = office.ask(Kind.BLOCK_CERTIFICATE, certificates=named(office, A), reason="stolen")
    assert not may_call(office, A)
    assert may_call(office, B)
    assert office.naptr("0088:1") is not None
    assert done.plan is not None
    assert dict(done.plan.counts) == {"certificates": 1, "publishers": 1, "silenced": 1}
    assert done.plan.notes == ("spoke for SMP-A", "without any other certificate then: SMP-A")
    office.ask(Kind.UNBLOCK_CERTIFICATE, certificates=named(office, A))
    assert may_call(office, A)
    assert office.tags(str(named(office, A)[0])) == ["sml:certificate:block", "sml:certificate:unblock"]


def test_smp_with_another_certificate_is_not_silenced(office: Office) -> None:
    first = office.certificates[A]
    second = office.offline.pki.smp_ca.issue(
        "SMP_A", "PEPPOL TEST SMP", not_before=first.not_valid_before_utc, not_after=first.not_valid_after_utc
    ).certificate
    office.administration.add_certificate(office.anna.actor, office.stored, A, second, Window())
    done = office.ask(Kind.BLOCK_CERTIFICATE, certificates=(CertificateName.of(first),))
    assert done.plan is not None
    assert dict(done.plan.counts) == {"certificates": 1, "publishers": 1, "silenced": 0}
    last = office.ask(Kind.BLOCK_CERTIFICATE, certificates=(CertificateName.of(second),))
    assert last.plan is not None
    assert "without any other certificate then: SMP-A" in " ".join(last.plan.notes)


def test_certificate_that_nobody_knows_can_be_blocked(office: Office) -> None:
    unknown = CertificateName.read("CN=Some CA,C=BE", "00:0A:ff")
    assert str(unknown) == "aff of CN=Some CA,C=BE"
    done = office.ask(Kind.BLOCK_CERTIFICATE, certificates=(unknown,))
    assert done.plan is not None
    assert done.plan.counts["publishers"] == 0
    assert [row.name for row in office.desk.blocked(office.stored, ("", ""), 10)] == [("CN=Some CA,C=BE", "aff")]


def test_blocking_and_unblocking_say_what_is_so_already(office: Office) -> None:
    both = named(office, A, B)
    with pytest.raises(NotFoundError, match="not blocked: "):
        office.ask(Kind.UNBLOCK_CERTIFICATE, certificates=both[:1])
    office.ask(Kind.BLOCK_CERTIFICATE, certificates=both[:1])
    with pytest.raises(AlreadyExistsError, match="blocked already: "):
        office.ask(Kind.BLOCK_CERTIFICATE, certificates=both[:1])
    more = office.ask(Kind.BLOCK_CERTIFICATE, certificates=both)
    assert more.plan is not None
    assert more.plan.counts["certificates"] == 1


def test_undoing_a_block_lets_in_what_it_blocked_itself(office: Office) -> None:
    both = named(office, A, B)
    first = office.ask(Kind.BLOCK_CERTIFICATE, certificates=both[:1])
    second = office.ask(Kind.BLOCK_CERTIFICATE, certificates=both)
    office.desk.undo(office.anna, office.stored, second.row.id)
    assert (may_call(office, A), may_call(office, B)) == (False, True)
    office.ask(Kind.UNBLOCK_CERTIFICATE, certificates=both[:1])
    with pytest.raises(ConflictError, match="other interventions came after this one"):
        office.desk.undo(office.anna, office.stored, first.row.id)


def test_undoing_an_unblock_brings_the_old_block_back(office: Office) -> None:
    (name,) = named(office, A)
    blocked = office.ask(Kind.BLOCK_CERTIFICATE, certificates=(name,))
    before = office.desk.blocked(office.stored, ("", ""), 10)
    let_in = office.ask(Kind.UNBLOCK_CERTIFICATE, certificates=(name,))
    office.desk.undo(office.anna, office.stored, let_in.row.id)
    assert office.desk.blocked(office.stored, ("", ""), 10) == before
    assert not may_call(office, A)
    assert before[0].intervention_id == blocked.row.id


def test_domain_that_knows_callers_by_their_names_says_so(office: Office) -> None:
    office.with_settings(identity="issuer+subject")
    done = office.ask(Kind.BLOCK_CERTIFICATE, certificates=named(office, A))
    assert done.plan is not None
    assert done.plan.notes[-1].startswith("the domain takes any certificate with the issuer and subject")


@given(st.integers(0, 2**160))
def test_serial_number_is_the_same_however_it_is_written(number: int) -> None:
    text = format(number, "x")
    padded = text.rjust(len(text) + len(text) % 2, "0").upper()
    colons = ":".join(padded[start : start + 2] for start in range(0, len(padded), 2))
    every = {CertificateName.read("CN=x", written) for written in (text, padded, colons, f"00{text}")}
    assert every == {CertificateName("CN=x", text)}


@pytest.mark.parametrize(("issuer", "serial"), [("no name", "1"), ("CN=x", "x"), ("CN=x", ""), ("CN=x", "-1")])
def test_certificate_that_is_named_wrongly_is_refused(issuer: str, serial: str) -> None:
    with pytest.raises(ValidationError, match="INTERVENTION-CERTIFICATE"):
        CertificateName.read(issuer, serial)
