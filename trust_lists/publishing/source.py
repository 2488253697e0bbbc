# SPDX-License-Identifier: Apache-2.0
"""The source of a list of our own: YAML that its operator writes, read into values, with all reasons at once.

One source makes up to two files: a trusted list (TS 119 612, XML) and a list of trusted entities (TS 119 602, JSON).
It says what holds from the next issue on; sequence, dates and history come from the issue before, in `building`.
Which keys there are says `template.yaml`.
"""

import re
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from trust_lists.certificates.listed import ListedCertificate
from trust_lists.documents import vocabulary
from trust_lists.documents.model import Address, Dialect, DigitalIdentity, Pointer, Text
from trust_lists.errors import ListSourceError
from trust_lists.publishing import profiles
from trust_lists.publishing.identities import Certificates
from trust_lists.publishing.nodes import ENGLISH, MAX_SOURCE_BYTES, Node, Section, parse
from trust_lists.publishing.profiles import Profile
from trust_lists.publishing.providers import ADDRESS_KEYS, ProviderSource, read_address, read_provider

ALL_HISTORY = 65535
"""The historical information period of lists that never remove history (§5.3.12)."""
SUFFIXES = {Dialect.TS_119_612: (".xml", ".xtsl"), Dialect.LOTE_JSON: (".json", ".jws", ".jwt")}
"""How the names of signed files may end; for XML the standard says it (§6.1)."""

_FILE_KEYS = {"trusted_list": Dialect.TS_119_612, "lote": Dialect.LOTE_JSON}
_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_PERIOD = re.compile(r"([1-9][0-9]{0,3}) +(day|month)s?")
_TERRITORY = re.compile(r"[A-Z]{2,10}")
_LIST_TYPE = re.compile(r"EUgeneric|EUlistofthelists|[A-Z]{2,10}list(ofthelists)?")


@dataclass(frozen=True, slots=True)
class Period:
    """How long after its issue a list is to be replaced at the latest: a number of months, or of days."""

    months: int = 0
    days: int = 0


@dataclass(frozen=True, slots=True)
class SchemeSource:
    """What the source says of the scheme; list type and approach stand there once for each kind of file."""

    territory: str
    operator_names: tuple[Text, ...]
    operator_address: Address
    names: tuple[Text, ...]
    information_uris: tuple[Text, ...]
    list_types: dict[Dialect, str]
    status_determinations: dict[Dialect, str]
    community_rules: tuple[Text, ...]
    policies: tuple[Text, ...]
    legal_notices: tuple[Text, ...]
    historical_period: int
    next_update: Period | None
    """None for a closed list."""
    pointers: tuple[Pointer, ...]
    distribution_points: tuple[str, ...]
    backdated_first_issue: bool
    """Whether statuses of the first issue may have begun before it."""


@dataclass(frozen=True, slots=True)
class ListSource:
    """The source of a list: file name by kind, who signs, and what the list says."""

    files: dict[Dialect, str]
    signers: tuple[ListedCertificate, ...]
    scheme: SchemeSource
    providers: tuple[ProviderSource, ...]


def read_source(path: Path) -> ListSource:
    """The source in a file; certificates are found from its folder. Raises ListSourceError."""
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_SOURCE_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ListSourceError((f"the source {path} cannot be read: {reason}",)) from None
    return parse_source(data, path.parent, default_name=path.stem)


def parse_source(data: bytes, folder: Path, *, default_name: str = "list") -> ListSource:
    """The source in `data` (UTF-8 YAML); files are named after `default_name` where the source doesn't name them.

    Raises ListSourceError with all reasons, each with the path of its key.
    """
    root = parse(data)
    section = root.section(required=("scheme",), optional=("providers", "profile", "base_uri", "files", "signers"))
    certificates = Certificates(folder)
    profile = _profile(section)
    names = _files(section["files"], profile, default_name)
    source = ListSource(
        files=names,
        signers=certificates.read(section["signers"]),
        scheme=_scheme(section["scheme"], profile, names, certificates),
        providers=tuple(read_provider(item, profile, certificates) for item in section["providers"].items()),
    )
    if not source.providers and not source.scheme.pointers:
        section["providers"].wrong("a list has providers, or pointers if it is a list of lists")
    if root.reasons:
        raise ListSourceError(tuple(dict.fromkeys(root.reasons)))
    return source


def template() -> str:
    """A source with comments, of a small network; its certificates are `ap-ca.pem` and `smp-ca.pem`."""
    return files("trust_lists.publishing").joinpath("template.yaml").read_text(encoding="utf-8")


def _profile(section: Section) -> Profile:
    scheme = section["scheme"].entries() if section["scheme"].is_mapping else {}
    quiet: list[str] = []  # the same nodes are read for good, with their reasons, in _scheme
    territory = Node(scheme["territory"].raw, "", quiet).text() if "territory" in scheme else ""
    name = section["profile"].text(profiles.STANDARD)
    if name == profiles.EDELIVERY:
        base = section["base_uri"].uri() or _default_base(scheme.get("information"))
        if section["base_uri"] and not base.endswith("/"):
            section["base_uri"].wrong("the base of URIs ends with /")
        return profiles.edelivery(territory, base)
    if name != profiles.STANDARD:
        section["profile"].wrong(f"{name!r} is none of {', '.join(profiles.PROFILES)}")
    if section["base_uri"]:
        section["base_uri"].wrong(f"only the profile {profiles.EDELIVERY} has a base of URIs")
    return profiles.standard(territory)


def _default_base(information: Node | None) -> str:
    if information is None:
        return ""
    found = Node(information.raw, "", []).uris()
    return profiles.default_base(next((text.value for text in found if text.lang == ENGLISH), ""))


