# SPDX-License-Identifier: Apache-2.0
"""Takes the sub-domains of an old SML in, as domains: their rules, and whom they let in.

A sub-domain that the operator has given to a domain changes that one: what the source doesn't say stays as it is, and
certificates are added to those that are there. Any other one becomes a domain of its own, after the one in whose zone
it is (as `registry.sml.admin_service` makes them), and says all that the source says.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final

from registry.domains.domain import Domain
from registry.domains.loader import profile_names
from registry.domains.section import merge
from registry.domains.trust_models import pem_text
from registry.errors import ConflictError
from registry.identifiers.naptr_service import is_naptr_service
from registry.move_in.attempts import attempt
from registry.move_in.model import Kind, Result, SourceRecord, Verdict
from registry.move_in.sml_domains import SmlDomains
from registry.move_in.sml_records import SubDomainRecord
from registry.move_in.standby import put_in_standby
from registry.sml.admin_model import SubDomain
from registry.sml.admin_service import DomainSetup
from registry.sml.admin_sub_domains import ROLE, made_after, settings_of, trust_settings
from registry.storage.certificate_rows import certificate_row, certificate_sha256
from registry.storage.domain_directory import StoredDomain
from registry.storage.engine import Actor, Database
from registry.storage.queries import certificates
from registry.storage.unit_of_work import UnitOfWork

_PROFILE: Final = "demo"
"""What settings that are complete are laid over where their own profile isn't one of the package."""
_GONE: Final = "the domain stays, with its rules; once no SMP is registered there: registry domain change, sml.enabled"


class SubDomains:
    """Implements `registry.move_in.model.Receiver`."""

    kind = Kind.SUB_DOMAIN

    def __init__(self, database: Database, domains: SmlDomains, setup: DomainSetup) -> None:
        self._database = database
        self._domains = domains
        self._setup = setup

    def apply(self, work: UnitOfWork, records: Sequence[SourceRecord], gone: Sequence[str]) -> Sequence[Result]:
        """See `Receiver.apply`. Domains are put in standby in the transaction that makes or changes them."""
        taken = [
            attempt(self._database, work, each.key, partial(self._take, record=SubDomainRecord.of(each)))
            for each in records
        ]
        return [*taken, *(Result(key, Verdict.REMOVED, notes=(_GONE,)) for key in gone)]

    def _take(self, work: UnitOfWork, record: SubDomainRecord) -> Result:
        self._domains.refresh()
        rows = [certificate_row(der) for der in dict.fromkeys((*record.roots, *record.leaves))]
        if rows:  # a pin is a digest; whoever shows it needs the certificate
            certificates.put(work.connection, rows)
        stored, actor = self._domains.find(record.name), Actor(work.actor, work.request_id)
        if stored is None:
            stored, verdict, notes = self._make(actor, record)
        else:
            settings, notes = _laid(record, stored.domain, exact=not self._domains.is_named(record.name))
            before = stored.domain
            stored = self._setup.change(actor, stored.domain.name, settings)
            verdict = Verdict.UNCHANGED if stored.domain == before else Verdict.UPDATED
            if stored.domain.dns.zone != record.name:
                notes.append(f"its names end in {stored.domain.dns.zone} here: who asks for {record.name} finds none")
        put_in_standby(work, stored)
        return Result(record.key, verdict, notes=tuple(notes))

    def _make(self, actor: Actor, record: SubDomainRecord) -> tuple[StoredDomain, Verdict, list[str]]:
        if self._domains.is_named(record.name):
            raise ConflictError(f"the domain that {record.name} shall go to isn't one whose SML this instance is")
        model = _model_for(record.name, self._domains.every()).domain
        profile = model.profile if model.profile in profile_names() else _PROFILE
        # Made with nobody let in; what is said of trust is then laid over that.
        made = self._setup.add(actor, profile, made_after(model, SubDomain(record.name)))
        settings, notes = _laid(record, made.domain, exact=True)
        made = self._setup.change(actor, made.domain.name, settings)
        return made, Verdict.CREATED, [f"made as the domain {made.domain.name}, after {model.name}", *notes]


