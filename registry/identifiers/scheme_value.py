# SPDX-License-Identifier: Apache-2.0
"""What all identifiers have in common: a scheme and a value, written `scheme::value` where one text is wanted.

The value objects keep the spelling that they were given; which spellings are *the same* identifier is a matter
of the domain's rules (`registry.identifiers.rules`), so `==` compares spellings.
"""

from dataclasses import dataclass
from typing import ClassVar, Self

from registry.errors import ValidationError
from registry.identifiers.text import shorten

SEPARATOR = "::"


@dataclass(frozen=True, slots=True, order=True)
class SchemedIdentifier:
    """A scheme and a value; nothing is checked here beyond what `parse` needs to take a text apart."""

    scheme: str
    value: str

    kind: ClassVar[str] = "identifier"
    """What a message calls it."""

    def __str__(self) -> str:
        """The URI form `scheme::value`, not percent-encoded; the value alone where there is no scheme."""
        return f"{self.scheme}{SEPARATOR}{self.value}" if self.scheme else self.value

    @classmethod
    def parse(cls, text: str, *, scheme_optional: bool = False) -> Self:
        """Take the URI form apart at the first `::`; white space around it is no part of it.

        With `scheme_optional` a text without `::` is a value without a scheme (SMP 2.0 §2.1). A value that holds `::`
        itself can't be told from one with a scheme: who serves both looks for either.
        Raises ValidationError when there is no scheme or no value.
        """
        scheme, value = cut_scheme(text.strip(), optional=scheme_optional)
        if not value:
            raise malformed(cls.kind, text)
        return cls(scheme, value)


def cut_scheme(text: str, *, optional: bool) -> tuple[str, str]:
    """Scheme and value of a URI form; two empty texts where there is no value, or no scheme that isn't `optional`."""
    scheme, separator, value = text.partition(SEPARATOR)
    if scheme and value:
        return scheme, value
    return "", "" if separator or not optional else text


def malformed(kind: str, text: str) -> ValidationError:
    """The error for a text that can't be taken apart."""
    return ValidationError.of(
        "IDENTIFIER-FORM", f"{shorten(text)} is no {kind}: the form is scheme::value", "BDX-SMP 1.0 §2.4.1"
    )
