# SPDX-License-Identifier: Apache-2.0
"""The outcomes of all procedures in one form, for who prints them or passes them on.

`positive` is ours: the standard gives out values, and which of them is a yes depends on what was asked.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from trust_lists.evaluation.explanation import Explanation
from trust_lists.evaluation.ts119615.codes import IssuerResult, QscdResult, SignatureServiceResult, Status
from trust_lists.evaluation.ts119615.delivery import DeliveryOutcome
from trust_lists.evaluation.ts119615.qscd import QscdOutcome
from trust_lists.evaluation.ts119615.qualified import QualifiedOutcome
from trust_lists.evaluation.ts119615.services import FoundService, ServicesOutcome
from trust_lists.evaluation.ts119615.signature_services import SignatureServiceOutcome
from trust_lists.evaluation.ts119615.time_stamp import TSA_QTST
from trust_lists.evaluation.ts119615.token_issuer import IssuerOutcome
from trust_lists.evaluation.ts119615.wrappers import ARCHIVING_Q, ATTESTATION_Q, LEDGERS_Q

Outcome = ServicesOutcome | QualifiedOutcome | QscdOutcome | IssuerOutcome | DeliveryOutcome | SignatureServiceOutcome

_YES = {
    "eSig": SignatureServiceResult.QUALIFIED_FOR_ESIG,
    "eSeal": SignatureServiceResult.QUALIFIED_FOR_ESEAL,
}
_DEVICE: dict[QscdResult | None, str] = {QscdResult.YES: "is", QscdResult.NO: "is not"}
_SERVICES = {
    TSA_QTST: "a qualified time-stamping service",
    ARCHIVING_Q: "a qualified electronic archiving service",
    ATTESTATION_Q: "a qualified service for attestations of attributes",
    LEDGERS_Q: "a qualified electronic ledger",
}
_PURPOSES = {"eSig": "electronic signatures", "eSeal": "electronic seals", "web": "website authentication"}


@dataclass(frozen=True, slots=True)
class Answer:
    """What was found out; `verdict` is a clause for people, and `services` what it rests on."""

    positive: bool
    verdict: str
    results: tuple[str, ...]
    status: Status
    sub_status: tuple[str, ...]
    services: tuple[FoundService, ...]
    territory: str
    explanation: Explanation
    device: "Answer | None" = None
    """The answer of §4.5, beside one of §4.4."""

    @property
    def reasons(self) -> tuple[Explanation, ...]:
        """The steps that the answer hangs on."""
        return self.whole_explanation.reasons

    @property
    def whole_explanation(self) -> Explanation:
        """The explanation of all that was asked, so with the device."""
        return (self.device or self).explanation

    def to_json(self, *, explain: bool = False) -> dict[str, object]:
        """In values that `json.dumps` takes; with the explanation if it is asked for."""
        value: dict[str, object] = {
            "positive": self.positive,
            "verdict": self.verdict,
            "results": list(self.results),
            "status": self.status.value,
            "sub_status": list(self.sub_status),
            "reasons": [reason.line for reason in self.reasons],
            "territory": self.territory,
            "services": [_service(each) for each in self.services],
        }
        if self.device:
            device = self.device
            value["qscd"] = {
                "results": list(device.results),
                "status": device.status.value,
                "sub_status": list(device.sub_status),
            }
        if explain:
            value["explanation"] = self.whole_explanation.to_json()
        return value


def answer(outcome: Outcome) -> Answer:
    """The outcome of any procedure as an answer; that of §4.5 answers about the device."""
    match outcome:
        case QualifiedOutcome():
            return _qualified(outcome)
        case QscdOutcome():
            return _device(outcome)
        case ServicesOutcome():
            return _services(outcome)
        case DeliveryOutcome():
            found = tuple(each for run in outcome.runs for each in run.services)
            positive = IssuerResult.QUALIFIED in outcome.results
            what = "a qualified electronic registered delivery service"
            return _of_service(outcome, found, outcome.territory, outcome.results, what, positive=positive)
        case SignatureServiceOutcome():
            run = outcome.run
            purposes = " and ".join(_PURPOSES[name] for name, yes in _YES.items() if yes in outcome.results)
            what = f"a qualified service for {purposes or 'signatures or seals'}"
            return _of_service(outcome, run.services, run.territory, outcome.results, what, positive=bool(purposes))
        case IssuerOutcome():
            positive = outcome.result is IssuerResult.QUALIFIED
            what = _SERVICES.get(outcome.service_type, "a qualified trust service")
            return _of_service(outcome, outcome.services, outcome.territory, (outcome.result,), what, positive=positive)


def with_device(outcome: QscdOutcome) -> Answer:
    """The answer of §4.4 with that of §4.5 beside it."""
    told = _qualified(outcome.qualified)
    device = _device(outcome)
    verdict = f"{told.verdict}; {device.verdict}" if told.positive else told.verdict
    return Answer(
        told.positive,
        verdict,
        told.results,
        told.status,
        told.sub_status,
        told.services,
        told.territory,
        told.explanation,
        device,
    )


def _qualified(outcome: QualifiedOutcome) -> Answer:
    purposes = " and ".join(_PURPOSES[name] for name in outcome.qualified_for)
    if purposes:
        verdict = f"a qualified certificate for {purposes}"
    elif outcome.status is Status.FAILED:
        verdict = "it can't be told whether this is a qualified certificate"
    elif any(result.startswith("INDET") for result in outcome.results):
        verdict = "not known to be a qualified certificate"
    else:
        verdict = "not a qualified certificate"
    found, territory = _used(outcome)
    return _answer(outcome, found, territory, outcome.results, verdict, positive=bool(purposes))


def _device(outcome: QscdOutcome) -> Answer:
    result = outcome.result if outcome.status is not Status.FAILED else None
    verdict = f"its key {_DEVICE.get(result, 'is not known to be')} in a qualified device"
    results = (outcome.result,) if outcome.result else ()
    found, territory = _used(outcome.qualified)
    return _answer(outcome, found, territory, results, verdict, positive=result is QscdResult.YES)


def _services(outcome: ServicesOutcome) -> Answer:
    count = len(outcome.results)
    if outcome.status is Status.FAILED:
        verdict = "it can't be told which services match"
    else:
        verdict = f"{count or 'no'} matching service{'' if count == 1 else 's'}"
    positive = outcome.status is Status.PASSED and count > 0
    return _answer(outcome, outcome.results, outcome.territory, (), verdict, positive=positive)


def _of_service(
    outcome: DeliveryOutcome | SignatureServiceOutcome | IssuerOutcome,
    services: tuple[FoundService, ...],
    territory: str,
    results: Iterable[str],
    what: str,
    *,
    positive: bool,
) -> Answer:
    if outcome.status is Status.FAILED:
        return _answer(
            outcome, services, territory, results, f"it can't be told whether this is {what}", positive=False
        )
    return _answer(outcome, services, territory, results, what if positive else f"not {what}", positive=positive)


def _used(outcome: QualifiedOutcome) -> tuple[tuple[FoundService, ...], str]:
    return (outcome.services.results, outcome.services.territory) if outcome.services else ((), "")


def _answer(
    outcome: Outcome,
    services: tuple[FoundService, ...],
    territory: str,
    results: Iterable[str],
    verdict: str,
    *,
    positive: bool,
) -> Answer:
    return Answer(
        positive,
        verdict,
        tuple(sorted(map(str, results))),
        outcome.status,
        outcome.sub_status,
        services,
        territory,
        outcome.explanation,
    )


def _service(found: FoundService) -> dict[str, object]:
    state = found.state
    return {
        "provider": found.provider,
        "name": state.names[0].value if state.names else "",
        "type": state.type,
        "status": state.status,
        "since": state.starting_time.isoformat() if state.starting_time else None,
        "matched_by": found.how,
        "certificates": [each.sha256 for each in found.service.current.identity.certificates],
    }
