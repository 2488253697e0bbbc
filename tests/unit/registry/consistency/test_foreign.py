# SPDX-License-Identifier: Apache-2.0
"""A foreign SML is brought to what our SMP serves: in lists, and where nobody knows what was done, by asking first."""

from collections.abc import Callable, Sequence

import pytest

from registry.audit import events
from registry.consistency.findings import Findings, Kind
from registry.consistency.foreign import ForeignRepairer, compare_one_by_one, compare_with_list
from registry.consistency.repairing import Repaired, refuse_too_many
from registry.errors import ConflictError, TechnicalError
from registry.identifiers.participant import ParticipantIdentifier
from registry.metadata import ServiceGroup
from registry.sml.errors import SmlError, participant_exists, participants_not_found, unauthorized
from registry.sml.model import ParticipantPage
from tests.simulators.live import SMP_ID
from tests.simulators.offline import ACTOR, OfflineInstance, participant

FOREIGN = "https://sml.example.org/edelivery-sml"


class Foreign:
    """An SML in memory that can be told to fail: before a call is carried out, or after."""

    def __init__(self, *values: str, page_size: int = 2) -> None:
        self.held = {f"0088:{value}" for value in values}
        self.others = set[str]()
        self.page_size = page_size
        self.lists: list[int] = []
        self.lost: list[bool] = []
        """For the next calls: whether the answer is lost, the call carried out (True) or not (False)."""
        self.knows_exists = True
        self.silent = False

    def list_participants(self, smp_id: str, page: str | None = None) -> ParticipantPage:
        assert smp_id == SMP_ID
        self._answer()
        values, start = sorted(self.held), int(page or 0)
        end = start + self.page_size
        found = tuple(participant(value) for value in values[start:end])
        return ParticipantPage(smp_id, found, str(end) if end < len(values) else None)

    def exists_participant(self, smp_id: str, wanted: ParticipantIdentifier) -> bool:
        assert smp_id == SMP_ID
        self._answer()
        if not self.knows_exists:
            raise TechnicalError("The locator answered 404 without a SOAP message")
        return wanted.value in self.held

    def create_participants(self, smp_id: str, wanted: Sequence[ParticipantIdentifier]) -> None:
        for item in wanted:
            if item.value in self.held | self.others:
                raise participant_exists(item.value, item.scheme)
        self._carry_out(wanted, lambda: self.held.update(item.value for item in wanted))

    def delete_participants(self, smp_id: str | None, wanted: Sequence[ParticipantIdentifier]) -> None:
        if missing := [item for item in wanted if item.value not in self.held]:
            raise participants_not_found(missing)
        self._carry_out(wanted, lambda: self.held.difference_update(item.value for item in wanted))

    def _carry_out(self, wanted: Sequence[ParticipantIdentifier], act: Callable[[], None]) -> None:
        self._answer()
        self.lists.append(len(wanted))
        lost = self.lost.pop(0) if self.lost else None
        if lost is not False:
            act()
        if lost is not None:
            raise TechnicalError("no answer")

    def _answer(self) -> None:
        if self.silent:
            raise TechnicalError("no answer")


def serve(offline: OfflineInstance, *values: str) -> None:
    for value in values:
        group = ServiceGroup(participant(f"0088:{value}"))
        offline.instance.publishing.put_service_group(ACTOR, offline.stored, group, in_sml=False)


def compared(offline: OfflineInstance, sml: Foreign) -> Findings:
    return compare_with_list(offline.instance.database, offline.stored, sml)


def shown(findings: Findings) -> list[tuple[str, str]]:
    return [(item.kind.value, item.key[1]) for item in findings]


def repaired(offline: OfflineInstance, sml: Foreign, findings: Findings) -> Repaired:
    return ForeignRepairer(offline.instance.database, ACTOR, offline.stored, sml, FOREIGN).run(findings)


def values(*names: str) -> set[str]:
    return {f"0088:{name}" for name in names}


def test_list_tells_what_is_missing_and_what_is_too_much(offline: OfflineInstance) -> None:
    serve(offline, "a", "B", "c")
    with compared(offline, Foreign("b", "c", "x", "y")) as findings:
        assert shown(findings) == [
            ("foreign-missing", "0088:a"),
            ("foreign-surplus", "0088:x"),
            ("foreign-surplus", "0088:y"),
        ]
        assert findings.summary.compared == {Kind.FOREIGN_MISSING: 3, Kind.FOREIGN_SURPLUS: 4}


