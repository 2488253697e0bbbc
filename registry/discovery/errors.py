# SPDX-License-Identifier: Apache-2.0
"""The four kinds of "no" that a lookup may end with, kept apart everywhere.

::

    RegistryError
    └── DiscoveryError
        ├── TechnicalFailureError     a server failed or answered nonsense: try again later
        ├── NotRegisteredError        the participant isn't in the DNS zone, or its SMP doesn't know it
        ├── NoMatchingServiceError    the participant exists, but receives nothing that was asked for
        └── NotTrustedError           an answer exists and must not be used

A transient DNS failure that reads as "not registered" makes senders give up on real participants, and is the
commonest mistake of lookup clients. Whatever isn't a clear answer is therefore a technical failure.
"""

from typing import ClassVar

from registry.discovery.explanation import Explanation, printable
from registry.errors import RegistryError


class DiscoveryError(RegistryError):
    """A lookup that ended with a "no": a stable `reason_id`, and the `explanation` up to the failing step."""

    outcome: ClassVar[str]
    """The kind of "no", as programs read it."""

    def __init__(self, reason_id: str, message: str) -> None:
        self.reason_id = reason_id
        self.explanation = Explanation()
        super().__init__(printable(message))


class TechnicalFailureError(DiscoveryError):
    """Something on the way failed; the same lookup may succeed later."""

    outcome = "technical-failure"


class NotRegisteredError(DiscoveryError):
    """The participant is unknown: to the DNS zone, or to the SMP that the zone names."""

    outcome = "not-registered"


class NoMatchingServiceError(DiscoveryError):
    """The participant is registered, but not for this service, document type, process or transport."""

    outcome = "no-matching-service"


class NotTrustedError(DiscoveryError):
    """An answer was found that must not be used: a bad signature, an untrusted signer, another's document."""

    outcome = "not-trusted"
