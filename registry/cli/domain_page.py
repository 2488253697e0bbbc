# SPDX-License-Identifier: Apache-2.0
"""The page of `registry domain show`: what a network is and how it works, for somebody who has never seen it."""

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from registry.dns.records import naptr_rrset
from registry.domains.trust_settings import ROLES
from registry.identifiers.dns_names import participant_name
from registry.identifiers.document_type import DocumentTypeIdentifier
from registry.identifiers.participant import ParticipantIdentifier
from registry.identifiers.rules import KindRules
from registry.identifiers.url_form import participant_path, service_path
from registry.smp.documents.catalogue import DIALECTS

if TYPE_CHECKING:
    from registry.domains.domain import Domain
    from registry.domains.known_codes import KnownCode

NOT_FOUND = "not found"
_EXAMPLE_SMP = "https://smp.example.org"
_UNBROKEN = 5_000
_TWO_SERVICES = (
    "participants have several NAPTR records. vefa-peppol (in Oxalis), Holodeck B2B and the dynamic discovery client "
    "(DDC) of the European Commission take the first one of an answer, whatever its order and preference say, and an "
    "answer may begin with any of them"
)


def print_page(domain: "Domain") -> None:
    """Print the page on stdout, as wide as the terminal; into a file or a program nothing is broken into lines."""
    console = Console(highlight=False)
    if console.is_terminal:
        console.print(Group(*_parts(domain)))
        return
    with (wide := Console(highlight=False, width=_UNBROKEN)).capture() as page:
        wide.print(Group(*_parts(domain)))
    console.out("\n".join(line.rstrip() for line in page.get().splitlines()))


def warnings(domain: "Domain") -> Iterator[str]:
    """What an operator should know before using the domain."""
    if len(domain.dns.naptr_services) > 1:
        yield _TWO_SERVICES


def _parts(domain: "Domain") -> Iterator[RenderableType]:
    yield Text.assemble((domain.title, "bold"), (f"  {domain.name}", "dim"))
    if domain.summary:
        yield _indented(Text(domain.summary))
    if domain.kind == "static":
        yield _indented(
            Text("Static: there is no SMP and no SML, so nothing is published, registered or looked up.", "bold")
        )
    yield from _section("Who may register", [("", domain.registrants or NOT_FOUND)])
    yield from _section("Trust", _trust(domain))
    if domain.parties:
        yield from _section("Parties", _free(domain.parties))
    if domain.kind == "dynamic":
        yield from _section("Identifiers", _identifiers(domain))
        yield from _section("DNS", _dns(domain))
        yield from _section("SMP", _smp(domain))
    yield from _section(
        "Transport profiles",
        [("", profile) for profile in domain.transport_profiles] or [("", _absent(domain, "transport_profiles"))],
    )
    yield from _section("Environments", _environments(domain))
    yield from _section("Document types", _codes(domain.document_types))
    yield from _section("Processes", _codes(domain.processes))
    yield from _section("Code lists in force", _code_lists(domain))
    yield from _section("Notes, and what was not found", domain.notes.items())
    yield from _section("Sources", domain.sources.items())


def _section(title: str, rows: Iterable[tuple[str, str]]) -> Iterator[RenderableType]:
    """A heading and below it names with texts; nothing where there are no rows."""
    rows = list(rows)
    if not rows:
        return
    named = any(name for name, _ in rows)
    table = Table.grid(padding=(0, 2))
    if named:
        table.add_column(style="cyan", overflow="fold", max_width=34)
    table.add_column(overflow="fold")
    for name, text in rows:
        cells = [Text(name), Text(text)] if named else [Text(text)]
        table.add_row(*cells)
    yield Text()
    yield Text(title, style="bold")
    yield _indented(table)


def _indented(renderable: RenderableType) -> Padding:
    return Padding(renderable, (0, 0, 0, 2))


def _absent(domain: "Domain", key: str) -> str:
    """What stands in the place of a value that a profile leaves open."""
    return NOT_FOUND if "not found" in domain.notes.get(key, "").lower() or domain.kind == "static" else "any"


def _trust(domain: "Domain") -> Iterator[tuple[str, str]]:
    yield "model", domain.trust_model or NOT_FOUND
    configuration = domain.trust.configuration
    if configuration is not None:
        yield "configuration", f"{configuration.get('id')} (registry trust show {domain.name})"
        for name in ROLES:
            if not domain.trust.trusts_nobody(name):
                policy = "; a no is a warning only" if name in domain.trust.advisory else ""
                yield name, f"by the rule of the configuration{policy}"
        return
    for name, role in domain.trust.roles.items():
        held = [
            *(f"subject with {pattern}" for pattern in role.subject_patterns),
            *([f"key usage {', '.join(role.key_usage)}"] if role.key_usage else []),
        ]
        number = len(role.anchors) + len(role.pins)
        yield name, "; ".join([f"{number} anchors" if number else "trusts nobody until anchors are named", *held])