def test_asking_one_by_one_tells_what_is_missing(offline: OfflineInstance) -> None:
    serve(offline, "a", "b")
    with compare_one_by_one(offline.instance.database, offline.stored, Foreign("b", "x")) as findings:
        assert shown(findings) == [("foreign-missing", "0088:a")]


def test_repair_sends_lists_and_tells_the_audit_what_it_asked_for(offline: OfflineInstance) -> None:
    serve(offline, *(f"n{number}" for number in range(205)))
    sml = Foreign("n0", "x", "y", page_size=100)
    with compared(offline, sml) as findings:
        result = repaired(offline, sml, findings)
    assert sml.lists == [100, 100, 4, 2]
    assert result.done == {Kind.FOREIGN_MISSING: 204, Kind.FOREIGN_SURPLUS: 2}
    assert sml.held == values(*(f"n{number}" for number in range(205)))
    (event,) = events.about(offline.instance.database, str(participant("0088:x")))
    assert event.tag == "sml:registration:ask-elsewhere"
    assert event.after == {"sml": FOREIGN, "smp_id": SMP_ID, "kind": "foreign-surplus"}
    with compared(offline, sml) as findings:
        assert findings.summary.consistent


@pytest.mark.parametrize("carried_out", [True, False], ids=["carried-out", "not-carried-out"])
def test_list_without_an_answer_is_asked_about_before_anything_is_repeated(
    offline: OfflineInstance, carried_out: bool
) -> None:
    serve(offline, "a", "b")
    sml = Foreign("x")
    sml.lost = [carried_out]
    with compared(offline, sml) as findings:
        result = repaired(offline, sml, findings)
    assert (result.refused, sml.held) == ([], values("a", "b"))
    assert sml.lists == ([2, 1] if carried_out else [2, 1, 1, 1])


def test_one_that_is_refused_does_not_keep_the_others(offline: OfflineInstance) -> None:
    serve(offline, "a", "taken", "b")
    sml = Foreign()
    sml.others = values("taken")
    with compared(offline, sml) as findings:
        result = repaired(offline, sml, findings)
    assert sml.held == values("a", "b")
    assert [(item.key[1], reason[:9]) for item, reason in result.refused] == [("0088:taken", "[ERR-106]")]
    assert result.done == {Kind.FOREIGN_MISSING: 2}


def test_sml_that_does_not_know_exists_is_repaired_one_by_one_after_a_refusal(offline: OfflineInstance) -> None:
    serve(offline, "a", "taken")
    sml = Foreign()
    sml.others, sml.knows_exists = values("taken"), False
    with compared(offline, sml) as findings:
        result = repaired(offline, sml, findings)
    assert sml.held == values("a")
    assert len(result.refused) == 1


def test_sml_that_answers_no_more_ends_the_repair(offline: OfflineInstance) -> None:
    serve(offline, "a")
    sml = Foreign()
    with compared(offline, sml) as findings:
        sml.silent = True
        with pytest.raises(TechnicalError):
            repaired(offline, sml, findings)


def test_what_has_changed_meanwhile_is_left_alone(offline: OfflineInstance) -> None:
    serve(offline, "gone")
    sml = Foreign("back")
    with compared(offline, sml) as findings:
        offline.instance.publishing.delete_service_group(ACTOR, offline.stored, participant("0088:gone"), in_sml=False)
        serve(offline, "back")
        result = repaired(offline, sml, findings)
    assert (sml.lists, sml.held) == ([], values("back"))
    assert result.outdated == {Kind.FOREIGN_MISSING: 1, Kind.FOREIGN_SURPLUS: 1}


def test_wrong_domain_would_delete_all_and_is_refused(offline: OfflineInstance) -> None:
    sml = Foreign(*(f"n{number}" for number in range(11)))
    with compared(offline, sml) as findings, pytest.raises(ConflictError, match="11 of 11"):
        refuse_too_many(findings, 50, [Kind.FOREIGN_SURPLUS])


def test_list_that_goes_round_in_circles_ends(offline: OfflineInstance) -> None:
    class Circling(Foreign):
        def list_participants(self, smp_id: str, page: str | None = None) -> ParticipantPage:
            return ParticipantPage(smp_id, (participant("0088:a"),), "1")

    with pytest.raises(TechnicalError, match="circles"):
        compared(offline, Circling())


def test_refusal_to_tell_is_not_taken_for_an_empty_list(offline: OfflineInstance) -> None:
    class Refusing(Foreign):
        def list_participants(self, smp_id: str, page: str | None = None) -> ParticipantPage:
            raise unauthorized("The certificate owns no SMP")

    serve(offline, "a")
    with pytest.raises(SmlError, match="ERR-101"):
        compared(offline, Refusing())
