# SPDX-License-Identifier: Apache-2.0
"""The statements of a federation that are at hand, read once for many decisions, by issuer and subject.

Nothing of them is trusted here. One that can't be read is left out, and told of where something is missing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from trust_lists.certificates.jwk import Jwk
from trust_lists.documents.entity_statements import STATEMENT_TYPE, EntityStatement, read_statement
from trust_lists.errors import MetadataRefusedError, SignatureInvalidError
from trust_lists.signatures.jws import UnverifiedJws, read_jws

MAX_STATEMENTS = 20_000

_TOLD = 3


@dataclass(frozen=True, slots=True)
class SignedStatement:
    """A statement, and the signature that somebody made."""

    statement: EntityStatement
    jws: UnverifiedJws

    def is_signed_by(self, keys: Iterable[Jwk]) -> bool:
        """Whether one of these keys is the one that its header names, and made the signature."""
        return any(self.jws.is_signed_with(key) for key in keys)


@dataclass(frozen=True, slots=True)
class Statements:
    """All statements by whom they are about, and by whom they are."""

    configurations: Mapping[str, tuple[SignedStatement, ...]]
    subordinates: Mapping[tuple[str, str], tuple[SignedStatement, ...]]
    """By issuer and subject."""
    unread: tuple[str, ...]
    """Why others can't be read: the first of the reasons."""


@lru_cache(maxsize=16)
def read_statements(texts: tuple[str, ...]) -> Statements:
    """The statements of compact JWS, at most `MAX_STATEMENTS` of them. Raises nothing."""
    configurations: dict[str, list[SignedStatement]] = {}
    subordinates: dict[tuple[str, str], list[SignedStatement]] = {}
    unread: dict[str, None] = {}
    for text in dict.fromkeys(texts[:MAX_STATEMENTS]):
        try:
            jws = read_jws(text, STATEMENT_TYPE)
            found = SignedStatement(read_statement(jws.payload), jws)
        except (SignatureInvalidError, MetadataRefusedError) as error:
            unread[f"{error} ({error.reason_id})"] = None
            continue
        about = found.statement
        if about.is_configuration:
            configurations.setdefault(about.subject, []).append(found)
        else:
            subordinates.setdefault((about.issuer, about.subject), []).append(found)
    if len(texts) > MAX_STATEMENTS:
        unread[f"there are more than {MAX_STATEMENTS} statements"] = None
    return Statements(
        {entity: tuple(each) for entity, each in configurations.items()},
        {pair: tuple(each) for pair, each in subordinates.items()},
        tuple(unread)[:_TOLD],
    )
