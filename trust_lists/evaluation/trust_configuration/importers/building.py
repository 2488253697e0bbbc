# SPDX-License-Identifier: Apache-2.0
"""What the importers have in common: a configuration under construction, its files, and what gets lost.

What another format leaves out is written as `any`, since that is what it means there. A loss that makes the result
accept more than the original is an error, unless the caller agrees; it is a warning then, as are all other losses.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.path_extensions import path_extensions
from trust_lists.certificates.revocation.rules import AfterExpiry, OnUnknown, RevocationRule, RevocationRules
from trust_lists.errors import ConfigurationError
from trust_lists.evaluation.trust_configuration.canonical import to_json
from trust_lists.evaluation.trust_configuration.model import (
    Anchor,
    AnchorControls,
    AnchorKind,
    CertificateReference,
    EndpointCertificate,
    Engine,
    LeafRule,
    Pin,
    Profile,
    Role,
    RoleRule,
    Roles,
    SmpMetadata,
    Stores,
    TrustConfiguration,
    TrustedListSource,
    TrustPeriod,
    Validity,
)
from trust_lists.evaluation.trust_configuration.reading import read_tree

OPEN_LEAF = LeafRule(key_usage=None, eku=None, policies=None, algorithms=None, max_lifetime=None, subject=None)
SKEW = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Imported:
    """A configuration, the files that belong beside it, by name, and what could not be carried over."""

    configuration: TrustConfiguration
    files: dict[str, bytes]
    warnings: tuple[str, ...]


def revocation(
    leaf: RevocationRule, intermediates: RevocationRule, on_unknown: OnUnknown = OnUnknown.REJECT
) -> RevocationRules:
    """Demands as software without a notion of freshness has them."""
    return RevocationRules(
        leaf=leaf,
        intermediates=intermediates,
        freshness=None,
        retroactive=False,
        after_expiry=AfterExpiry.REJECT,
        on_unknown=on_unknown,
        clock_skew=SKEW,
    )


@dataclass(slots=True)
class Draft:
    """A configuration under construction."""

    name: str
    model: str
    files: dict[str, bytes] = field(default_factory=dict)
    anchors: dict[tuple[str, AnchorKind], Anchor] = field(default_factory=dict)
    intermediates: dict[str, CertificateReference] = field(default_factory=dict)
    pins: dict[tuple[str, str | None], Pin] = field(default_factory=dict)
    lists: list[TrustedListSource] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    wider: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def reference(self, certificate: ListedCertificate) -> CertificateReference:
        """The certificate in a file of its own."""
        name = f"{_slug(certificate.subject_text) or 'certificate'}-{certificate.sha256[:8]}.der"
        self.files[name] = certificate.der
        return CertificateReference(certificate.sha256, file=name)

    def anchor(self, certificate: ListedCertificate, kind: AnchorKind, *, since: datetime | None = None) -> str:
        """The id of an anchor without controls of its own."""
        key = (certificate.sha256, kind)
        if key not in self.anchors:
            self.anchors[key] = Anchor(
                id=self._id(certificate.subject_text, [each.id for each in self.anchors.values()], "anchor"),
                cert=self.reference(certificate),
                kind=kind,
                controls=AnchorControls(
                    path_len=None,
                    policies=None,
                    require_explicit_policy=False,
                    inhibit_policy_mapping=False,
                    inhibit_any_policy=False,
                    permitted=None,
                    excluded=(),
                ),
                trusted=TrustPeriod(since=since, until=None, for_certs_issued_before=None),
            )
        return self.anchors[key].id

    def intermediate(self, certificate: ListedCertificate) -> None:
        """A certificate that may stand between."""
        self.intermediates.setdefault(certificate.sha256, self.reference(certificate))

    def pin(self, certificate: ListedCertificate, roles: Iterable[Role], party: str | None = None) -> str:
        """The id of a pin; one that is there gets the roles, too."""
        key = (certificate.sha256, party)
        known = self.pins.get(key)
        name = known.id if known else self._id(party or certificate.subject_text, self._pin_ids(), "pin")
        found = {*(known.roles if known else ()), *roles}
        self.pins[key] = Pin(
            id=name,
            party=party,
            cert_sha256=certificate.sha256,
            roles=tuple(each for each in Role if each in found),
            valid=Validity(since=None, until=None),
            origin=" ".join(certificate.subject_text.split())[:900] or None,
        )
        return name

    def finish(
        self, roles: dict[Role, RoleRule], metadata: EndpointCertificate, *, allow_wider: bool, max_path: int = 10
    ) -> Imported:
        """The configuration, checked like any other.

        Raises ConfigurationError with everything that could not be carried over, where something of it may not be.
        """
        refused = [*self.refused, *([] if allow_wider else [f"{each} (accepts more)" for each in self.wider])]
        if refused:
            raise ConfigurationError(tuple(dict.fromkeys(refused)))
        configuration = TrustConfiguration(
            id=_slug(self.name) or "imported",
            model=self.model,
            engine=Engine(Profile.RFC5280, max_path=max_path, clock_skew=timedelta(0)),
            stores=Stores(
                anchors=tuple(self.anchors.values()),
                intermediates=tuple(self.intermediates.values()),
                lists=tuple(self.lists),
                pins=tuple(self.pins.values()),
            ),
            roles=Roles(
                **{role.value.replace("-", "_"): rule for role, rule in roles.items()},
                smp_metadata=SmpMetadata(metadata),
            ),
        )
        reading = read_tree(to_json(configuration), self.files.get)
        lost = [*(f"{each} (accepts more)" for each in self.wider), *self.lost]
        return Imported(reading.configuration, self.files, (*dict.fromkeys(lost), *reading.warnings))

    def _pin_ids(self) -> list[str]:
        return [each.id for each in self.pins.values()]

    def _id(self, text: str, used: list[str], kind: str) -> str:
        taken = {*used, *(each.id for each in self.anchors.values()), *self._pin_ids()}
        base = _slug(text)[:80] or kind
        return next(
            each for each in (base, *(f"{base}.{number}" for number in range(2, len(taken) + 3))) if each not in taken
        )


def is_authority(certificate: ListedCertificate) -> bool:
    """Whether the certificate says that it is one of an authority."""
    return path_extensions(certificate.der).authority


def _slug(text: str) -> str:
    """The common name, or the whole text, in the letters of ids."""
    name = text.removeprefix("CN=").split(",")[0] if text.startswith("CN=") else text
    return re.sub("[^a-z0-9]+", "-", name.lower()).strip("-")[:80]
