# SPDX-License-Identifier: Apache-2.0
"""A trust configuration as values: whom a network trusts, for which role, by which rules.

Nothing is implied: where a rule lets everything pass, somebody has written `any`, which is None here. The names of
controls are those of RFC 5914 (CertPathControls) and RFC 5280 §6.1.1, the demands on revocation those of
TS 119 172-3. Certificates stand by their SHA-256; their bytes are there only where they were read along.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, TypeAlias

from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.revocation.rules import RevocationRules

Json: TypeAlias = "bool | int | str | list[Json] | dict[str, Json] | None"


class Role(StrEnum):
    """What a certificate is used for."""

    AP_SIGN = "ap-sign"
    AP_ENCRYPT = "ap-encrypt"
    SMP_SIGN = "smp-sign"
    SML_CLIENT = "sml-client"
    LIST_SIGNER = "list-signer"
    TLS_SERVER = "tls-server"


class Profile(StrEnum):
    """Which rules a path is checked by."""

    RFC5280 = "rfc5280+rfc9618"
    WEBPKI = "webpki"
    """These, and what the web asks of certificates (`evaluation.decisions.webpki`)."""


class AnchorKind(StrEnum):
    """What of an anchor's certificate counts."""

    CA = "ca"
    """It may issue, within its own extensions and dates (RFC 5937)."""
    END_ENTITY = "end-entity"
    """It is trusted itself, and issues nothing."""
    KEY_AND_NAME = "key+name"
    """Only its key and subject count, as TS 119 615 §4.3 has it."""


class Answer(StrEnum):
    """What a rule says of a case."""

    ACCEPT = "accept"
    REJECT = "reject"


class ListKind(StrEnum):
    """What kind of list it is."""

    TL = "tl"
    LOTL = "lotl"
    """A list of lists: what counts are the lists that it points to (TS 119 615 §4.1, §4.2)."""
    LOTE = "lote"


class OnExpired(StrEnum):
    """What happens where a list, or metadata, should have been replaced by now."""

    REJECT = "reject"
    WARN = "warn"


class ServiceMatch(StrEnum):
    """How a certificate belongs to a service of a list (TS 119 615 §4.3)."""

    PATH = "path"
    """The service issued it, maybe through others."""
    IDENTITY = "identity"
    """Key and subject are those of the service."""
    EITHER = "either"


class Qualified(StrEnum):
    """What the procedure of TS 119 615 §4.4 has to find."""

    ESIG = "QC_For_eSig"
    ESEAL = "QC_For_eSeal"
    QWAC = "QWAC"


class KeyUse(StrEnum):
    """The `use` of a key in SAML metadata (saml-metadata-2.0 §2.4.1.1)."""

    SIGNING = "signing"
    ENCRYPTION = "encryption"


class EndpointCertificate(StrEnum):
    """What a certificate means that a signed SMP document names for an endpoint."""

    HINT = "hint"
    """Nothing by itself: the rule of its role decides."""
    PIN = "pin"
    """It must be this one, and the rule of its role decides too."""
    ANCHOR = "anchor"
    """It is trusted because the SMP says so."""


class Usage(StrEnum):
    """The bits of key usage (RFC 5280 §4.2.1.3)."""

    DIGITAL_SIGNATURE = "digitalSignature"
    NON_REPUDIATION = "nonRepudiation"
    KEY_ENCIPHERMENT = "keyEncipherment"
    DATA_ENCIPHERMENT = "dataEncipherment"
    KEY_AGREEMENT = "keyAgreement"
    KEY_CERT_SIGN = "keyCertSign"
    CRL_SIGN = "cRLSign"
    ENCIPHER_ONLY = "encipherOnly"
    DECIPHER_ONLY = "decipherOnly"


class Context(StrEnum):
    """What is known about the case at hand."""

    PARTY = "context.party"
    DOMAIN = "context.domain"
    SEAT_ID = "context.seat_id"
    SMP_ID = "context.smp_id"
    HOST = "context.host"


