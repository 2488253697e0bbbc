# SPDX-License-Identifier: Apache-2.0
"""Trusted lists as a source: the services of lists that have a certificate, or issued it (TS 119 615 §4.3).

A service is its key and subject name; dates and extensions of its certificates don't count (TS 119 612 §5.5.3). It
counts by its status at the time of the case, from its history. One that fits and doesn't count then is a ground with a
check, so that the answer says since when it is withdrawn.

A list that isn't at hand, or isn't authenticated, leaves undecided what it would say: a good copy of it could speak for
the certificate, and nobody who lacks it can tell. One that is out of date is there, and to be discarded (TS 119 612
§5.3.15), so that what it lists is refused. Where §4.4 is asked for, only the list of the issuer's country matters
(PRO-4.4.4-01).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache

from trust_lists.certificates.building import Issuers
from trust_lists.certificates.listed import ListedCertificate
from trust_lists.documents.model import Dialect, ServiceState, Text, TrustService, UnknownExtension
from trust_lists.documents.vocabulary import short
from trust_lists.errors import shown
from trust_lists.evaluation.authenticated import AuthenticatedList
from trust_lists.evaluation.decisions.evidence import Evidence, ListsAtHand
from trust_lists.evaluation.decisions.grounds import Ground, IssuersOffered, Offer, together
from trust_lists.evaluation.decisions.listed_services import Entry, listed_services
from trust_lists.evaluation.decisions.model import Case, Check
from trust_lists.evaluation.decisions.qualification import Qualification, qualification
from trust_lists.evaluation.services import ListedService, history_is_ordered, state_at
from trust_lists.evaluation.trust_configuration.model import (
    Listed,
    ListKind,
    OnExpired,
    ServiceMatch,
    TrustedListSource,
)
from trust_lists.evaluation.ts119615.services import issuer_territory, subject_territory, told
from trust_lists.instants import later


class ListGrounds:
    """The lists that an expression names. Made once for a configuration; see `Grounds`."""

    def __init__(
        self,
        rule: Listed,
        place: str,
        sources: Mapping[str, TrustedListSource],
        clock_skew: timedelta,
        *,
        intermediates: tuple[ListedCertificate, ...] = (),
    ) -> None:
        """`place` is the key path of the expression; `sources` has by id at least the lists that the rule names.

        `intermediates` are those of the configuration, which §4.4 may go over.
        """
        self.place = place
        self._rule = rule
        self._sources = tuple(sources[each] for each in rule.lists)
        self._skew = clock_skew
        self._intermediates = intermediates

    def offer(self, case: Case, evidence: Evidence) -> Offer:
        """The services that have the certificate, and those that may have issued it, of the lists at hand."""
        offers = [self._of_source(source, case, evidence) for source in self._sources]
        return together(offers)

    def _of_source(self, source: TrustedListSource, case: Case, evidence: Evidence) -> Offer:
        place = f"stores.lists.{source.id}"
        at_hand = evidence.lists.get(source.id)
        if at_hand is None:
            missing = f"the list {source.id} is not at hand"
            return Offer(problems=(Check("LIST_MISSING", place, missing, source=place, undecided=True),))
        between = (*case.intermediates, *evidence.intermediates, *self._intermediates)
        asked = _Asked(self._rule, source, place, self._skew, case, between, at_hand)
        services = listed_services(at_hand.index, source.territories, source.service_types)
        # what §4.4 says is asked for once a service is found, and not again for the next one
        qualified = cache(asked.qualified)

        def grounds(entries: Iterable[Entry]) -> tuple[Ground, ...]:
            return tuple(asked.ground(each, qualified()) for each in entries)

        match = self._rule.match
        direct = () if match is ServiceMatch.PATH else grounds(services.identical(case.certificate))
        issuers = None
        if match is not ServiceMatch.IDENTITY:
            issuers = IssuersOffered(
                Issuers(services.anchors, services.certificates),
                lambda anchor: grounds(services.of_anchor.get(anchor, ())),
            )
        return Offer(direct, issuers, tuple(asked.problems()))


@dataclass(frozen=True, slots=True)
class _Asked:
    """One source, asked about one case."""

    rule: Listed
    source: TrustedListSource
    place: str
    skew: timedelta
    case: Case
    between: tuple[ListedCertificate, ...]
    """Certificates that may stand above it."""
    at_hand: ListsAtHand

    def qualified(self) -> Qualification:
        """What §4.4 says, where the rule asks for it."""
        if self.rule.qualified is None:
            return Qualification()
        return qualification(self.rule.qualified, self.case, self.at_hand, self.between, self.place)

    def ground(self, entry: Entry, qualified: Qualification) -> Ground:
        """A service, with what speaks against it at the time of the case."""
        service = entry.service
        origin = f"{self.place}/{_title(service)}"
        found = self.at_hand.lists.lists.get(service.territory)
        out_of_date = tuple(self._out_of_date(service.territory, found))
        refused = out_of_date if self.source.on_expired is OnExpired.REJECT else ()
        warnings = () if refused else tuple(each.message for each in out_of_date)
        checks = (*self._service_checks(service, origin, found), *refused, *qualified.checks)
        if found is None or found.document is None:
            checks = (self._not_authenticated(service.territory, found), *checks)
        return Ground(origin, checks, entry.certificate, (*warnings, *qualified.warnings))

    def problems(self) -> Iterator[Check]:
        """What keeps the lists from being asked, or from counting."""
        decisive = self._decisive_territories()
        named = self._named_territories()
        wanted = self.source.territories
        for territory, found in self.at_hand.lists.lists.items():
            if wanted is not None and territory and territory not in wanted:
                continue
            if found.document is None and (decisive is None or territory in decisive):
                yield self._not_authenticated(territory, found)
            elif self.source.on_expired is OnExpired.REJECT and (named is None or territory in named):
                yield from self._out_of_date(territory, found)

    def _not_authenticated(self, territory: str, found: AuthenticatedList | None) -> Check:
        codes = ", ".join((found.status, *found.sub_status)) if found is not None else "nobody has done that"
        message = f"{_list_named(self.source.id, territory)} is not authenticated: {codes}"
        if self.source.kind is ListKind.LOTL:
            clause = "TS 119 615 4.2" if territory else "TS 119 615 4.1"
        else:
            clause = f"{self.place}.signers"
        return Check("LIST_NOT_AUTHENTICATED", clause, message, source=self._place_of(territory), undecided=True)

    def _place_of(self, territory: str) -> str:
        return f"{self.place}/{territory}" if territory else self.place

    def _decisive_territories(self) -> frozenset[str] | None:
        """Without whose lists the answer isn't known; None: without any of them."""
        country = issuer_territory(self.case.certificate)
        # what isn't authenticated itself, a list of lists for one, stands under no territory
        return frozenset({"", country}) if self.rule.qualified is not None and country else None

    def _named_territories(self) -> frozenset[str] | None:
        """Whose lists are told of where they are out of date, since the certificate is from there; None: all."""
        certificate = self.case.certificate
        named = frozenset({issuer_territory(certificate), subject_territory(certificate)}) - {""}
        return named if named and self.source.kind is ListKind.LOTL else None

    def _out_of_date(self, territory: str, found: AuthenticatedList | None) -> Iterator[Check]:
        """Whether the list should have been replaced by then, or the copy of it (TS 119 612 §5.3.15)."""
        at, named = self.case.at, _list_named(self.source.id, territory)
        source = self._place_of(territory)
        scheme = found.document.scheme if found is not None and found.document is not None else None
        # without a next issue a list is closed, from the day on that it was issued like that
        if scheme is not None and at > later(scheme.next_update or scheme.issued_at, self.skew):
            how = "expired" if scheme.next_update else "was closed"
            message = f"{named} {how} on {told(scheme.next_update or scheme.issued_at)}"
            yield Check("LIST_EXPIRED", "TS 119 612 5.3.15", message, source=source, outdated=True)
        if self.source.max_age is not None and at - self.at_hand.fetched_at - self.skew > self.source.max_age:
            message = f"{named} was fetched on {told(self.at_hand.fetched_at)}, which is too long ago"
            yield Check("LIST_TOO_OLD", f"{self.place}.max_age", message, source=source, outdated=True)

    def _service_checks(self, entry: ListedService, origin: str, found: AuthenticatedList | None) -> Iterator[Check]:
        at, service = self.case.at, entry.service
        name = f"the service {_service_name(service)} of {_provider_name(entry)}"
        dialect = found.document.dialect if found is not None and found.document is not None else None
        if not _in_order(service, dialect):
            message = f"{name} has a history that can't be followed: not in descending order, or without times"
            yield Check("SERVICE_HISTORY_DISORDERED", "TS 119 615 PRO-4.3.4-03A", message, "", origin, undecided=True)
            return
        state = state_at(service, at)
        if state is None:
            message = f"{name} was not listed yet on {told(at)}"
            yield Check("SERVICE_NOT_YET_LISTED", "TS 119 615 PRO-4.3.4-03", message, "", origin)
            return
        if self.source.statuses is not None and state.status not in self.source.statuses:
            message = f"{name} is {_status(state)}, which doesn't count"
            yield Check("SERVICE_STATUS", f"{self.place}.statuses", message, "", origin)
        if unknown := _not_understood(state):
            message = f"{name} has a critical extension that nobody here understands: {unknown}"
            yield Check("SERVICE_EXTENSION_UNKNOWN", "TS 119 612 5.5.9", message, "", origin, undecided=True)


