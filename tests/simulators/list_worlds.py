# SPDX-License-Identifier: Apache-2.0
"""A small world of lists: a list of lists, its pivots, lists of territories and notices of an Official Journal.

Everything is made and signed when a test runs, with keys that are called by names; an attack is one more line.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding

from tests.simulators.signed_lists import OPERATOR, operator_key
from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.parsing import SigningKey
from trust_lists.documents import vocabulary
from trust_lists.documents.model import (
    Address,
    Dialect,
    DigitalIdentity,
    Pointer,
    PostalAddress,
    Scheme,
    ServiceState,
    Text,
    TrustedList,
    TrustService,
    TrustServiceProvider,
)
from trust_lists.documents.ts119612.writer import write
from trust_lists.errors import SourceError
from trust_lists.signatures.xades import sign_xades
from trust_lists.sources.lotl import LotlConfiguration
from trust_lists.sources.ports import Fetched, Known
from trust_lists.sources.refresh import RefreshReport, refresh

AT = datetime(2026, 11, 10, 12, tzinfo=UTC)
"""When the world is looked at."""
ISSUED = datetime(2026, 11, 2, 8, tzinfo=UTC)
DAY = timedelta(days=1)
OJ_URL = "https://oj.example/eli/C/2026/1/oj"
LOTL_URL = "https://lists.example/lotl.xml"


@cache
def key(name: str) -> SigningKey:
    """The key that is called so; the same one always."""
    return operator_key()


def certificate(name: str) -> ListedCertificate:
    """The certificate of the key that is called so."""
    return ListedCertificate(key(name).certificate.public_bytes(Encoding.DER))


def pivot_url(name: str | int) -> str:
    """Where a pivot is."""
    return f"https://lists.example/lotl-pivot-{name}.xml"


def list_url(territory: str) -> str:
    """Where the list of a territory is."""
    return f"https://{territory.lower()}.example/tl.xml"


def pointer(
    territory: str,
    *signers: str,
    location: str = "",
    mime_type: str = vocabulary.XML_MIME_TYPE,
    list_type: str = vocabulary.EU_LIST,
) -> Pointer:
    """A pointer to the list of a territory, which these keys may sign."""
    identities = tuple(DigitalIdentity((certificate(each),)) for each in signers)
    return Pointer(location or list_url(territory), identities, territory, mime_type, list_type, _NAMES, _RULES)


@dataclass
class ListWorld:
    """Documents by location, or the error that their source has; a `Source`, and a `Get` by its method `get`."""

    documents: dict[str, bytes | SourceError] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)

    def get(self, url: str) -> bytes:
        self.asked.append(url)
        found = self.documents.get(url, SourceError("FETCH_NOT_FOUND", "there is no such document"))
        if isinstance(found, SourceError):
            raise found
        return found

    def fetch(self, url: str, *, territory: str = "", known: Known | None = None) -> Fetched:
        data = self.get(url)
        if known is not None and known.sha256 == sha256(data).hexdigest():
            self.unchanged.append(url)
            return Fetched(None, url)
        return Fetched(data, url)

    def put_lotl(
        self,
        signer: str = "lotl",
        *,
        own: Sequence[str] = ("lotl",),
        uris: Sequence[str] = (OJ_URL,),
        pointers: Sequence[Pointer] | None = None,
        sequence: int = 7,
        next_update: datetime | None = AT + 30 * DAY,
        location: str = LOTL_URL,
        url: str = LOTL_URL,
    ) -> bytes:
        """Puts a list of lists there: by default one that points to BE and EL, and is named by its own pointer."""
        others = pointers if pointers is not None else (pointer("BE", "be"), pointer("EL", "el"))
        to_itself = pointer("EU", *own, location=location, list_type=vocabulary.EU_LIST_OF_LISTS)
        document = _document(
            "EU",
            vocabulary.EU_LIST_OF_LISTS,
            sequence,
            next_update,
            pointers=(to_itself, *others),
            uris=uris,
        )
        return self._put(url, document, signer)

    def put_pivot(self, name: str | int, signer: str, own: Sequence[str]) -> bytes:
        """Puts a pivot there, long expired as all pivots are."""
        return self.put_lotl(
            signer, own=own, url=pivot_url(name), next_update=AT - 300 * DAY, pointers=(), uris=(OJ_URL,)
        )

    def put_list(
        self,
        territory: str,
        signer: str = "",
        *,
        sequence: int = 3,
        next_update: datetime | None = AT + 60 * DAY,
        list_type: str = vocabulary.EU_LIST,
        services: Sequence[str] = ("ca",),
        url: str = "",
        says: str = "",
    ) -> bytes:
        """Puts the list of a territory there, signed by the key of that name in lower case; `says` is what territory
        the list calls itself.
        """
        providers = (_provider(services),) if services else ()
        document = _document(says or territory, list_type, sequence, next_update, providers=providers)
        return self._put(url or list_url(territory), document, signer or territory.lower())

    def _put(self, url: str, document: TrustedList, signer: str) -> bytes:
        data = sign_xades(write(document), key(signer), ISSUED)
        self.documents[url] = data
        return data

    def tamper(self, url: str, change: Callable[[bytes], bytes]) -> None:
        """Changes the bytes at a location."""
        self.documents[url] = change(self.get(url))

    def configuration(self, *oj: str, oj_url: str = OJ_URL, lotl_url: str = LOTL_URL) -> LotlConfiguration:
        """The Official Journal names these keys, by default that of the list of lists."""
        return LotlConfiguration(oj_url, lotl_url, tuple(certificate(each) for each in oj or ("lotl",)))

    def refresh(self, folder: Path, at: datetime = AT, configuration: LotlConfiguration | None = None) -> RefreshReport:
        """One refresh of a store in a folder."""
        return refresh(configuration or self.configuration(), self, folder, at, workers=2)


def whole_world() -> ListWorld:
    """A world in which all is well: a list of lists, BE and EL."""
    world = ListWorld()
    world.put_lotl()
    world.put_list("BE")
    world.put_list("EL")
    return world


def break_signature(data: bytes) -> bytes:
    """A document with other content under the same signature."""
    return data.replace(OPERATOR.encode(), b"Another Agency", 1)


def write_folder(folder: Path, files: Mapping[str, bytes]) -> Path:
    """A folder with these files."""
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


_NAMES = (Text("en", OPERATOR),)
_RULES = (Text("en", f"{vocabulary.RULES}EUcommon"),)
_ADDRESS = Address(
    (PostalAddress("en", "Street 1", "Town", "", "", "BE"),),
    (Text("en", "mailto:lists@example.org"), Text("en", "https://lists.example/")),
)


def _document(
    territory: str,
    list_type: str,
    sequence: int,
    next_update: datetime | None,
    *,
    pointers: tuple[Pointer, ...] = (),
    uris: Sequence[str] = ("https://lists.example/about",),
    providers: tuple[TrustServiceProvider, ...] = (),
) -> TrustedList:
    scheme = Scheme(
        version=6,
        sequence=sequence,
        list_type=list_type,
        operator_names=_NAMES,
        issued_at=ISSUED,
        next_update=next_update,
        operator_address=_ADDRESS,
        names=(Text("en", f"{territory}:Example"),),
        information_uris=tuple(Text("en", each) for each in uris),
        status_determination="http://uri.etsi.org/TrstSvc/TrustedList/StatusDetn/EUappropriate",
        community_rules=_RULES,
        territory=territory,
        policies=(Text("en", "https://lists.example/policy"),),
        historical_period=65535,
        pointers=pointers,
    )
    return TrustedList(Dialect.TS_119_612, scheme, providers, vocabulary.LIST_TAG)


def _provider(services: Sequence[str]) -> TrustServiceProvider:
    states = (
        ServiceState(
            vocabulary.CA_QC,
            (Text("en", f"Authority {each}"),),
            DigitalIdentity((certificate(each),)),
            vocabulary.GRANTED,
            datetime(2020, 1, 1, tzinfo=UTC),
        )
        for each in services
    )
    information = (Text("en", "https://provider.example/"),)
    names = (Text("en", "Example Provider"),)
    return TrustServiceProvider(
        names, (Text("en", "VATBE-1"),), _ADDRESS, information, tuple(TrustService(each) for each in states)
    )