@dataclass(frozen=True, slots=True)
class CertificateReference:
    """A certificate by its digest. Two are equal where the digests are, wherever the bytes came from."""

    sha256: str
    """64 lower-case hexadecimal digits."""
    file: str | None = field(default=None, compare=False)
    """The name of a file beside the configuration; None: `<sha256>.der`."""
    pem: str | None = field(default=None, compare=False)
    """The certificate itself, if the configuration holds it."""
    origin: str | None = field(default=None, compare=False)
    """Where it comes from, for people."""
    certificate: ListedCertificate | None = field(default=None, compare=False, repr=False)
    """The bytes, where they were read along."""

    @property
    def file_name(self) -> str:
        """Under which name the port is asked for the bytes."""
        return self.file or f"{self.sha256}.der"


@dataclass(frozen=True, slots=True)
class AnchorControls:
    """Limits of an anchor that its certificate doesn't have (RFC 5914 §2.1)."""

    path_len: int | None
    policies: tuple[str, ...] | None
    """policySet; None: any."""
    require_explicit_policy: bool
    inhibit_policy_mapping: bool
    inhibit_any_policy: bool
    permitted: tuple[str, ...] | None
    """Subtrees such as `dns:example.org` or `directory:O=Example,C=BE`; None: any."""
    excluded: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TrustPeriod:
    """When an anchor is trusted: at times from `since`, before `until`; None: no bound."""

    since: datetime | None
    until: datetime | None
    for_certs_issued_before: datetime | None
    """Certificates below the anchor count if they are valid from an earlier time ("distrust after")."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """Whom paths may end at."""

    id: str
    cert: CertificateReference
    kind: AnchorKind
    controls: AnchorControls
    trusted: TrustPeriod


@dataclass(frozen=True, slots=True)
class IssuerSerial:
    """A certificate by its issuer (as `ListedCertificate.issuer_text` writes it) and serial number."""

    issuer: str
    serial: str
    """Hexadecimal, lower case, without leading zeros."""


@dataclass(frozen=True, slots=True)
class DenyList:
    """What is never trusted, in whatever place of a path it stands (e-CODEX: the ignore store)."""

    spki_sha256: tuple[str, ...] = ()
    """Of the SubjectPublicKeyInfo in DER."""
    cert_sha256: tuple[str, ...] = ()
    issuer_serial: tuple[IssuerSerial, ...] = ()


@dataclass(frozen=True, slots=True)
class UrlOrFile:
    """Where something is: exactly one of the two."""

    url: str | None = None
    file: str | None = None


@dataclass(frozen=True, slots=True)
class TrustedListSource:
    """A list, who signs it, and which of its services count."""

    id: str
    kind: ListKind
    location: UrlOrFile
    signers: tuple[CertificateReference, ...]
    """One of these, and nothing below them; for a LOTL those that the Official Journal names."""
    pivots: bool
    """Whether pivots of a LOTL are followed to newer signers (TS 119 615 PRO-4.1.4)."""
    territories: tuple[str, ...] | None
    service_types: tuple[str, ...] | None
    statuses: tuple[str, ...] | None
    max_age: timedelta | None
    """How old the copy at hand may be; None: any."""
    on_expired: OnExpired


@dataclass(frozen=True, slots=True)
class SamlMetadataSource:
    """Signed SAML metadata, whose entities' keys are trusted."""

    id: str
    location: UrlOrFile
    signers: tuple[CertificateReference, ...]
    entities: tuple[str, ...] | None
    uses: tuple[KeyUse, ...]
    max_age: timedelta | None
    on_expired: OnExpired


@dataclass(frozen=True, slots=True)
class FederationSource:
    """A trust anchor of OpenID Federation 1.0, by its entity identifier and the thumbprints of its keys."""

    id: str
    trust_anchor: str
    keys: tuple[str, ...]
    """SHA-256 thumbprints of JWKs (RFC 7638), base64url."""
    max_path_length: int | None
    trust_marks: tuple[str, ...] | None
    """Types, all of which the party must have; None: none is asked for."""


