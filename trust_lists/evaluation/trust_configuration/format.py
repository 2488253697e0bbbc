# SPDX-License-Identifier: Apache-2.0
"""Which keys a trust configuration has, and what may stand there: the one description of the format.

Keys that a decision depends on are demanded, with `any` or null where nothing is meant to be limited. Only stores, the
rules of single roles, and what people read may be left out: the first two then trust nobody.
"""

from trust_lists.certificates.revocation.rules import AfterExpiry, OnUnknown, RevocationRule, RevocationRules
from trust_lists.evaluation.trust_configuration import model
from trust_lists.evaluation.trust_configuration.composites import ByKey, Many, Named, OneOf, Section, Wrapped
from trust_lists.evaluation.trust_configuration.forms import (
    AnyOr,
    Choice,
    Duration,
    Flag,
    Form,
    Free,
    Instant,
    Nullable,
    Text,
    Translated,
    Whole,
    prose,
)

PURPOSES = {
    "serverAuth": "1.3.6.1.5.5.7.3.1",
    "clientAuth": "1.3.6.1.5.5.7.3.2",
    "codeSigning": "1.3.6.1.5.5.7.3.3",
    "emailProtection": "1.3.6.1.5.5.7.3.4",
    "timeStamping": "1.3.6.1.5.5.7.3.8",
    "OCSPSigning": "1.3.6.1.5.5.7.3.9",
    "tslSigning": "0.4.0.2231.3.0",
}
"""OIDs of extended key usage by the names that people use (RFC 5280 §4.2.1.12, TS 119 612 §5.7.1)."""

ID = Text("[a-z0-9][a-z0-9.-]{0,99}", "an id of lower-case letters, digits, dots and hyphens", 100)
FILE = Text("[A-Za-z0-9_][A-Za-z0-9_. -]{0,199}", "the name of a file beside the configuration, without a folder", 200)
SHA256 = Text("[0-9a-f]{64}", "a SHA-256 digest of 64 lower-case hexadecimal digits", 64)
THUMBPRINT = Text("[A-Za-z0-9_-]{43}", "a SHA-256 thumbprint in base64url (RFC 7638)", 43)
OID = Text(r"[0-2](?:\.(?:0|[1-9][0-9]{0,38})){1,40}", "an object identifier such as 2.5.29.32.0", 200)
PURPOSE = Translated(
    Text(f"(?:{'|'.join(PURPOSES)})|{OID.pattern}", f"one of {', '.join(PURPOSES)}, or an object identifier", 200),
    PURPOSES,
)
URI = Text(r"[A-Za-z][A-Za-z0-9+.-]*:[!#-;=?-\[\]_a-z~]+", "a URI", 2_000)
URL = Text(r"https?://[!#-;=?-\[\]_a-z~]+", "an address that begins with https:// or http://", 2_000)
NAME = prose(1_000)
SUBTREE = Text(
    "(?:dns|email|uri|ip|directory):[^\\x00-\\x20\\x7f][^\\x00-\\x1f\\x7f]*", "dns:, email:, uri:, ip: or directory:"
)
KEY = Text(
    "rsa>=(?:1024|2048|3072|4096|8192)|p256|p384|p521|bp256|bp384|bp512|ed25519|ed448",
    "rsa>=2048, p256, p384, p521, bp256, bp384, bp512, ed25519 or ed448",
)
HASH = Text("sha(?:1|224|256|384|512|3-256|3-384|3-512)", "sha256, sha384, sha512 …")
ATTRIBUTE = Text(
    r"(?:DN|CN|OU|O|L|ST|C|DC|UID|E|serialNumber|organizationIdentifier|san\.(?:dns|uri|email|host))",
    "DN, CN, OU, O, L, ST, C, DC, UID, E, serialNumber, organizationIdentifier, san.dns, .uri, .email or .host",
)
TERRITORY = Text("[A-Z]{2}", "a country such as BE, in capitals")
KEY_PATH = Text("[A-Za-z_][A-Za-z0-9_.-]{0,199}", "a path of keys such as engine.max_path", 200)

