# SPDX-License-Identifier: Apache-2.0
"""What is known beside the configuration: fetched and authenticated by others, and looked at for many decisions.

Trusted lists come authenticated (`sources`), since whether a list counts is settled once for all certificates. What is
not here, though the configuration asks for it, makes a decision INDETERMINATE.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from trust_lists.certificates.building import by_name
from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.names import ComparableName
from trust_lists.certificates.revocation.evidence import RevocationEvidence
from trust_lists.evaluation.authenticated import AuthenticatedLists
from trust_lists.evaluation.services import ServiceIndex


@dataclass(frozen=True, slots=True)
class ListsAtHand:
    """What one `TrustedListSource` leads to: the list, or all national lists of a list of lists, authenticated."""

    lists: AuthenticatedLists
    index: ServiceIndex
    """Of just these lists."""
    fetched_at: datetime
    """Aware; when the oldest of them was fetched."""


@dataclass(frozen=True, slots=True)
class MetadataAtHand:
    """What one `SamlMetadataSource` leads to."""

    document: bytes
    """As it was fetched; signature and dates are the engine's to check."""
    fetched_at: datetime


@dataclass(frozen=True, slots=True)
class StatementsAtHand:
    """What was fetched for one `FederationSource`."""

    statements: tuple[str, ...]
    """Entity configurations and subordinate statements, compact JWS, in any order; nothing of them is trusted."""
    fetched_at: datetime


@dataclass(frozen=True)  # without slots, since an index is kept
class Evidence:
    """All evidence at hand; by the id of the source where there are several."""

    revocation: RevocationEvidence = field(default_factory=RevocationEvidence)
    intermediates: tuple[ListedCertificate, ...] = ()
    """Certificates that may stand between; nothing of them is trusted."""
    lists: Mapping[str, ListsAtHand] = field(default_factory=dict)
    saml_metadata: Mapping[str, MetadataAtHand] = field(default_factory=dict)
    """Also by the location, as lists of metadata name it."""
    openid_federation: Mapping[str, StatementsAtHand] = field(default_factory=dict)
    digest: str = ""
    """Of the snapshot that all of it is from; "" where it is from none."""

    @cached_property
    def between(self) -> Callable[[ComparableName], Iterable[ListedCertificate]]:
        """The intermediates by their subject."""
        return by_name(self.intermediates, lambda each: each.comparable_subject)