@dataclass(frozen=True, slots=True)
class Validity:
    """From `since`, before `until`; None: no bound."""

    since: datetime | None
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Pin:
    """A certificate that needs no path, for one party, or for any (None), in some roles."""

    id: str
    party: str | None
    cert_sha256: str
    roles: tuple[Role, ...]
    valid: Validity
    origin: str | None = None


@dataclass(frozen=True, slots=True)
class Stores:
    """What roles may refer to, by ids that are unique among all of them."""

    anchors: tuple[Anchor, ...] = ()
    intermediates: tuple[CertificateReference, ...] = ()
    """They may stand between, without being trusted."""
    deny: DenyList = field(default_factory=DenyList)
    lists: tuple[TrustedListSource, ...] = ()
    saml_metadata: tuple[SamlMetadataSource, ...] = ()
    openid_federation: tuple[FederationSource, ...] = ()
    pins: tuple[Pin, ...] = ()


@dataclass(frozen=True, slots=True)
class PathTo:
    """There is a valid path to one of these anchors."""

    to: tuple[str, ...]
    issuer_must_be_anchor: bool
    """Whether nobody may stand between."""


@dataclass(frozen=True, slots=True)
class Pinned:
    """It is one of these pins, or (None) any pin of the role."""

    ids: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Listed:
    """A service that counts, of one of these lists, has it or issued it."""

    lists: tuple[str, ...]
    match: ServiceMatch
    qualified: Qualified | None
    """None: whatever TS 119 615 §4.4 says."""


@dataclass(frozen=True, slots=True)
class InMetadata:
    """One of these SAML metadata sources has it as a key of the party."""

    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class InFederation:
    """A chain of statements leads from the party, and its key, to one of these anchors."""

    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Subject:
    """The names are what this says; whoever may have issued it, so that it stands beside something that says who."""

    rule: "SubjectRule"


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one part accepts."""

    parts: "tuple[Source, ...]"


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every part accepts."""

    parts: "tuple[Source, ...]"