def _files(node: Node, profile: Profile, default_name: str) -> dict[Dialect, str]:
    if not node:
        stem = default_name if _FILE_NAME.fullmatch(default_name) else "list"
        both = profile.name == profiles.EDELIVERY
        return {Dialect.TS_119_612: f"{stem}.xml"} | ({Dialect.LOTE_JSON: f"{stem}-lote.json"} if both else {})
    section = node.section(optional=tuple(_FILE_KEYS))
    found = {}
    for key in section.given(*_FILE_KEYS):
        dialect, name = _FILE_KEYS[key], section[key].text()
        if not _FILE_NAME.fullmatch(name) or not name.endswith(SUFFIXES[dialect]):
            section[key].wrong(f"a file name that ends with {' or '.join(SUFFIXES[dialect])} is expected")
        found[dialect] = name
    if not found:
        node.wrong(f"at least one of {', '.join(_FILE_KEYS)} is needed")
    if len({name.rpartition(".")[0] for name in found.values()}) < len(found):
        node.wrong("the names must differ before their last dot, since each file has a .sha2 of that name (§6.1)")
    return found


def _scheme(node: Node, profile: Profile, names: dict[Dialect, str], certificates: Certificates) -> SchemeSource:
    section = node.section(
        required=("territory", "operator", "name", "information"),
        optional=(
            *("list_type", "lote_type", "status_determination", "lote_status_determination", "rules"),
            *("policy", "legal_notice", "history_days", "next_update", "closed", "pointers"),
            *("distribution_points", "backdated_first_issue"),
        ),
    )
    territory = section["territory"].text()
    if territory and not _TERRITORY.fullmatch(territory):
        section["territory"].wrong(f"{territory!r} is no territory such as BE or EU (§5.3.10)")
    operator = section["operator"].section(required=("name", *ADDRESS_KEYS), optional=("telephone",))
    if len(section.given("policy", "legal_notice")) != 1:
        node.wrong("exactly one of policy (a URI) and legal_notice (a text) is needed (§5.3.11)")
    lote_type = section["lote_type"].uri() or profile.lote_type
    if Dialect.LOTE_JSON in names and not lote_type:
        section["lote_type"].wrong("a list of trusted entities needs the URI of its type (TS 119 602 §6.3.3)")
    list_type = _list_type(section["list_type"]) or profile.list_type
    determination = section["status_determination"].uri() or profile.status_determination
    if list_type in {vocabulary.EU_LIST, vocabulary.EU_LIST_OF_LISTS} and not section["status_determination"]:
        determination = f"{vocabulary.DETERMINATION}EUappropriate"
    return SchemeSource(
        territory=territory,
        operator_names=operator["name"].texts(),
        operator_address=read_address(operator),
        names=tuple(Text(text.lang, _with_territory(text.value, territory)) for text in section["name"].texts()),
        information_uris=section["information"].uris(),
        list_types={Dialect.TS_119_612: list_type, Dialect.LOTE_JSON: lote_type},
        status_determinations={
            Dialect.TS_119_612: determination,
            Dialect.LOTE_JSON: section["lote_status_determination"].uri() or profile.lote_status_determination,
        },
        community_rules=section["rules"].uris()
        or tuple(Text(ENGLISH, uri) for uri in profiles.default_rules(list_type, territory, profile.rules)),
        policies=section["policy"].uris(),
        legal_notices=section["legal_notice"].paragraphs(),
        historical_period=section["history_days"].integer(least=0, most=ALL_HISTORY, default=ALL_HISTORY),
        next_update=_next_update(section),
        pointers=tuple(_pointer(item, certificates) for item in section["pointers"].items()),
        distribution_points=tuple(item.uri() for item in section["distribution_points"].items()),
        backdated_first_issue=section["backdated_first_issue"].boolean(default=False),
    )


def _list_type(node: Node) -> str:
    value = node.text()
    if ":" in value:
        return node.uri()
    if value and not _LIST_TYPE.fullmatch(value):
        node.wrong(f"{value!r} is neither a URI nor a list type such as EUgeneric or BElist (§5.3.3)")
    return profiles.list_type(value) if value else ""


def _with_territory(name: str, territory: str) -> str:
    """`CC:name`, as §5.3.6 wants it."""
    return name if not name or name.startswith(f"{territory}:") else f"{territory}:{name}"


def _next_update(section: Section) -> Period | None:
    node = section["next_update"]
    if section["closed"].boolean(default=False):
        if node:
            node.wrong("a closed list has no next update (§5.3.15)")
        return None
    text = node.text("6 months")
    match = _PERIOD.fullmatch(text)
    if match is None:
        node.wrong(f"{text!r} is no period such as 30 days or 6 months")
        return Period(months=6)
    number = int(match[1])
    return Period(months=number) if match[2] == "month" else Period(days=number)


def _pointer(node: Node, certificates: Certificates) -> Pointer:
    section = node.section(
        required=("location", "list_type", "territory", "operator", "certificates"),
        optional=("mime_type", "rules"),
    )
    location = section["location"].uri()
    default = vocabulary.PDF_MIME_TYPE if location.lower().endswith(".pdf") else vocabulary.XML_MIME_TYPE
    return Pointer(
        location=location,
        identities=tuple(DigitalIdentity((each,)) for each in certificates.read(section["certificates"])),
        territory=section["territory"].text(),
        mime_type=section["mime_type"].line() or default,
        list_type=_list_type(section["list_type"]),
        operator_names=section["operator"].texts(),
        community_rules=section["rules"].uris(),
    )