def _in_order(service: TrustService, dialect: Dialect | None) -> bool:
    """Whether the state at a time can be told; only a list of TS 119 602 may have services without times."""
    untimed = any(state.starting_time is None for state in (service.current, *service.history))
    may_be_untimed = dialect is not None and dialect is not Dialect.TS_119_612
    return history_is_ordered(service) and (may_be_untimed or not untimed)


def _not_understood(state: ServiceState) -> str:
    found = (each.content for each in state.extensions if each.critical)
    return next((shown(each.name) or "without a name" for each in found if isinstance(each, UnknownExtension)), "")


def _status(state: ServiceState) -> str:
    status = shown(short(state.status)) or "without a status"
    return f"{status} since {told(state.starting_time)}" if state.starting_time else status


def _title(entry: ListedService) -> str:
    return f"{entry.territory}/{_provider_name(entry)}/{_service_name(entry.service)}"


def _provider_name(entry: ListedService) -> str:
    return _name(entry.provider.names)


def _service_name(service: TrustService) -> str:
    return _name(service.current.names)


def _name(texts: tuple[Text, ...]) -> str:
    """The English one, if there is one."""
    english = (each.value for each in texts if each.lang.lower().startswith("en"))
    return shown(next(english, texts[0].value if texts else "without a name"))


def _list_named(source: str, territory: str) -> str:
    return f"the list {source}/{territory}" if territory else f"the list {source}"
