# SPDX-License-Identifier: Apache-2.0
"""Entity statements of OpenID Federation 1.0: what one entity says of itself, or of another below it.

Read strictly: a claim where it may not stand is a reason to refuse the statement (§3.2). `crit` and
`metadata_policy_crit` name what has to be understood beyond the specification, and nothing is, so that their names are
kept for whoever has to say no. Of metadata policies only that is kept which may change keys.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from trust_lists.certificates.jwk import Jwk, read_jwks
from trust_lists.documents.claims import Claims, read_claims
from trust_lists.errors import CertificateError, MetadataRefusedError

STATEMENT_TYPE = "entity-statement+jwt"
FEDERATION_ENTITY = "federation_entity"
"""The entity type that is always allowed (§6.2.3)."""
MAX_HINTS = 50
MAX_MARKS = 100
MAX_TYPES = 100

_OF_CONFIGURATIONS = ("authority_hints", "trust_anchor_hints", "trust_marks", "trust_mark_issuers", "trust_mark_owners")
_OF_SUBORDINATES = ("constraints", "metadata_policy", "metadata_policy_crit", "source_endpoint")
_KEYS = ("jwks", "jwks_uri", "signed_jwks_uri")


@dataclass(frozen=True, slots=True)
class Constraints:
    """What a superior allows of all below the subject of its statement (§6.2); None: anything."""

    max_path_length: int | None
    permitted: tuple[str, ...] | None
    """Names of hosts, or of domains with a period before them."""
    excluded: tuple[str, ...]
    entity_types: frozenset[str] | None


@dataclass(frozen=True, slots=True)
class MarkOwner:
    """Who owns a type of trust mark (§7.2)."""

    entity: str
    keys: tuple[Jwk, ...]


@dataclass(frozen=True, slots=True)
class EntityTypeMetadata:
    """What matters here of the metadata of one entity type (§5.2.1)."""

    keys: tuple[Jwk, ...] | None
    """None where there is no `jwks`."""
    elsewhere: bool
    """Whether there are keys at an address, which nobody follows here."""


@dataclass(frozen=True, slots=True)
class EntityStatement:
    """What a statement says, by whomever it may be signed."""

    issuer: str
    subject: str
    issued_at: datetime
    expires: datetime
    keys: tuple[Jwk, ...]
    """Federation entity keys of the subject."""
    metadata: Mapping[str, EntityTypeMetadata]
    not_understood: tuple[str, ...] = ()
    authority_hints: tuple[str, ...] = ()
    trust_marks: tuple[tuple[str, str], ...] = ()
    """Type and JWT."""
    mark_issuers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    mark_owners: Mapping[str, MarkOwner] = field(default_factory=dict)
    constraints: Constraints | None = None
    policed: frozenset[str] = frozenset()
    """Entity types about whose keys there is a policy."""

    @property
    def is_configuration(self) -> bool:
        """Whether it is an entity's statement about itself."""
        return self.issuer == self.subject


def read_statement(payload: bytes) -> EntityStatement:
    """The statement of a JWT's payload.

    Raises MetadataRefusedError: STATEMENT_JSON, STATEMENT_CLAIM, STATEMENT_KEYS.
    """
    claims = read_claims(payload)
    issuer, subject = claims.entity("iss"), claims.entity("sub")
    _check_places(claims, configuration=issuer == subject)
    owners = {kind: _owner(each) for kind, each in claims.section("trust_mark_owners").sections()}
    issuers = claims.section("trust_mark_issuers")
    return EntityStatement(
        issuer=issuer,
        subject=subject,
        issued_at=claims.instant("iat"),
        expires=claims.instant("exp"),
        keys=_keys(claims),
        metadata={kind: _type_metadata(each) for kind, each in claims.section("metadata").sections()},
        not_understood=_critical(claims),
        authority_hints=claims.texts("authority_hints", MAX_HINTS),
        trust_marks=tuple(_mark(claims.of(each, "trust_marks")) for each in claims.items("trust_marks", MAX_MARKS)),
        mark_issuers={kind: issuers.texts(kind, MAX_TYPES) for kind in issuers.members},
        mark_owners=owners,
        constraints=_constraints(claims.section("constraints")) if "constraints" in claims.members else None,
        policed=_policed(claims),
    )


def _check_places(claims: Claims, *, configuration: bool) -> None:
    """Claims of §3.1.2 stand in entity configurations only, those of §3.1.3 in subordinate statements only."""
    for name in _OF_SUBORDINATES if configuration else _OF_CONFIGURATIONS:
        if name in claims.members:
            raise claims.refused(name, "stands in a statement of the other kind (OpenID Federation 1.0 3.2)")
    for name in ("authority_hints", "trust_anchor_hints", "metadata_policy_crit"):
        if claims.members.get(name) == []:
            raise claims.refused(name, "is an empty list (OpenID Federation 1.0 3.1)")


def _keys(claims: Claims) -> tuple[Jwk, ...]:
    try:
        found = read_jwks(claims.members.get("jwks"))
    except CertificateError as error:
        raise MetadataRefusedError("STATEMENT_KEYS", f"{claims.where}jwks: {error}") from None
    if not found:
        raise MetadataRefusedError("STATEMENT_KEYS", f"{claims.where}jwks has no key that can be read")
    return found


def _type_metadata(claims: Claims) -> EntityTypeMetadata:
    if None in claims.members.values():
        raise MetadataRefusedError("STATEMENT_CLAIM", f"{claims.where}: null is no value of metadata")
    keys = _keys(claims) if "jwks" in claims.members else None
    return EntityTypeMetadata(keys, any(name in claims.members for name in ("jwks_uri", "signed_jwks_uri")))


def _critical(claims: Claims) -> tuple[str, ...]:
    operators = (f"policy operator {each}" for each in claims.texts("metadata_policy_crit", MAX_TYPES))
    return (*(f"claim {each}" for each in claims.texts("crit", MAX_TYPES)), *operators)


def _mark(claims: Claims) -> tuple[str, str]:
    token = claims.members.get("trust_mark")
    if not isinstance(token, str):
        raise claims.refused("trust_mark", "is no text")
    return claims.text("trust_mark_type"), token


def _owner(claims: Claims) -> MarkOwner:
    return MarkOwner(claims.entity("sub"), _keys(claims))


def _constraints(claims: Claims) -> Constraints:
    names = claims.section("naming_constraints")
    types = frozenset(claims.texts("allowed_entity_types", MAX_TYPES))
    return Constraints(
        max_path_length=claims.number("max_path_length"),
        permitted=names.texts("permitted", MAX_TYPES) if "permitted" in names.members else None,
        excluded=names.texts("excluded", MAX_TYPES),
        entity_types=types if "allowed_entity_types" in claims.members else None,
    )


def _policed(claims: Claims) -> frozenset[str]:
    policies = claims.section("metadata_policy").sections()
    return frozenset(kind for kind, policy in policies if any(name in policy.members for name in _KEYS))
