# SPDX-License-Identifier: Apache-2.0
"""The identifier of a participant, such as `iso6523-actorid-upis::0088:4035811991021`.

An ebCore party id (`urn:oasis:names:tc:ebcore:partyid-type:iso6523:0088:4035811991021`) is one URN: its scheme
reaches to the code of the issuing agency and is joined to the value with a single `:`. Other programs cut it
elsewhere or give no scheme at all; here it is always cut in the same place, so that one party id is one object
and one row (eDelivery BDXL 1.6 §1.5.1).
"""

from dataclasses import dataclass
from typing import ClassVar, Self

from registry.identifiers.scheme_value import SEPARATOR, SchemedIdentifier, cut_scheme, malformed

EBCORE_PREFIX = "urn:oasis:names:tc:ebcore:partyid-type:"
ISO6523 = "iso6523-actorid-upis"
_EBCORE_ISO6523 = f"{EBCORE_PREFIX}iso6523"
WILDCARD = "*"


@dataclass(frozen=True, slots=True, order=True)
class ParticipantIdentifier(SchemedIdentifier):
    """Who receives. `str()` gives the URI form: `scheme::value`, or the URN of an ebCore party id."""

    kind: ClassVar[str] = "participant identifier"

    def __post_init__(self) -> None:
        urn = f"{self.scheme}:{self.value}" if self.scheme else self.value
        if is_ebcore(urn):
            scheme, value = _cut_ebcore(urn)
            object.__setattr__(self, "scheme", scheme)
            object.__setattr__(self, "value", value)

    def __str__(self) -> str:
        separator = "" if not self.scheme else ":" if self.is_ebcore else SEPARATOR
        return f"{self.scheme}{separator}{self.value}"

    @classmethod
    def parse(cls, text: str, *, scheme_optional: bool = False) -> Self:
        """Take the URI form apart: an ebCore party id behind its agency, all else at the first `::`.

        White space around it is no part of it. With `scheme_optional` a text without `::` is a value without a scheme.
        Raises ValidationError when there is no scheme or no value.
        """
        stripped = text.strip()
        ebcore = is_ebcore(stripped)
        identifier = cls(*(("", stripped) if ebcore else cut_scheme(stripped, optional=scheme_optional)))
        if not identifier.value:
            raise malformed(cls.kind, text)
        return identifier

    @property
    def agency(self) -> tuple[str, str] | None:
        """The code of the issuing agency (ICD) and the number that it gave; None where the scheme has no such codes."""
        if self.scheme == ISO6523:
            icd, _, number = self.value.partition(":")
            return icd, number
        catalogue, _, icd = self.scheme.rpartition(":")
        return (icd, self.value) if catalogue.lower() == _EBCORE_ISO6523 else None

    @property
    def is_ebcore(self) -> bool:
        """Whether this is an ebCore party id."""
        return is_ebcore(self.scheme)

    @property
    def is_wildcard(self) -> bool:
        """Whether this stands for every participant of its scheme; only an SML knows such a thing."""
        return self.value == WILDCARD


def is_ebcore(text: str) -> bool:
    """Whether a scheme or a URI form is that of an ebCore party id; case means nothing in a URN's prefix."""
    return text[: len(EBCORE_PREFIX)].lower() == EBCORE_PREFIX


def _cut_ebcore(urn: str) -> tuple[str, str]:
    """Cut behind catalogue and agency; behind the catalogue where no more is left (`…:unregistered:party`).

    Some programs write `::` at their own cut: colons in front of a part are no part of it.
    """
    prefix, tail = urn[: len(EBCORE_PREFIX)], urn[len(EBCORE_PREFIX) :]
    catalogue, _, rest = tail.partition(":")
    agency, separator, value = rest.lstrip(":").partition(":")
    if not separator:
        return prefix + catalogue, agency
    return f"{prefix}{catalogue}:{agency}", value.lstrip(":")
