# SPDX-License-Identifier: Apache-2.0
"""All dialects that are read and written here; who handles documents of any dialect starts with this module."""

from collections.abc import Mapping
from types import MappingProxyType

from registry.domains.domain import Domain
from registry.smp.documents.bdxr1.dialect import BDXR1
from registry.smp.documents.bdxr2.dialect import BDXR2
from registry.smp.documents.busdox.dialect import BUSDOX
from registry.smp.documents.dialect import Dialect
from registry.smp.documents.dialects import detect
from registry.smp.documents.parsed import ParsedDocument

DIALECTS: Mapping[str, Dialect] = MappingProxyType({dialect.name: dialect for dialect in (BUSDOX, BDXR1, BDXR2)})


_SMP_2_0 = "oasis-bdxr-smp-2"


def dialect_of(data: bytes) -> Dialect:
    """The dialect that the root element of a document names.

    Raises ValidationError when `data` is no XML that we accept, or its root is none that we know.
    """
    return DIALECTS[detect(data).dialect]


def dialect_for(service: str, domain: Domain) -> Dialect:
    """The dialect that a NAPTR service stands for in a domain.

    `oasis-bdxr-smp-2` is SMP 2.0 (OASIS SMP 2.0 §5.5); `Meta:SMP` and a network's own services are the network's 1.x
    dialect, or SMP 2.0 where it has no other.
    """
    names = domain.smp.dialects
    if service.lower() == _SMP_2_0 and BDXR2.name in names:
        return BDXR2
    return next((DIALECTS[name] for name in names if name != BDXR2.name), BDXR2)


def read_document(data: bytes) -> tuple[Dialect, ParsedDocument]:
    """Understand a document of any dialect. Raises ValidationError with every reason."""
    dialect = dialect_of(data)
    return dialect, dialect.read(data)
