# SPDX-License-Identifier: Apache-2.0
"""Grounds that need neither a path nor a list: pins, and what an SMP asserts."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from trust_lists.evaluation.decisions.evidence import Evidence
from trust_lists.evaluation.decisions.grounds import Ground, Offer
from trust_lists.evaluation.decisions.model import Case, Check
from trust_lists.evaluation.trust_configuration.model import Context, Pin, Pinned
from trust_lists.instants import earlier, later

_UNKNOWN_PARTY = Context.PARTY.value


class PinGrounds:
    """The pins that one `pin` expression names, or all of the role."""

    def __init__(self, rule: Pinned, place: str, pins: Iterable[Pin], clock_skew: timedelta) -> None:
        self.place = place
        self._skew = clock_skew
        self._pins: dict[str, list[Pin]] = {}
        for pin in pins:
            if rule.ids is None or pin.id in rule.ids:
                self._pins.setdefault(pin.cert_sha256, []).append(pin)

    def offer(self, case: Case, evidence: Evidence) -> Offer:
        """The pins of the role that have this certificate."""
        del evidence
        found = [pin for pin in self._pins.get(case.certificate.sha256, ()) if case.role in pin.roles]
        if not found:
            told = f"{case.certificate.subject_text}: it is none of the pinned certificates"
            return Offer(problems=(Check("NOT_PINNED", self.place, told, case.certificate.sha256),))
        return Offer(
            direct=tuple(
                Ground(_origin(pin), tuple(self._checks(pin, case)), certificate=case.certificate) for pin in found
            )
        )

    def _checks(self, pin: Pin, case: Case) -> Iterable[Check]:
        origin = _origin(pin)
        if pin.party is not None:
            party = case.context.get(Context.PARTY)
            if party is None:
                told = f"{_UNKNOWN_PARTY} is not known, and the pin {pin.id} is for {pin.party}"
                yield Check("CONTEXT_MISSING", f"{origin}.party", told, pin.cert_sha256, origin, undecided=True)
            elif party != pin.party:
                told = f"the pin {pin.id} is for {pin.party}, not for {party}"
                yield Check("PIN_OF_ANOTHER_PARTY", f"{origin}.party", told, pin.cert_sha256, origin)
        yield from self._untimely(pin, case.at)

    def _untimely(self, pin: Pin, at: datetime) -> Iterable[Check]:
        origin, valid = _origin(pin), pin.valid
        if valid.since is not None and later(at, self._skew) < valid.since:
            told = f"the pin {pin.id} counts from {valid.since:%Y-%m-%d %H:%M:%S} UTC only"
            yield Check("PIN_NOT_YET_VALID", f"{origin}.valid", told, pin.cert_sha256, origin)
        if valid.until is not None and earlier(at, self._skew) >= valid.until:
            told = f"the pin {pin.id} counted before {valid.until:%Y-%m-%d %H:%M:%S} UTC"
            yield Check("PIN_NO_LONGER_VALID", f"{origin}.valid", told, pin.cert_sha256, origin)


class AssertedGrounds:
    """The certificates that signed SMP metadata name (`smp-metadata: {endpoint_certificate: anchor}`)."""

    place = "roles.smp-metadata.endpoint_certificate"

    def offer(self, case: Case, evidence: Evidence) -> Offer:
        """The certificate, if SMP metadata at hand name it."""
        del evidence
        problem = not_asserted(case)
        return Offer(problems=(problem,)) if problem else Offer(direct=(Ground(self.place),))


def not_asserted(case: Case) -> Check | None:
    """That no SMP metadata at hand name the certificate; None where they do."""
    place, certificate = AssertedGrounds.place, case.certificate
    if case.asserted is None:
        told = "which certificate the SMP names is not known"
        return Check("ASSERTION_MISSING", place, told, certificate.sha256, undecided=True)
    if certificate.sha256 not in case.asserted:
        return Check("NOT_ASSERTED", place, f"{certificate.subject_text}: the SMP names another", certificate.sha256)
    return None


def _origin(pin: Pin) -> str:
    return f"stores.pins.{pin.id}"
