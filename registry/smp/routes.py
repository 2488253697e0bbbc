# SPDX-License-Identifier: Apache-2.0
"""What a path below a domain's base URL asks for: which dialect, whose document; or a business card.

`/{participant}[/services/{document type}]` is the 1.x dialect of the domain, `/bdxr-smp-2/{participant}…` its SMP 2.0
(OASIS SMP 2.0 §5.5), `/businesscard/{participant}` what Peppol's directory fetches. A participant identifier has a
scheme in the 1.x dialects, so none can be mistaken for one of these words.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from registry.domains.domain import Domain
from registry.identifiers.url_form import SmpPath, decode_segment, split_smp_path
from registry.smp.documents.catalogue import DIALECTS
from registry.smp.documents.dialect import Dialect

_BUSINESS_CARD = b"/businesscard/"
_PREFIXED: Mapping[bytes, Dialect] = {
    f"/{dialect.path_prefix}/".encode(): dialect for dialect in DIALECTS.values() if dialect.path_prefix
}
_WORDS = (_BUSINESS_CARD, *_PREFIXED)


@dataclass(frozen=True, slots=True)
class DocumentRequest:
    """A request for a service group or service metadata in one dialect."""

    dialect: Dialect
    path: SmpPath


@dataclass(frozen=True, slots=True)
class BusinessCardRequest:
    """A request for the business card of a participant."""

    participant: str


def route(domain: Domain, below: bytes) -> DocumentRequest | BusinessCardRequest | None:
    """What the raw path `below` a base URL asks for; None when it is no path of this domain's SMP.

    Raises ValidationError when the form is right but a segment can't be decoded.
    """
    if not below.startswith(_WORDS):
        plain = _without_prefix(domain.smp.dialects)
        path = None if plain is None else split_smp_path(below)
        return None if plain is None or path is None else DocumentRequest(plain, path)
    if below.startswith(_BUSINESS_CARD):
        segment = below[len(_BUSINESS_CARD) :].removesuffix(b"/")
        return None if not segment or b"/" in segment else BusinessCardRequest(decode_segment(segment))
    prefix, dialect = next((prefix, dialect) for prefix, dialect in _PREFIXED.items() if below.startswith(prefix))
    path = split_smp_path(below[len(prefix) - 1 :]) if dialect.name in domain.smp.dialects else None
    return None if path is None else DocumentRequest(dialect, path)


@lru_cache
def _without_prefix(names: tuple[str, ...]) -> Dialect | None:
    return next((DIALECTS[name] for name in names if not DIALECTS[name].path_prefix), None)


def smp_url(domain: Domain, dialect: Dialect) -> str:
    """What `/{participant}` is appended to in URLs of this dialect."""
    return "/".join(filter(None, (domain.smp.base_url, dialect.path_prefix)))