def _model_for(name: str, every: Sequence[StoredDomain]) -> StoredDomain:
    """The domain after which a new one is made: that of the nearest zone above, or the first one."""
    if not every:
        raise ConflictError(
            "the first domain is made by `registry domain add`: its rules and name servers count for the others; "
            "or say which domain a sub-domain goes to"
        )
    above = [stored for stored in every if name.endswith(f".{stored.domain.dns.zone}")]
    return max(above, key=lambda stored: len(stored.domain.dns.zone), default=every[0])


def _laid(record: SubDomainRecord, domain: Domain, *, exact: bool) -> tuple[dict[str, Any], list[str]]:
    """The settings to lay over a domain, and what to tell the operator. With `exact` the source alone counts.

    Raises ValidationError.
    """
    nothing = 0 if exact else None  # a quota of 0 is none
    records, notes = record.records, []
    if (records or "").lower() == "cname":
        records = "all"
        notes.append("participants had CNAME records only; each has a NAPTR record here, too")
    wanted = SubDomain(
        record.name,
        description=record.description,
        participants=record.participants,
        records=records,
        url_schemes=record.url_schemes,
        max_participants=nothing if record.max_participants is None else record.max_participants,
        max_participants_per_publisher=(
            nothing if record.max_participants_per_publisher is None else record.max_participants_per_publisher
        ),
    )
    settings = settings_of(wanted, domain)
    owners: dict[str, Any] = {scheme: list(smp_ids) for scheme, smp_ids in record.wildcard_owners.items()}
    if exact:
        owners = {scheme: [] for scheme in domain.sml.wildcard_owners} | owners
        settings = merge(settings, _in_use(record, domain, settings))
    if owners:
        settings = merge(settings, {"sml": {"wildcard_owners": owners}})
    lists = dict(_trust(record, domain, exact=exact))
    try:
        settings = merge(settings, {"trust": trust_settings(domain, **lists)} if lists else {})
    except ConflictError as error:
        notes.append(str(error))
    return settings, [*notes, *_trust_notes(record)]


def _in_use(record: SubDomainRecord, domain: Domain, settings: Mapping[str, Any]) -> dict[str, Any]:
    """The schemes and services of those who are registered: a domain that is made for them has to know these."""
    known = {service.lower() for service in domain.dns.naptr_services}
    services = [each for each in record.services if each.lower() not in known and is_naptr_service(each)]
    found: dict[str, Any] = {"dns": {"optional_services": services}}
    if "identifiers" in settings:
        rule = settings["identifiers"]["participant"]["other"]
        found["identifiers"] = {"participant": {"schemes": dict.fromkeys(record.schemes, rule)}}
    return found


def _trust(record: SubDomainRecord, domain: Domain, *, exact: bool) -> Iterator[tuple[str, object]]:
    """What is said of the role of SML clients, as lists; only those that differ from what is said already."""
    role = domain.trust.role(ROLE)
    roots = () if record.policies else record.roots  # without the policies too many would be let in
    said: Mapping[str, tuple[tuple[str, ...], Iterable[str]]] = {
        "anchors": (role.anchors, map(pem_text, roots)),
        "pins": (role.pins, map(certificate_sha256, record.leaves)),
        "subject_patterns": (role.subject_patterns, [f"^(?:{record.subjects})$"] if record.subjects else []),
    }
    for name, (held, added) in said.items():
        wanted = list(dict.fromkeys(added if exact else (*held, *added)))
        if wanted != list(held):
            yield name, wanted


def _trust_notes(record: SubDomainRecord) -> Iterator[str]:
    if record.policies and record.roots:
        yield (
            f"whom {len(record.roots)} root certificates let in also depended on the policies {record.policies}; "
            "nobody is let in by them until a trust model says so: registry domain change --set trust.model_file"
        )
    if record.unknown:
        yield (
            "the source lets in what it has no certificate of; add it from the old truststore to the domain's trust: "
            + ", ".join(record.unknown)
        )