CERTIFICATE = Section(
    model.CertificateReference,
    {
        "sha256": SHA256,
        "file": FILE,
        "pem": Text(r"-----BEGIN CERTIFICATE-----[A-Za-z0-9+/= \r\n]+-----END CERTIFICATE-----[ \r\n]*", "PEM", 20_000),
        "origin": NAME,
    },
    optional=("file", "pem", "origin"),
)
PERIOD = {"from": Nullable(Instant()), "until": Nullable(Instant())}
ANCHOR = Section(
    model.Anchor,
    {
        "id": ID,
        "cert": CERTIFICATE,
        "as": Choice(model.AnchorKind),
        "controls": Section(
            model.AnchorControls,
            {
                "path_len": Nullable(Whole(0, 20)),
                "policies": AnyOr(Many(OID, 1)),
                "require_explicit_policy": Flag(),
                "inhibit_policy_mapping": Flag(),
                "inhibit_any_policy": Flag(),
                "permitted": AnyOr(Many(SUBTREE, 1)),
                "excluded": Many(SUBTREE),
            },
        ),
        "trusted": Section(
            model.TrustPeriod, {**PERIOD, "for_certs_issued_before": Nullable(Instant())}, names={"from": "since"}
        ),
    },
    names={"as": "kind"},
)
DENY = Section(
    model.DenyList,
    {
        "spki_sha256": Many(SHA256),
        "cert_sha256": Many(SHA256),
        "issuer_serial": Many(
            Section(
                model.IssuerSerial,
                {"issuer": NAME, "serial": Text("0|[1-9a-f][0-9a-f]{0,63}", "hexadecimal digits, lower case", 64)},
            )
        ),
    },
    empty={"spki_sha256": [], "cert_sha256": [], "issuer_serial": []},
)
LOCATION = Section(model.UrlOrFile, {"url": URL, "file": FILE}, exactly_one=True)
FRESH = {"max_age": AnyOr(Duration()), "on_expired": Choice(model.OnExpired)}
LIST = Section(
    model.TrustedListSource,
    {
        "id": ID,
        "kind": Choice(model.ListKind),
        "location": LOCATION,
        "signers": Many(CERTIFICATE, 1),
        "pivots": Flag(),
        "territories": AnyOr(Many(TERRITORY, 1)),
        "service_types": AnyOr(Many(URI, 1)),
        "statuses": AnyOr(Many(URI, 1)),
        **FRESH,
    },
)
SAML = Section(
    model.SamlMetadataSource,
    {
        "id": ID,
        "location": LOCATION,
        "signers": Many(CERTIFICATE, 1),
        "entities": AnyOr(Many(URI, 1)),
        "uses": Many(Choice(model.KeyUse), 1),
        **FRESH,
    },
)
FEDERATION = Section(
    model.FederationSource,
    {
        "id": ID,
        "trust_anchor": URL,
        "keys": Many(THUMBPRINT, 1),
        "max_path_length": Nullable(Whole(0, 20)),
        "trust_marks": AnyOr(Many(URI, 1)),
    },
)
PIN = Section(
    model.Pin,
    {
        "id": ID,
        "party": AnyOr(NAME),
        "cert_sha256": SHA256,
        "roles": Many(Choice(model.Role), 1),
        "valid": Section(model.Validity, PERIOD, names={"from": "since"}),
        "origin": NAME,
    },
    optional=("origin",),
)
STORES = Section(
    model.Stores,
    {
        "anchors": Many(ANCHOR),
        "intermediates": Many(CERTIFICATE),
        "deny": DENY,
        "lists": Many(LIST),
        "saml_metadata": Many(SAML),
        "openid_federation": Many(FEDERATION),
        "pins": Many(PIN),
    },
    empty={
        **{key: [] for key in ("anchors", "intermediates", "lists", "saml_metadata", "openid_federation", "pins")},
        "deny": {"spki_sha256": [], "cert_sha256": [], "issuer_serial": []},
    },
)


SUBJECT = Section(
    model.SubjectRule,
    {"match": ByKey(ATTRIBUTE, NAME), "bind": ByKey(ATTRIBUTE, Choice(model.Context))},
)


def _source() -> Form:
    return SOURCE