def _identifiers(domain: "Domain") -> Iterator[tuple[str, str]]:
    rules = domain.identifiers
    yield "rules", "strict" if rules.strict else "lax: only what would break a wire format is refused"
    for name, kind in (
        ("participant", rules.participant),
        ("document type", rules.document_type),
        ("process", rules.process),
    ):
        yield from _kind(name, kind)
    if domain.example:
        participant = _example(domain)
        yield "example participant", str(participant)
        if domain.dns.zone:
            yield "its name in DNS", participant_name(participant, domain.dns.zone, domain.dns.name_form)


def _kind(name: str, rules: KindRules) -> Iterator[tuple[str, str]]:
    for scheme, rule in rules.schemes.items():
        case = "letter case counts" if rule.case_sensitive else "letter case means nothing"
        form = f"; {rule.form}" if rule.form else ""
        yield name, f"{scheme}: {case}; up to {rule.max_length} characters{form}"
    if not rules.schemes:
        yield name, "any scheme" + ("" if rules.other.case_sensitive else "; letter case means nothing")
    if rules.allow_no_scheme:
        yield name, "may be a value without a scheme"


def _example(domain: "Domain") -> ParticipantIdentifier:
    return ParticipantIdentifier.parse(domain.example, scheme_optional=True)


def _dns(domain: "Domain") -> Iterator[tuple[str, str]]:
    dns = domain.dns
    form = dns.name_form
    yield "zone", dns.zone or NOT_FOUND
    yield "service", ", ".join(dns.naptr_services)
    case = "in lower case" if form.lowercase_before_hash else "as it is spelt"
    labelled = "the value" if "{scheme}" in form.template else "scheme::value"
    yield "name", f"{form.template}.<zone>, where hash is base32(sha256(…)) of {labelled}, {case}"
    records = naptr_rrset("@", domain.smp.base_url or _EXAMPLE_SMP, dns.naptr_services, dns.ttl).rdatas
    for rdata in records:
        yield "record, for example", f"{dns.ttl} IN NAPTR {rdata}"


def _smp(domain: "Domain") -> Iterator[tuple[str, str]]:
    smp = domain.smp
    base = smp.base_url or _EXAMPLE_SMP
    for name in smp.dialects:
        dialect = DIALECTS[name]
        prefix = f"{base}/{dialect.path_prefix}" if dialect.path_prefix else base
        yield (
            "dialect",
            f"{dialect.title}, {dialect.content_type}"
            + ("; both documents are signed" if dialect.signs_service_groups else ""),
        )
        if domain.example:
            participant = _example(domain)
            yield "service group", prefix + participant_path(participant)
            if domain.document_types:
                first = domain.document_types[0]
                document_type = DocumentTypeIdentifier(first.scheme, first.value)
                yield "service metadata", prefix + service_path(participant, document_type)
    yield "signed with", ", ".join(smp.signature_algorithms)
    yield "addresses", "https on port 443 only" if smp.https_443_only else " or ".join(sorted(domain.sml.url_schemes))
    if smp.endpoints_per_process:
        yield "endpoints", f"at most {smp.endpoints_per_process} for each process"


def _environments(domain: "Domain") -> Iterator[tuple[str, str]]:
    for name, environment in domain.environments.items():
        yield name, environment.zone + (f"  SML: {environment.sml}" if environment.sml else "")


def _codes(codes: "Iterable[KnownCode]") -> Iterator[tuple[str, str]]:
    for code in codes:
        state = "" if code.state == "active" else f" ({code.state})"
        yield f"{code.name}{state}", f"{code.scheme}::{code.value}" if code.scheme else code.value
        if code.process:
            yield "", f"process {code.process}"
        if code.transport_profile:
            yield "", f"by {code.transport_profile}"


def _code_lists(domain: "Domain") -> Iterator[tuple[str, str]]:
    for kind, item in domain.identifiers.code_lists.items():
        yield kind.value, f"version {item.version}, {len(item.entries)} codes"


def _free(values: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """The parties of a static network: whatever its profile says of them."""
    for name, value in values.items():
        for one in value if isinstance(value, list | tuple) else [value]:
            text = ", ".join(f"{key} {item}" for key, item in one.items()) if isinstance(one, Mapping) else str(one)
            yield name.replace("_", " "), text
