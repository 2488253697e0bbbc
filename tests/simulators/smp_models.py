# SPDX-License-Identifier: Apache-2.0
"""Models of SMP documents that say anything which a 1.x dialect can say, for hypothesis."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import assume
from hypothesis import strategies as st

from registry.errors import Reason
from registry.identifiers.document_type import DocumentTypeIdentifier
from registry.identifiers.participant import ParticipantIdentifier
from registry.identifiers.process import ProcessIdentifier
from registry.identifiers.url_form import service_path
from registry.metadata import (
    Endpoint,
    EndpointCertificate,
    Extension,
    Process,
    ProcessMetadata,
    Redirect,
    ServiceGroup,
    ServiceMetadata,
)
from registry.smp.documents.extensions import occurs
from registry.smp.documents.lexical import XML_SPACE, collapse, is_uri
from trust_lists.certificates.parsing import SigningKey

BASE = "https://smp.example.org"

CheckGroup = Callable[[ServiceGroup], tuple[Reason, ...]]
Extensions = st.SearchStrategy[tuple[Extension, ...]]


def _certificate(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = x509.Name.from_rfc4514_string("CN=POP000001,O=Example,C=BE")
    start = datetime(2026, 1, 1, tzinfo=UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    return builder.not_valid_before(start).not_valid_after(start + timedelta(days=3650)).sign(key, hashes.SHA256())


def new_signing_key() -> SigningKey:
    """An RSA key that an SMP may sign with."""
    key = rsa.generate_private_key(65537, 2048)
    return SigningKey(key, _certificate(key))


@cache
def endpoint_certificates() -> list[EndpointCertificate]:
    """Three certificates, made once."""
    keys = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
    return [EndpointCertificate(_certificate(key).public_bytes(Encoding.DER)) for key in keys]


# Any text that XML can carry, identifiers and URIs without white space around them.
CHARACTERS = st.one_of(
    st.sampled_from("&#13;]<!->\r\n{%'\"\t smpids:/\u0085\u2028\U0001f600"),
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"),
)
TEXTS = st.text(CHARACTERS, max_size=12)
NAMES = st.text(CHARACTERS, min_size=1, max_size=12).map(lambda text: text.strip(XML_SPACE) or "x")
COMMON_URIS = ["https://ap.example.org/a?b=c&d#e", "mailto:a@b", "sander at example.org"]
URIS = st.one_of(st.sampled_from(COMMON_URIS), TEXTS.map(collapse).map(lambda text: text if is_uri(text) else "uri"))
MOMENTS = st.one_of(st.none(), st.datetimes(timezones=st.just(UTC)))
PARTICIPANTS = st.builds(ParticipantIdentifier, NAMES, NAMES)
DOCUMENT_TYPES = st.builds(DocumentTypeIdentifier, NAMES, NAMES)

# Extensions whose prefixes are bound inside, outside, or to what our own elements are usually called.
_PREFIXES = ["", "smp", "ids", "wsa", "smp1", "p", "é"]
_PIECES = [
    "smp: ids wsa:q",
    "<![CDATA[</smp:Extension>&]]>",
    "<!-- - -->",
    "<?p i?>",
    "&#13;&amp;",
    "\r\n",
    "<n xmlns=''/>",
]


@st.composite
def extensions(draw: st.DrawFn, namespaces: Sequence[str], barred: frozenset[str] = frozenset()) -> Extension:
    """One foreign element in one of these namespaces or in none, but in no barred one."""
    outside = draw(st.dictionaries(st.sampled_from(_PREFIXES), st.sampled_from(namespaces), max_size=4))
    prefixes = [prefix for prefix in {"", *outside} if outside.get(prefix, "") not in barred]
    if not prefixes:
        outside["q"] = "urn:foreign"
    prefix = draw(st.sampled_from(sorted(prefixes or ["q"])))
    tag = f"{prefix}:e" if prefix else "e"
    inner = "".join(draw(st.lists(st.sampled_from(_PIECES), max_size=4)))
    quote = draw(st.sampled_from("'\""))
    around = draw(st.sampled_from(["", "\n\t", "<!-- c -->"]))
    content = f"{around}<{tag} a={quote}wsa smp1:q{quote}>{inner}</{tag} >{around}".encode()
    needed = {prefix: uri for prefix, uri in outside.items() if not prefix or occurs(prefix, content)}
    return Extension(content, tuple(sorted(needed.items())))


@st.composite
def described(draw: st.DrawFn, extension: st.SearchStrategy[Extension], names: Sequence[str]) -> Extension:
    """An extension with some of these properties, in this order."""
    texts = {name: URIS if name.endswith("URI") else TEXTS.map(lambda text: text.strip(XML_SPACE)) for name in names}
    chosen = draw(st.sets(st.sampled_from(names)))
    properties = tuple((name, draw(texts[name])) for name in names if name in chosen)
    return replace(draw(extension), properties=properties)


def service_metadata(extension: Extensions) -> st.SearchStrategy[ServiceMetadata]:
    """Metadata with extensions in every place that has some."""
    process = st.builds(Process, st.builds(ProcessIdentifier, TEXTS.map(str.strip), NAMES), extensions=extension)
    endpoint = st.builds(
        Endpoint,
        transport_profile=NAMES,
        address=URIS.map(lambda uri: uri or "uri"),
        certificates=st.deferred(lambda: st.sampled_from([(one,) for one in endpoint_certificates()])),
        require_business_level_signature=st.booleans(),
        minimum_authentication_level=st.one_of(st.none(), TEXTS),
        activation=MOMENTS,
        expiration=MOMENTS,
        description=TEXTS,
        technical_contact=URIS,
        technical_information=st.one_of(st.none(), URIS),
        extensions=extension,
    )
    endpoints = st.lists(endpoint, min_size=1, max_size=2, unique_by=lambda endpoint: endpoint.transport_profile)
    entry = st.builds(ProcessMetadata, st.tuples(process), endpoints.map(tuple))
    entries = st.lists(entry, min_size=1, max_size=2).map(tuple)
    return st.builds(ServiceMetadata, PARTICIPANTS, DOCUMENT_TYPES, entries, extension)


@st.composite
def groups(draw: st.DrawFn, extension: Extensions, check: CheckGroup) -> ServiceGroup:
    """A group whose identifiers can be told from URLs, which are all that it holds of document types."""
    group = ServiceGroup(draw(PARTICIPANTS), tuple(sorted(draw(st.sets(DOCUMENT_TYPES, max_size=3)))))
    assume(not check(group))
    return replace(group, extensions=draw(extension))


@st.composite
def redirects(draw: st.DrawFn, extension: Extensions, check: CheckGroup) -> ServiceMetadata:
    """A redirect whose identifiers can be told from its URL, which is all that it holds of them."""
    participant, document_type = draw(PARTICIPANTS), draw(DOCUMENT_TYPES)
    assume(not check(ServiceGroup(participant, (document_type,))))
    href = BASE + draw(st.sampled_from(["", "/prefix"])) + service_path(participant, document_type)
    redirect = Redirect(href, draw(NAMES), draw(extension))
    return ServiceMetadata(participant, document_type, (ProcessMetadata(redirect=redirect),))