_PART = Named("source", _source)
SOURCE = OneOf(
    {
        "path": Section(model.PathTo, {"to": Many(ID, 1), "issuer_must_be_anchor": Flag()}),
        "pin": Wrapped(model.Pinned, AnyOr(Many(ID, 1)), "ids"),
        "list": Section(
            model.Listed,
            {
                "in": Many(ID, 1),
                "match": Choice(model.ServiceMatch),
                "qualified": AnyOr(Choice(model.Qualified)),
            },
            names={"in": "lists"},
        ),
        "saml_metadata": Wrapped(model.InMetadata, Many(ID, 1), "sources"),
        "openid_federation": Wrapped(model.InFederation, Many(ID, 1), "sources"),
        "subject": Wrapped(model.Subject, SUBJECT, "rule"),
        "any_of": Wrapped(model.AnyOf, Many(_PART, 1), "parts"),
        "all_of": Wrapped(model.AllOf, Many(_PART, 1), "parts"),
        "quorum": Section(model.Quorum, {"least": Whole(1, 1_000), "of": Many(_PART, 1)}, names={"of": "parts"}),
        "not": Wrapped(model.Not, _PART, "part"),
    }
)
_POLICY_FLAGS = {key: Flag() for key in ("require_explicit_policy", "inhibit_policy_mapping", "inhibit_any_policy")}
LEAF = Section(
    model.LeafRule,
    {
        "key_usage": AnyOr(
            Section(
                model.KeyUsageRule,
                {
                    "all": Many(Choice(model.Usage)),
                    "none": Many(Choice(model.Usage)),
                    "absent": Choice(model.Answer),
                },
                names={"all": "required", "none": "forbidden"},
            )
        ),
        "eku": AnyOr(
            Section(
                model.ExtendedKeyUsageRule,
                {"any": Many(PURPOSE), "absent": Choice(model.Answer), "any_eku": Choice(model.Answer)},
                names={"any": "one_of"},
            )
        ),
        "policies": AnyOr(
            Section(model.PolicyRule, {"any": AnyOr(Many(OID, 1)), **_POLICY_FLAGS}, names={"any": "one_of"})
        ),
        "algorithms": AnyOr(Section(model.AlgorithmRule, {"keys": Many(KEY, 1), "hashes": Many(HASH, 1)})),
        "max_lifetime": AnyOr(Duration()),
        "subject": AnyOr(SUBJECT),
    },
)
REVOCATION = Section(
    RevocationRules,
    {
        "leaf": Choice(RevocationRule),
        "intermediates": Choice(RevocationRule),
        "freshness": AnyOr(Duration()),
        "retroactive": Flag(),
        "after_expiry": Choice(AfterExpiry),
        "on_unknown": Choice(OnUnknown),
        "clock_skew": Duration(zero=True),
    },
)
ROLE_RULE = Section(model.RoleRule, {"accept": _PART, "leaf": LEAF, "revocation": REVOCATION})


def _role_rule() -> Form:
    return ROLE_RULE


_ROLE = Named("role", _role_rule)
SMP_METADATA = Section(model.SmpMetadata, {"endpoint_certificate": Choice(model.EndpointCertificate)})
ROLES = Section(
    model.Roles,
    {**{role.value: _ROLE for role in model.Role}, "smp-metadata": SMP_METADATA},
    optional=(*(role.value for role in model.Role), "smp-metadata"),
)
DEVIATION = Section(model.Deviation, {"id": ID, "overrides": ByKey(KEY_PATH, Free(), 1), "evidence": NAME})


CONFIGURATION = Section(
    model.TrustConfiguration,
    {
        "id": ID,
        "model": ID,
        "description": prose(),
        "engine": Section(
            model.Engine,
            {
                "profile": Choice(model.Profile),
                "max_path": Whole(1, 20),
                "clock_skew": Duration(zero=True),
            },
        ),
        "stores": STORES,
        "roles": ROLES,
        "effective": Section(model.Effective, {"deviations": Many(DEVIATION)}),
    },
    optional=("description",),
    empty={"effective": {"deviations": []}},
    constants={"apiVersion": "trust/v1", "kind": "TrustConfiguration"},
)
DEFINITIONS = {"source": SOURCE, "role": ROLE_RULE}
