# SPDX-License-Identifier: Apache-2.0
"""Lists whose origin was verified, as the procedures of TS 119 615 take them: §4.2 gives them, §4.3 asks for them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from trust_lists.documents.model import TrustedList


@dataclass(frozen=True, slots=True)
class AuthenticatedList:
    """The outcome of §4.2 for one territory; `document` is None where the list couldn't be authenticated.

    `status` is the EUTL-Status, `sub_status` the EUTL-Sub-Status, both verbatim.
    """

    territory: str
    status: str
    sub_status: tuple[str, ...] = ()
    document: TrustedList | None = None
    sha256: str = ""
    """Of the document's bytes."""


@dataclass(frozen=True, slots=True)
class AuthenticatedLists:
    """All lists that the list of lists points to, by territory as it writes it (`EL`, `UK`).

    `digest` names the snapshot that they are from, so that an answer can cite it; "" where there is none.
    """

    lists: Mapping[str, AuthenticatedList] = field(default_factory=dict)
    digest: str = ""
