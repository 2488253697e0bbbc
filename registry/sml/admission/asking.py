# SPDX-License-Identifier: Apache-2.0
"""Asks a service outside whether an SMP may have participants: one POST of JSON for all of a call.

Nobody waits for the network inside a transaction. Where the answer isn't at hand the transaction is given up with
`NotAskedYetError`; `registry.storage.engine.retried` has the question asked and runs the use case again, which then
finds the answer. It is kept for that, and no longer.

It fails closed: a service that can't be reached, answers late, at length or about others lets nobody in.
"""

import json
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from registry import telemetry
from registry.domains.admission_rules import OutsideCheck
from registry.errors import Reason, TechnicalError
from registry.identifiers.participant import ParticipantIdentifier
from registry.sml.errors import FaultKind, SmlError
from registry.storage.engine import TransientError
from trust_lists.errors import JsonRefusedError
from trust_lists.strict_json import parse_json

MAX_ANSWER_BYTES = 1_000_000
KEPT_S = 60.0
"""How long an answer is at hand: for the transaction that is run again, and a list that goes on in parts."""
FAILURE_KEPT_S = 5.0
"""How long nobody asks again where nobody could tell."""
_MAX_REASON = 300

log = structlog.get_logger(__name__)

Post = Callable[[str, bytes, int], bytes]
"""Sends JSON (address, body, seconds for the whole) and gives the body of the answer. Raises TechnicalError."""


@dataclass(frozen=True, slots=True)
class Question:
    """Whether an SMP of a domain may register participants, or take them over from another one."""

    check: OutsideCheck
    domain: str
    smp_id: str
    moved: bool
    participants: tuple[ParticipantIdentifier, ...]

    def body(self) -> bytes:
        """The request."""
        asked = {
            "domain": self.domain,
            "publisher": self.smp_id,
            "operation": "migrate" if self.moved else "register",
            "participants": [str(participant) for participant in self.participants],
        }
        return json.dumps(asked).encode()


class NotAskedYetError(TransientError):
    """The transaction needs answers from outside; they are got before the next try."""

    def __init__(self, outside: "Outside", questions: Sequence[Question]) -> None:
        super().__init__("the service that is asked who may register has to be asked first; try again")
        self._outside = outside
        self._questions = questions

    def before_again(self) -> None:
        """Ask."""
        for question in self._questions:
            self._outside.ask(question)


@dataclass(frozen=True, slots=True)
class _Said:
    """About one participant: why not, or None; `failed` where nobody could tell."""

    why_not: str | None
    failed: bool
    until: float


_Key = tuple[OutsideCheck, str, str, bool, ParticipantIdentifier]


class Outside:
    """Those who are asked, and what they said a moment ago."""

    def __init__(self, post: Post, clock: Callable[[], float] = time.monotonic) -> None:
        self._post = post
        self._clock = clock
        self._lock = threading.Lock()
        self._said: dict[_Key, _Said] = {}

    def reasons(self, questions: Sequence[Question]) -> list[Reason]:
        """Why participants are refused.

        Raises NotAskedYetError where somebody has to be asked first; SmlError (ERR-105) where that failed.
        """
        if not questions:
            return []
        now = self._clock()
        with self._lock:
            said = {key: self._said.get(key) for question in questions for key in _keys(question)}
        missing = [
            question
            for question in questions
            if any((one := said[key]) is None or one.until < now for key in _keys(question))
        ]
        if missing:
            raise NotAskedYetError(self, missing)
        for one in said.values():
            if one is not None and one.failed:
                text = "Whether the participants may be registered can't be found out now"
                # Where the service is, and what ails it, is for the operator.
                plain = TechnicalError(f"{text}: {one.why_not}")
                raise SmlError(FaultKind.INTERNAL_ERROR, 105, f"{text}: try again later", plain)
        return [
            Reason("SML-ADMISSION-REFUSED", f"{key[-1]} is not to be registered by {key[2]}: {one.why_not}")
            for key, one in said.items()
            if one is not None and one.why_not is not None
        ]

    def ask(self, question: Question) -> None:
        """Ask, and keep what is said; that nobody could tell is kept, too."""
        try:
            answer = self._post(question.check.url, question.body(), question.check.timeout_s)
            found, failed = _read_answer(answer, question.participants), False
        except TechnicalError as error:
            log.warning("admission_check_failed", url=question.check.url, reason=str(error))
            found, failed = dict.fromkeys(question.participants, str(error)), True
        outcomes = ("failed" if failed else "admitted" if why_not is None else "refused" for why_not in found.values())
        for outcome in outcomes:
            telemetry.admission_checks_total.labels(outcome).inc()
        now = self._clock()
        with self._lock:
            self._said = {key: said for key, said in self._said.items() if said.until >= now}
            for key in _keys(question):
                self._said[key] = _Said(found[key[-1]], failed, now + (FAILURE_KEPT_S if failed else KEPT_S))


def _keys(question: Question) -> list[_Key]:
    about = (question.check, question.domain, question.smp_id, question.moved)
    return [(*about, participant) for participant in question.participants]


def _read_answer(data: bytes, asked: Iterable[ParticipantIdentifier]) -> dict[ParticipantIdentifier, str | None]:
    """Why not, for each that was asked about; None for yes. Raises TechnicalError where one is missing."""
    try:
        document = parse_json(data, max_bytes=MAX_ANSWER_BYTES)
    except JsonRefusedError as error:
        raise TechnicalError(f"the answer is not understood: {error}") from error
    said: dict[str, str | None] = {}
    match document:
        case {"participants": [*rows]}:
            for row in rows:
                said |= _read_row(row)
        case _:
            raise TechnicalError("the answer has no list of participants")
    wanted = {participant: str(participant) for participant in asked}
    if missing := [text for text in wanted.values() if text not in said]:
        raise TechnicalError(f"the answer says nothing of {missing[0]}")
    return {participant: said[text] for participant, text in wanted.items()}


def _read_row(row: Any) -> Mapping[str, str | None]:
    match row:
        case {"participant": str(participant), "allowed": True}:
            return {participant: None}
        case {"participant": str(participant), "allowed": False}:
            reason = row.get("reason")
            text = reason[:_MAX_REASON] if isinstance(reason, str) else ""
            return {participant: "".join(c if c.isprintable() else " " for c in text) or "no reason is given"}
        case _:
            raise TechnicalError("the answer has a row that says neither yes nor no")
