# SPDX-License-Identifier: Apache-2.0
"""The identifier of a process, such as `cenbii-procid-ubl::urn:fdc:peppol.eu:2017:poacc:billing:01:1.0`."""

from dataclasses import dataclass
from typing import ClassVar

from registry.identifiers.scheme_value import SchemedIdentifier


@dataclass(frozen=True, slots=True, order=True)
class ProcessIdentifier(SchemedIdentifier):
    """In which exchange a document is received."""

    kind: ClassVar[str] = "process identifier"
