# SPDX-License-Identifier: Apache-2.0
"""AuthZEN's questions answered by the engine: true only where the rule of the role accepts and the name is bound.

A role in which the domain only warns gets the same answer: that the registry goes on in spite of a no is no yes.
"""

import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from registry.accounts.permissions import Action, Principal, Scope, require
from registry.api.authzen_binding import context_of, is_bound
from registry.api.authzen_requests import Batch, Question, Semantic, read_question
from registry.api.v1.context import ApiContext
from registry.api.v1.trust_cases import decide
from registry.errors import NotFoundError, Reason, UnauthorizedError, ValidationError
from registry.identifiers.text import shorten
from registry.storage.domain_directory import StoredDomain
from registry.trust import Role
from trust_lists.evaluation.decisions import Case, Decision
from trust_lists.evaluation.trust_configuration.model import Context

Answer = Mapping[str, Any]
LONGEST_S = 10.0
"""After this time nothing more of a batch is decided: made-up chains may take some tenths of a second each."""
ROLES: Mapping[str, Role] = {role.value: role for role in Role} | {"urn:oid:1.3.6.1.5.5.7.3.1": Role.TLS_SERVER}
"""By the name of the action; the purpose serverAuth (RFC 5280 §4.2.1.12) is a role of ours, too."""


class Evaluator:
    """Answers one caller. Blocking."""

    def __init__(self, context: ApiContext, caller: Principal, elapsed_s: Callable[[], float] = time.monotonic) -> None:
        self._context = context
        self._caller = caller
        self._elapsed_s = elapsed_s

    def one(self, value: Mapping[str, object]) -> Answer:
        """An Access Evaluation (§6). Raises ValidationError, UnauthorizedError."""
        question = read_question(value)
        stored = self._domain(question.domain)
        role = ROLES.get(question.action)
        if role is None:
            told = f"there is no role {shorten(question.action)}; there are {', '.join(ROLES)}"
            return _denied("ROLE_UNKNOWN", told)
        if not question.certificates:
            return _denied("KEY_WITHOUT_CERTIFICATE", "nobody knows a bare key here: send its certificate (x5c)")
        return self._decided(question, stored, role, self._context.database.now())

    def every(self, batch: Batch) -> Answer:
        """Access Evaluations (§7): in their order, as far as the semantic wants. What is wrong with one is its own."""
        answers: list[Answer] = []
        begun = self._elapsed_s()
        for value in batch.evaluations:
            try:
                if self._elapsed_s() - begun > LONGEST_S:
                    answers.append(_failed(503, "those before it took too long; ask again with fewer"))
                else:
                    answers.append(self.one(value))
            except ValidationError as error:
                answers.append(_failed(400, "; ".join(f"{each.pointer}: {each.message}" for each in error.reasons)))
            except UnauthorizedError as error:
                answers.append(_failed(403, str(error)))
            if (batch.semantic, answers[-1]["decision"]) in _ENDS:
                break
        return {"evaluations": answers}

    def _decided(self, question: Question, stored: StoredDomain, role: Role, at: datetime) -> Answer:
        model = self._context.trust_of(stored.domain)
        certificate, *others = question.certificates
        context = {Context.DOMAIN: stored.domain.name, **context_of(question, role)}
        case = Case(role, certificate, at, tuple(others), context)
        decision = decide(model, case).decision
        reasons: dict[str, str] = {}
        for check in decision.checks:
            reasons.setdefault(check.id, check.message)
        if decision.accepted and not is_bound(model.configuration, case, decision, question.name):
            reasons = {"NAME_NOT_BOUND": f"it is accepted as {role.value}, but nothing binds it to the name"}
        told = {"reason": reasons} if reasons else {}
        return {
            "decision": decision.accepted and not reasons,
            "context": {**told, "domain": stored.domain.name, **_cited(decision)},
        }

    def _domain(self, name: str | None) -> StoredDomain:
        stored = self._chosen(name)
        try:
            require(self._caller, Action.DOMAIN_READ, Scope(stored.id))
        except UnauthorizedError:
            raise _not_for_caller(name) from None
        return stored

    def _chosen(self, name: str | None) -> StoredDomain:
        if name is not None:
            try:
                return self._context.domain(name)
            except NotFoundError:
                raise _not_for_caller(name) from None
        every = self._context.directory.all()
        defaults = [stored for stored in every if stored.domain.default] or every
        if len(defaults) != 1:
            reason = "which domain is meant? Name it in context.domain"
            raise ValidationError((Reason("AUTHZEN-DOMAIN", reason, pointer="#/context/domain"),))
        return defaults[0]


_ENDS = {(Semantic.DENY_ON_FIRST_DENY, False), (Semantic.PERMIT_ON_FIRST_PERMIT, True)}


def _cited(decision: Decision) -> Answer:
    """By what it was decided, so that it can be decided again."""
    told = decision.to_json()
    return {name: told[name] for name in ("outcome", "role", "at", "configuration", "engine", "evidence")}


def _denied(reason_id: str, message: str) -> Answer:
    return {"decision": False, "context": {"reason": {reason_id: message}}}


def _failed(status: int, message: str) -> Answer:
    return {"decision": False, "context": {"error": {"status": status, "message": message}}}


def _not_for_caller(name: str | None) -> UnauthorizedError:
    """The same for a domain that there isn't and one that the caller must not know of."""
    if name is None:
        return UnauthorizedError("the default domain is not for you to ask; name another in context.domain")
    return UnauthorizedError(f"there is no domain {shorten(name)}, or none that you may ask")
