# SPDX-License-Identifier: Apache-2.0
"""SAML metadata as a source: an entity has the key of a certificate, for what the role needs.

Keys are compared, never certificates: what else a certificate in metadata says is of no account (SAML V2.0 Metadata
Interoperability Profile §2.5.1). Whose key it may be says the case: the party is an entityID.

A source may be an eIDAS list of metadata services. Then the metadata are those at the location that the list names for
the party, by one of the signers that it names there; they stand in the evidence under that location. Such metadata are
no list again.

Metadata that aren't at hand, or not authentic, leave undecided what they would say, as lists do.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from trust_lists.certificates.public_keys import canonical_key
from trust_lists.documents.metadata_service_list import MetadataLocation
from trust_lists.documents.saml_metadata import Lasting, MetadataKey, SamlMetadata
from trust_lists.errors import shown
from trust_lists.evaluation.decisions.authentic_metadata import authentic_metadata
from trust_lists.evaluation.decisions.evidence import Evidence, MetadataAtHand
from trust_lists.evaluation.decisions.grounds import Ground, Offer, together
from trust_lists.evaluation.decisions.model import Case, Check
from trust_lists.evaluation.trust_configuration.model import (
    Context,
    InMetadata,
    KeyUse,
    OnExpired,
    Role,
    SamlMetadataSource,
)
from trust_lists.evaluation.ts119615.services import told
from trust_lists.instants import earlier

_DATES = "saml-metadata-2.0 2.3.2"


class MetadataGrounds:
    """The SAML metadata that an expression names. Made once for a configuration; see `Grounds`."""

    def __init__(
        self, rule: InMetadata, place: str, sources: Mapping[str, SamlMetadataSource], clock_skew: timedelta
    ) -> None:
        """`place` is the key path of the expression; `sources` has by id at least those that the rule names."""
        self.place = place
        self._sources = tuple(sources[each] for each in rule.sources)
        self._skew = clock_skew

    def offer(self, case: Case, evidence: Evidence) -> Offer:
        """The keys of the party that are the certificate's."""
        party = case.context.get(Context.PARTY)
        if party is None:
            message = f"{Context.PARTY.value} is not known, whose metadata are to have the key"
            return Offer(problems=(Check("CONTEXT_MISSING", self.place, message, undecided=True),))
        offers = [_Asked(each, self._skew, case, party, evidence).offer() for each in self._sources]
        return together(offers)


