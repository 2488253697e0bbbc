# SPDX-License-Identifier: Apache-2.0
"""The next issue of a list: what its source says, with sequence, dates and history that follow from the issue before.

The rules (TS 119 612 V2.4.1; TS 119 602 has the same): the sequence number begins with 1 and grows by one (§5.3.2);
the next update is due within six months (§5.3.15); no status begins before the issue that first shows it (§5.5.5);
what a service was goes to its history, newest first, with its key identifier instead of certificates (§5.5.10, §5.6);
history is never removed within the period that the list names (§5.3.12); a key is listed once for a type (§5.5.3).
"""

from calendar import monthrange
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise

from trust_lists.documents import vocabulary
from trust_lists.documents.model import (
    Dialect,
    DigitalIdentity,
    Scheme,
    ServiceState,
    Text,
    TrustedList,
    TrustService,
    TrustServiceProvider,
)
from trust_lists.errors import ListSourceError
from trust_lists.publishing.identities import without_certificates
from trust_lists.publishing.profiles import is_approving
from trust_lists.publishing.providers import PastState, ProviderSource, ServiceSource
from trust_lists.publishing.source import ALL_HISTORY, ListSource, Period

VERSIONS = {Dialect.TS_119_612: 6, Dialect.LOTE_JSON: 1}
MONTHS_TO_NEXT_UPDATE = 6

_Key = tuple[str, Hashable]


def build(source: ListSource, dialect: Dialect, at: datetime, previous: TrustedList | None = None) -> TrustedList:
    """The issue of the list at `at` (aware; cut to whole seconds) in one of the dialects of `source.files`.

    `previous` is the issue before, verified by the caller; None makes the first issue. Raises ListSourceError with all
    reasons why there can't be such an issue.
    """
    issued_at = at.replace(microsecond=0)
    reasons = [] if previous is None else list(_not_the_previous(source, dialect, issued_at, previous))
    scheme = _scheme(source, dialect, issued_at, previous, reasons)
    issue = _Issue(source, dialect, issued_at, previous is None, _services_by_key(previous), reasons)
    providers = tuple(issue.provider(provider) for provider in source.providers)
    issue.find_the_missing()
    if reasons:
        raise ListSourceError(tuple(dict.fromkeys(reasons)))
    tag = vocabulary.LIST_TAG if dialect is Dialect.TS_119_612 else ""
    return TrustedList(dialect, scheme, providers, tag=tag)


def add_period(at: datetime, period: Period) -> datetime:
    """`at` and so many months and days; the last day of a month where the month has no such day."""
    years, month = divmod(at.month - 1 + period.months, 12)
    year, month = at.year + years, month + 1
    return at.replace(year=year, month=month, day=min(at.day, monthrange(year, month)[1])) + timedelta(period.days)


def _not_the_previous(
    source: ListSource, dialect: Dialect, issued_at: datetime, previous: TrustedList
) -> Iterator[str]:
    """Why `previous` can't be the issue before."""
    scheme = previous.scheme
    wanted = source.scheme.list_types[dialect]
    if previous.dialect is not dialect:
        yield f"the previous issue is a list of another kind: {previous.dialect.value}, not {dialect.value}"
        return
    if scheme.list_type != wanted:
        yield f"the previous issue is another list: its type is {scheme.list_type}, not {wanted}"
    if scheme.territory != source.scheme.territory:
        yield f"the previous issue is another list: its territory is {scheme.territory}, not {source.scheme.territory}"
    if scheme.next_update is None:
        yield "the previous issue closed the list for good (§5.3.15)"
    if issued_at <= scheme.issued_at:
        yield f"the previous issue is of {scheme.issued_at:%Y-%m-%dT%H:%M:%SZ}; this one must be later (§5.3.14)"


def _scheme(
    source: ListSource, dialect: Dialect, issued_at: datetime, previous: TrustedList | None, reasons: list[str]
) -> Scheme:
    said = source.scheme
    next_update = None
    if said.next_update is not None:
        next_update = add_period(issued_at, said.next_update)
        if next_update > add_period(issued_at, Period(months=MONTHS_TO_NEXT_UPDATE)):
            reasons.append("scheme.next_update: the next update is due within 6 months (§5.3.15)")
    return Scheme(
        version=VERSIONS[dialect],
        sequence=1 if previous is None else previous.scheme.sequence + 1,
        list_type=said.list_types[dialect],
        operator_names=said.operator_names,
        issued_at=issued_at,
        next_update=next_update,
        operator_address=said.operator_address,
        names=said.names,
        information_uris=said.information_uris,
        status_determination=said.status_determinations[dialect],
        community_rules=said.community_rules,
        territory=said.territory,
        policies=said.policies,
        legal_notices=_legal_notices(said.legal_notices, dialect),
        historical_period=said.historical_period,
        pointers=said.pointers,
        distribution_points=said.distribution_points,
    )


def _legal_notices(notices: tuple[Text, ...], dialect: Dialect) -> tuple[Text, ...]:
    """The schema of TS 119 602 has no place for the language of a notice."""
    return notices if dialect is Dialect.TS_119_612 else tuple(replace(notice, lang="") for notice in notices)


def _services_by_key(previous: TrustedList | None) -> dict[_Key, TrustService]:
    services = () if previous is None else previous.services
    return {_key(service.current.type, service.current.identity): service for service in services}


def _key(kind: str, identity: DigitalIdentity) -> _Key:
    """What a service is (§5.5.3): its type, and its key and subject, or its other identifier."""
    if not identity.certificates:
        return kind, identity.other
    certificate = identity.certificates[0]
    return kind, (certificate.key, certificate.comparable_subject)