@dataclass(frozen=True, slots=True)
class Quorum:
    """At least so many parts accept."""

    least: int
    parts: "tuple[Source, ...]"


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not accept."""

    part: "Source"


Source: TypeAlias = PathTo | Pinned | Listed | InMetadata | InFederation | Subject | AnyOf | AllOf | Quorum | Not


@dataclass(frozen=True, slots=True)
class KeyUsageRule:
    """All of these bits, and none of those; `absent` decides where there is no such extension."""

    required: tuple[Usage, ...]
    forbidden: tuple[Usage, ...]
    absent: Answer


@dataclass(frozen=True, slots=True)
class ExtendedKeyUsageRule:
    """One of these purposes (OIDs); what an absent extension means, and anyExtendedKeyUsage alone."""

    one_of: tuple[str, ...]
    absent: Answer
    any_eku: Answer


@dataclass(frozen=True, slots=True)
class PolicyRule:
    """Inputs of RFC 5280 §6.1.1 (c), (e), (f) and (g)."""

    one_of: tuple[str, ...] | None
    """user-initial-policy-set; None: any-policy."""
    require_explicit_policy: bool
    inhibit_policy_mapping: bool
    inhibit_any_policy: bool


@dataclass(frozen=True, slots=True)
class AlgorithmRule:
    """Kinds of keys (`rsa>=2048`, `p256`, `ed25519` …) and hashes: of all of a path but the anchor."""

    keys: tuple[str, ...]
    hashes: tuple[str, ...]

    @property
    def least_rsa_bits(self) -> int | None:
        """The size that an RSA key needs; None where no RSA key will do."""
        found = [int(key.removeprefix("rsa>=")) for key in self.keys if key.startswith("rsa>=")]
        return min(found, default=None)


@dataclass(frozen=True, slots=True)
class SubjectRule:
    """What names must be: by attribute (`CN`, `OU`, `san.dns` …), at least one value of which has to fit.

    `DN` is the whole subject as `names.unmistakable_text` writes it.
    """

    match: Mapping[str, str]
    """Regular expressions, for whole values."""
    bind: Mapping[str, Context]
    """Values that are those of the case at hand."""


@dataclass(frozen=True, slots=True)
class LeafRule:
    """What the certificate itself must be; None: any."""

    key_usage: KeyUsageRule | None
    eku: ExtendedKeyUsageRule | None
    policies: PolicyRule | None
    algorithms: AlgorithmRule | None
    max_lifetime: timedelta | None
    subject: SubjectRule | None


@dataclass(frozen=True, slots=True)
class RoleRule:
    """Who is accepted in a role: by whom, being what, and what must be known about revocation."""

    accept: Source
    leaf: LeafRule
    revocation: RevocationRules


@dataclass(frozen=True, slots=True)
class SmpMetadata:
    """How far a signed SMP document is believed."""

    endpoint_certificate: EndpointCertificate


@dataclass(frozen=True, slots=True)
class Roles:
    """The rule of each role. A role without a rule accepts nobody."""

    ap_sign: RoleRule | None = None
    ap_encrypt: RoleRule | None = None
    smp_sign: RoleRule | None = None
    sml_client: RoleRule | None = None
    list_signer: RoleRule | None = None
    tls_server: RoleRule | None = None
    smp_metadata: SmpMetadata | None = None

    def rule(self, role: Role) -> RoleRule | None:
        """The rule of a role."""
        found: RoleRule | None = getattr(self, _field(role))
        return found

    def with_rule(self, role: Role, rule: RoleRule | None) -> "Roles":
        """The same with another rule for a role; None: with none."""
        changed: dict[str, Any] = {_field(role): rule}
        return replace(self, **changed)

    def with_rules(self, change: Callable[[RoleRule], RoleRule]) -> "Roles":
        """The same with what `change` makes of each rule that there is."""
        found = self
        for role in Role:
            rule = self.rule(role)
            found = found if rule is None else found.with_rule(role, change(rule))
        return found


def _field(role: Role) -> str:
    return role.value.replace("-", "_")


@dataclass(frozen=True, slots=True)
class Engine:
    """How decisions are made, whatever the role."""

    profile: Profile
    max_path: int
    """Most certificates of a path, its last one counted, its anchor not."""
    clock_skew: timedelta
    """By how much the dates of certificates, pins and lists may be missed."""


@dataclass(frozen=True, slots=True)
class Deviation:
    """Where software that is in use does something else than its configuration says, and how one knows."""

    id: str
    overrides: Mapping[str, Json]
    """Values by key path (`roles.smp-metadata.endpoint_certificate`)."""
    evidence: str


@dataclass(frozen=True, slots=True)
class Effective:
    """What is known about the difference between declared and effective trust."""

    deviations: tuple[Deviation, ...] = ()


@dataclass(frozen=True, slots=True)
class TrustConfiguration:
    """Whom a network trusts; two are equal where their canonical forms are."""

    id: str
    model: str
    """A label for people (`dedicated-domain-pki`), never used in a decision."""
    engine: Engine
    stores: Stores
    roles: Roles
    description: str | None = None
    effective: Effective = field(default_factory=Effective)

    def rule(self, role: Role) -> RoleRule | None:
        """The rule of a role; None, which accepts nobody, if there is none."""
        return self.roles.rule(role)

    def certificates(self) -> tuple[CertificateReference, ...]:
        """All certificates that the configuration refers to, each once, in its order."""
        found = [anchor.cert for anchor in self.stores.anchors]
        found += self.stores.intermediates
        found += [signer for source in self.stores.lists for signer in source.signers]
        found += [signer for source in self.stores.saml_metadata for signer in source.signers]
        return tuple({each.sha256: each for each in found}.values())