@dataclass(frozen=True, slots=True)
class _Asked:
    """One source, asked about one case."""

    source: SamlMetadataSource
    skew: timedelta
    case: Case
    party: str
    evidence: Evidence

    @property
    def place(self) -> str:
        return f"stores.saml_metadata.{self.source.id}"

    @property
    def use(self) -> KeyUse:
        """What the key has to be for. A key of TLS is one for signing (saml-metadata-2.0 errata, E62)."""
        return KeyUse.ENCRYPTION if self.case.role is Role.AP_ENCRYPT else KeyUse.SIGNING

    def offer(self) -> Offer:
        source = self.source
        if self.use not in source.uses:
            return self._problem("USE_NOT_COUNTED", "uses", f"{source.id} doesn't count for {self.use.value}")
        if source.entities is not None and self.party not in source.entities:
            return self._problem("ENTITY_NOT_COUNTED", "entities", f"{source.id} doesn't count for {shown(self.party)}")
        signers = tuple(each.certificate for each in source.signers if each.certificate is not None)
        if not signers:
            message = f"the certificates of those who sign {source.id} are not at hand"
            return self._problem("METADATA_SIGNER_MISSING", "signers", message, undecided=True)
        at_hand = self.evidence.saml_metadata.get(source.id)
        if at_hand is None:
            return self._problem("METADATA_MISSING", "", f"the metadata {source.id} are not at hand", undecided=True)
        found = authentic_metadata(at_hand.document, signers)
        if found.metadata is not None:
            return self._dated(self._keys(found.metadata, at_hand, ()), found.metadata.lasting, at_hand)
        if found.services is None:
            return self._not_authentic(source.id, found.problem)
        locations = found.services.of(self.party)
        if not locations:
            return self._dated(self._unknown(source.id), found.services.lasting, at_hand)
        stale = tuple(self._stale(found.services.lasting, at_hand, source.id))
        offer = together([self._at_location(each, stale) for each in locations])
        return self._dated(offer, found.services.lasting, at_hand)

    def _at_location(self, location: MetadataLocation, stale: tuple[Check, ...]) -> Offer:
        """What the metadata say that a list points to."""
        name = shown(location.location)
        at_hand = self.evidence.saml_metadata.get(location.location)
        if at_hand is None:
            return self._problem("METADATA_MISSING", "", f"the metadata at {name} are not at hand", undecided=True)
        found = authentic_metadata(at_hand.document, location.signers)
        if found.metadata is None:
            return self._not_authentic(name, found.problem or "they are a list of metadata again")
        return self._dated(self._keys(found.metadata, at_hand, stale), found.metadata.lasting, at_hand)

    def _dated(self, offer: Offer, lasting: Lasting, at_hand: MetadataAtHand) -> Offer:
        """What metadata have, which says also where it is nothing whether they should have been replaced."""
        outdated = self.source.on_expired is OnExpired.REJECT and any(self._stale(lasting, at_hand, self.source.id))
        return replace(offer, outdated=offer.outdated or outdated)

    def _keys(self, metadata: SamlMetadata, at_hand: MetadataAtHand, stale: tuple[Check, ...]) -> Offer:
        """The party's keys that are the certificate's; `stale` is what speaks against what has led here."""
        entities = metadata.entities.get(self.party, ())
        if not entities:
            return self._unknown(self.source.id)
        party = shown(self.party)
        if len(entities) > 1:
            message = f"{party} stands {len(entities)} times in the metadata, so that its keys can't be told"
            return self._problem("ENTITY_AMBIGUOUS", "", message)
        wanted = canonical_key(self.case.certificate.key)
        same = [each for each in entities[0].keys if wanted and each.key == wanted]
        if not same:
            unread = "".join(f"; {each}" for each in entities[0].unread[:3])
            message = f"{self.case.certificate.subject_text}: its key is none of {party} in the metadata{unread}"
            return self._problem("KEY_UNKNOWN", "", message)
        fit = [each for each in same if each.use in {"", self.use.value}]
        if not fit:
            message = f"{self.case.certificate.subject_text}: {party} has its key for {same[0].use} only"
            clause = "saml-metadata-2.0 2.4.1.1"
            check = Check("KEY_OF_ANOTHER_USE", clause, message, self.case.certificate.sha256, self.place)
            return Offer(problems=(check,))
        unbounded = () if metadata.lasting != Lasting() else (_unbounded(self.source.id),)
        return Offer(direct=tuple(self._ground(each, at_hand, stale, unbounded) for each in dict.fromkeys(fit)))

    def _ground(
        self, key: MetadataKey, at_hand: MetadataAtHand, stale: tuple[Check, ...], warnings: tuple[str, ...]
    ) -> Ground:
        checks = (*stale, *self._stale(key.lasting, at_hand, self.source.id))
        origin = f"{self.place}/{shown(self.party)}"
        if self.source.on_expired is OnExpired.WARN:
            return Ground(origin, (), key.certificate, (*warnings, *(each.message for each in checks)))
        return Ground(origin, checks, key.certificate, warnings)

    def _stale(self, lasting: Lasting, at_hand: MetadataAtHand, name: str) -> Iterator[Check]:
        """Whether they should have been replaced by then, or fetched again."""
        at = earlier(self.case.at, self.skew)
        age = at - at_hand.fetched_at
        if lasting.until is not None and at > lasting.until:
            yield self._aged("METADATA_EXPIRED", _DATES, f"the metadata {name} expired on {told(lasting.until)}")
        fetched = f"the metadata {name} were fetched on {told(at_hand.fetched_at)}"
        if lasting.cached is not None and age > lasting.cached:
            yield self._aged("METADATA_TOO_OLD", _DATES, f"{fetched}, and may be kept for {lasting.cached}")
        if self.source.max_age is not None and age > self.source.max_age:
            yield self._aged("METADATA_TOO_OLD", f"{self.place}.max_age", f"{fetched}, which is too long ago")

    def _aged(self, reason_id: str, clause: str, message: str) -> Check:
        return replace(self._check(reason_id, clause, message), outdated=True)

    def _unknown(self, name: str) -> Offer:
        return self._problem("ENTITY_UNKNOWN", "", f"{name} has no metadata of {shown(self.party)}")

    def _not_authentic(self, name: str, problem: str) -> Offer:
        check = self._check(
            "METADATA_NOT_AUTHENTICATED", "saml-core-2.0 5.4", f"the metadata {name}: {problem}", undecided=True
        )
        return Offer(problems=(check,))

    def _problem(self, reason_id: str, key: str, message: str, *, undecided: bool = False) -> Offer:
        """Nothing, because of a key of the source, or (""), of the source itself."""
        clause = f"{self.place}.{key}" if key else self.place
        return Offer(problems=(self._check(reason_id, clause, message, undecided=undecided),))

    def _check(self, reason_id: str, clause: str, message: str, *, undecided: bool = False) -> Check:
        return Check(reason_id, clause, message, self.case.certificate.sha256, self.place, undecided)


def _unbounded(name: str) -> str:
    return f"the metadata {name} say neither how long they are valid nor how long to keep them ({_DATES})"