@dataclass(slots=True)
class _Issue:
    """The services of one issue, as they are made one after the other."""

    source: ListSource
    dialect: Dialect
    issued_at: datetime
    is_first: bool
    before: dict[_Key, TrustService]
    reasons: list[str]
    seen: dict[_Key, str] = field(default_factory=dict)

    def provider(self, said: ProviderSource) -> TrustServiceProvider:
        return TrustServiceProvider(
            names=said.names,
            trade_names=said.trade_names,
            address=said.address,
            information_uris=said.information_uris,
            services=tuple(self.service(service) for service in said.services),
        )

    def service(self, said: ServiceSource) -> TrustService:
        before = self._before(said)
        current = ServiceState(said.type, said.names, said.identity, said.status, None, said.extensions)
        told = tuple(_past_state(state, said) for state in said.history)
        if before is None:
            since, history = self._since_of_new(said), told
        else:
            since, history = self._following(said, current, before)
            self._refuse_rewriting(said, told, history)
        self._check_order(said, since, history)
        if self.dialect is Dialect.LOTE_JSON and any(state.extensions for state in (current, *history)):
            self.reasons.append(
                f"{said.path}: its extensions have no form in a JSON list of trusted entities; leave files.lote out"
            )
        return TrustService(
            current=replace(current, starting_time=since),
            history=history,
            scheme_definition_uris=said.scheme_definition_uris,
            supply_points=said.supply_points,
            provider_definition_uris=said.provider_definition_uris,
        )

    def _before(self, said: ServiceSource) -> TrustService | None:
        """The same service in the issue before; it may have had another type, which its history then tells."""
        types = (said.type, *(past.type for past in said.history if past.type))
        keys = [_key(kind, said.identity) for kind in dict.fromkeys(types)]
        if keys[0] in self.seen:
            self.reasons.append(f"{said.path}: {self.seen[keys[0]]} is the same service: one type, one key (§5.5.3)")
        for key in keys:
            self.seen.setdefault(key, said.path)
        return next((self.before[key] for key in keys if key in self.before), None)

    def find_the_missing(self) -> None:
        """History that is too young to go must stay: a service ends by its status, not by being left out."""
        period = self.source.scheme.historical_period
        for key, service in self.before.items():
            if key in self.seen:
                continue
            state = service.current
            name = f"{state.names[0].value if state.names else 'a service'} ({vocabulary.short(state.type)})"
            if is_approving(state.status):
                self.reasons.append(
                    f"providers: {name} of the previous issue is missing; to end it, list it with another status "
                    "(a new key is a new service, beside the old one; §5.5.3)"
                )
            elif period == ALL_HISTORY or not self._is_over(state, period):
                self.reasons.append(
                    f"providers: {name} of the previous issue is missing; it must stay, history is kept "
                    f"{'for good' if period == ALL_HISTORY else f'for {period} days'} (§5.3.12)"
                )

    def _is_over(self, state: ServiceState, period: int) -> bool:
        return state.starting_time is not None and state.starting_time + timedelta(period) < self.issued_at

    def _since_of_new(self, said: ServiceSource) -> datetime:
        since = said.since or self.issued_at
        backdated = self.source.scheme.backdated_first_issue and self.is_first
        if since < self.issued_at and not backdated:
            self.reasons.append(
                f"{said.path}.since: the status can't begin before this issue, which is the first that shows it "
                f"({_text(self.issued_at)}; §5.5.5); leave since out, then it begins with the issue"
            )
        return since

    def _following(
        self, said: ServiceSource, current: ServiceState, before: TrustService
    ) -> tuple[datetime, tuple[ServiceState, ...]]:
        """Since when the state holds, and its history, for a service that the issue before has."""
        was = before.current
        started = was.starting_time or self.issued_at
        if (was.type, was.status, was.extensions) == (current.type, current.status, current.extensions):
            if said.since not in {None, started}:
                self.reasons.append(
                    f"{said.path}.since: the status has not changed, it holds since {_text(started)}; leave since out"
                )
            return started, before.history
        since = said.since or self.issued_at
        if since < self.issued_at:
            self.reasons.append(
                f"{said.path}.since: the status changes with this issue ({_text(self.issued_at)}) and can't have begun "
                "before (§5.5.5); leave since out, then it begins with the issue"
            )
        former = replace(was, identity=without_certificates(was.identity))
        return since, (former, *before.history)

    def _refuse_rewriting(
        self, said: ServiceSource, told: tuple[ServiceState, ...], history: tuple[ServiceState, ...]
    ) -> None:
        """What the source tells of the past must be what was published."""
        published = {(state.type, state.status, state.starting_time) for state in history}
        for state, past in zip(told, said.history, strict=True):
            if (state.type, state.status, state.starting_time) not in published:
                self.reasons.append(f"{past.path}: the published history of the service has no such state (§5.5.10)")

    def _check_order(self, said: ServiceSource, since: datetime, history: Iterable[ServiceState]) -> None:
        times = [since, *(state.starting_time for state in history if state.starting_time is not None)]
        if any(later <= earlier for later, earlier in pairwise(times)):
            self.reasons.append(f"{said.path}: each state must begin after the one that follows it here (§5.5.10)")


def _past_state(past: PastState, said: ServiceSource) -> ServiceState:
    return ServiceState(
        type=past.type or said.type,
        names=past.names or said.names,
        identity=without_certificates(said.identity),
        status=past.status,
        starting_time=past.since,
        extensions=past.extensions,
    )


def _text(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"
