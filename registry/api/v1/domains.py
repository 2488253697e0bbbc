# SPDX-License-Identifier: Apache-2.0
"""`/domains`: the policy domains of this instance, and what would follow from changing one."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Annotated, Any, Literal

from fastapi import Query
from pydantic import AfterValidator, Field

from registry.accounts.permissions import SYSTEM, Action, Scope
from registry.api.v1 import rules
from registry.api.v1.answers import Answer, etag_of, to_bytes
from registry.api.v1.call import Call
from registry.api.v1.cursors import Cursor, Limit, paged, read_cursor
from registry.api.v1.models import Model, Page, Word
from registry.api.v1.routing import Resource, url
from registry.api.v1.rules import Needs, Within
from registry.directory.comparing import difference
from registry.directory.marking import place_of
from registry.domains.differences import differences, from_profile
from registry.domains.domain import Domain
from registry.domains.loader import domain_to_mapping, profile_names
from registry.errors import ConfigurationError, Reason, UnauthorizedError, ValidationError
from registry.storage.domain_directory import StoredDomain
from registry.storage.queries import domains

resource = Resource("domains", "The policy domains of this instance: who may take part, how names and documents look.")
DOMAIN = "/domains/{domain}"
_DEEPEST = 20
DomainName = Annotated[str, Field(max_length=64, description="A domain's name.", examples=["demo"])]
"""The path parameter `{domain}`."""


class DomainSummary(Model):
    """A domain in a list."""

    name: Word
    title: str
    profile: Annotated[str, Field(description="The shipped profile that it was made from; empty for one's own.")]
    kind: str
    zone: str
    base_url: str
    smp_id: str
    sml: Annotated[bool, Field(description="Whether this instance is its SML.")]
    default: bool
    review: Annotated[bool, Field(description="Whether somebody else has to approve what is published.")]


class DomainModel(DomainSummary):
    """A domain with everything that is set for it."""

    settings: Annotated[dict[str, Any], Field(description="Every setting, in the form of a profile.")]


def _plain_settings(settings: dict[str, Any]) -> dict[str, Any]:
    """Settings without what only the command line may say, and without what nobody could store or show."""
    for path, value in _leaves(settings, ()):
        if any(name.endswith(("_files", "_file", "_dir")) for name in path):
            told = "files are named on the command line; here PEM goes into anchors, or into trust.configuration"
            raise ValueError(f"{'.'.join(path)[:100]}: {told}")
        if "\ud800" <= max((*"".join(path), *(value if isinstance(value, str) else "")), default="") <= "\udfff":
            raise ValueError("it holds half of a surrogate pair")
    return settings


def _leaves(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    if len(path) > _DEEPEST:
        raise ValueError("it is nested too deep")
    if isinstance(value, dict) and value:
        for name, item in value.items():
            yield from _leaves(item, (*path, name))
    elif isinstance(value, list) and value:
        for item in value:
            yield from _leaves(item, (*path, "0"))
    else:
        yield path or ("",), value


Settings = Annotated[dict[str, Any], AfterValidator(_plain_settings)]
"""Settings in the form of a profile."""


class NewDomain(Model):
    """A domain to be made."""

    name: Annotated[str, Field(max_length=63, pattern=r"^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$", examples=["example"])]
    profile: Annotated[Word, Field(description="A shipped profile.", examples=["demo"])]
    settings: Annotated[Settings, Field(description="Laid over the profile's.")] = Field(default_factory=dict)


class SettingDifference(Model):
    """One setting that changes."""

    setting: Annotated[str, Field(examples=["smp.dialects"])]
    before: Any
    after: Any


class DomainChange(Model):
    """What has changed, or would."""

    planned: Annotated[bool, Field(description="True where nothing was done.")]
    differences: list[SettingDifference]
    follows: Annotated[list[str], Field(description="What follows from it, and what is to be done elsewhere.")]
    domain: DomainModel


class DomainSetting(Model):
    """One setting of a domain."""

    setting: Annotated[str, Field(examples=["smp.dialects"])]
    value: Annotated[Any, Field(description="Certificates as their number, a trust model as its id and a digest.")]
    of_profile: Annotated[Any, Field(description="What the shipped profile says; null where it says nothing.")]
    source: Annotated[Literal["profile", "domain"], Field(description="`domain`: other than the profile has it.")]


class DomainSettings(Model):
    """The settings of a domain, one by one."""

    profile: Annotated[str, Field(description="The shipped profile that it was made from; empty for one's own.")]
    items: list[DomainSetting]


class CodeListModel(Model):
    """A code list that is in force."""

    kind: str
    version: str
    rows: int


class CodeLists(Model):
    """The code lists of a domain."""

    items: list[CodeListModel]


@resource.get("/domains", Within(Action.DOMAIN_READ, rules.system), {200: Page[DomainSummary]})
def list_domains(
    call: Call,
    limit: Limit = 50,
    cursor: Cursor = None,
    profile: Annotated[str | None, Query(max_length=64, description="Only those made from it.")] = None,
) -> Page[DomainSummary]:
    """List the domains that the caller may read, by name."""
    after = read_cursor(cursor, str)
    found = [
        stored
        for stored in sorted(call.context.directory.all(), key=lambda stored: stored.domain.name)
        if (after is None or stored.domain.name > after[0]) and profile in {None, stored.domain.profile}
    ]
    seen = [stored for stored in found if call.may(Action.DOMAIN_READ, Scope(stored.id))]
    call.narrowed = True
    part, following = paged(seen[: limit + 1], limit, lambda stored: (stored.domain.name,))
    return Page[DomainSummary](items=[_summary(stored) for stored in part], next_cursor=following)


@resource.get(DOMAIN, Needs(Action.DOMAIN_READ, rules.domain), {200: DomainModel})
def read_domain(call: Call, domain: DomainName) -> DomainModel:
    """Read a domain with all its settings."""
    return shown(call.context.domain(domain))


@resource.post(
    "/domains",
    Needs(Action.DOMAIN_CREATE, rules.system),
    {201: DomainModel},
    examples={
        "a test domain": {"name": "example", "profile": "demo", "settings": {"dns": {"zone": "sml.example.org"}}}
    },
)
def create_domain(call: Call, body: NewDomain) -> Answer:
    """Make a domain from a shipped profile and settings laid over it.

    Its signing key is set on the command line, since it lies in a file of the server.
    """
    if body.profile not in profile_names():
        raise ValidationError((Reason("DOMAIN-PROFILE", "there is no such profile", pointer="#/profile"),))
    with _settings_of_caller():
        stored = call.context.setup.add(call.actor, body.profile, {**body.settings, "name": body.name})
    return Answer(shown(stored), headers={"location": url(DOMAIN, body.name)})


@resource.patch(
    DOMAIN,
    Needs(Action.DOMAIN_CHANGE, rules.domain),
    {200: DomainChange},
    plans=True,
    examples={"another address": {"smp": {"base_url": "https://smp.example.org"}}},
)
def change_domain(
    call: Call,
    domain: DomainName,
    body: Settings,
    plan: Annotated[bool, Query(description="Only show what would change, and what would follow.")] = False,
) -> Answer:
    """Lay settings over those of a domain: key by key, lists as a whole.

    Refused where participants are registered under names that would change. Who takes the zone, and where it is pushed
    to, only administrators of the system change, and only they end that somebody else has to approve what is published.
    `ETag` is that of the domain.
    """
    domains.lock(call.work, call.context.domain(domain).id)
    call.context.directory.refresh()
    before = call.context.domain(domain)
    call.match(lambda: shown(before))
    with _settings_of_caller():
        after = replace(before, domain=call.context.setup.changed(domain, body))
        _check_keys(call, before.domain, after.domain)
        _check_review(call, before.domain, after.domain)
        if not plan:
            after = call.context.setup.change(call.actor, domain, body)
    found = differences(before.domain, after.domain)
    answer = DomainChange(
        planned=plan,
        differences=[SettingDifference(setting=item.setting, before=item.before, after=item.after) for item in found],
        follows=list(_follows(call, before, after)),
        domain=shown(after),
    )
    return Answer(answer, headers={} if plan else {"etag": etag_of(to_bytes(answer.domain))})


@resource.get(f"{DOMAIN}/settings", Needs(Action.DOMAIN_READ, rules.domain), {200: DomainSettings})
def read_domain_settings(call: Call, domain: DomainName) -> DomainSettings:
    """Read the settings of a domain one by one, each with what the shipped profile says that it was made from."""
    held = call.context.domain(domain).domain
    items = [
        DomainSetting(
            setting=item.setting,
            value=item.after,
            of_profile=item.before,
            source="profile" if item.before == item.after else "domain",
        )
        for item in from_profile(held)
    ]
    return DomainSettings(profile=held.profile, items=items)


@resource.get(f"{DOMAIN}/code-lists", Needs(Action.DOMAIN_READ, rules.domain), {200: CodeLists})
def read_code_lists(call: Call, domain: DomainName) -> CodeLists:
    """Read which code lists are in force in a domain."""
    held = call.context.domain(domain).domain.identifiers.code_lists
    return CodeLists(
        items=[
            CodeListModel(kind=kind.value, version=item.version, rows=len(item.entries)) for kind, item in held.items()
        ]
    )


@contextmanager
def _settings_of_caller() -> Iterator[None]:
    """What is wrong with settings is the caller's mistake here, not the installation's."""
    try:
        yield
    except ConfigurationError as error:
        first, *others = str(error).splitlines()
        raise ValidationError(Reason("DOMAIN-SETTINGS", line.strip()) for line in others or [first]) from error


_BY_KEY = ("secondaries", "transfer_keys", "transfer_networks", "push_to")


def _check_keys(call: Call, before: Domain, after: Domain) -> None:
    """Raises UnauthorizedError: keys are those of the installation, and speak for other domains, too."""
    changed = [f"dns.{name}" for name in _BY_KEY if getattr(before.dns, name) != getattr(after.dns, name)]
    if before.directory != after.directory:
        changed.append("directory")
    if changed and not call.may(Action.DOMAIN_CREATE, SYSTEM):
        told = "is for administrators of the system: it uses the keys of all domains"
        raise UnauthorizedError(f"{', '.join(changed)} {told}")


def _check_review(call: Call, before: Domain, after: Domain) -> None:
    """Raises UnauthorizedError: who could end it for a moment would publish alone."""
    if before.review.required and not after.review.required and not call.may(Action.DOMAIN_CREATE, SYSTEM):
        raise UnauthorizedError("only administrators of the system end review.required")


def _follows(call: Call, before: StoredDomain, after: StoredDomain) -> Iterator[str]:
    old, new = before.domain, after.domain
    if old.smp.base_url != new.smp.base_url and new.smp.smp_id:
        yield f"tell the SML the new address of {new.smp.smp_id}, too"
    if (old.dns.naptr_services, old.dns.ttl) != (new.dns.naptr_services, new.dns.ttl) and before.zone_id is not None:
        yield "the DNS records of all participants are written again"
    if old.smp != new.smp:
        yield "documents are signed again when they are next asked for"
    if new.review.required and not old.review.required:
        yield "what is published changes by plans alone that somebody else has approved"
    if old.visibility != new.visibility:
        yield "participants that are there stay as visible as they are; new ones are as it says now"
    if old.identifiers != new.identifiers:
        yield "what is published already stays, even where the new rules refuse it"
    if old.directory != new.directory and new.directory.enabled:
        yield from _follows_for_directory(call, after)
    if old.trust != new.trust:
        yield "who is trusted from now on depends on the new certificates; what is published already stays"


def _follows_for_directory(call: Call, after: StoredDomain) -> Iterator[str]:
    with call.context.database.read() as connection:
        found = difference(connection, place_of(after))
    yield f"the directory is told of {found.to_tell} of {found.wanted} participants"
    if found.to_forget:
        yield f"the directory is told to forget {found.to_forget} participants"


def shown(stored: StoredDomain) -> DomainModel:
    """A domain with its settings."""
    return DomainModel(**_summary(stored).model_dump(), settings=dict(domain_to_mapping(stored.domain)))


def _summary(stored: StoredDomain) -> DomainSummary:
    domain = stored.domain
    return DomainSummary(
        name=domain.name,
        title=domain.title,
        profile=domain.profile,
        kind=domain.kind,
        zone=domain.dns.zone,
        base_url=domain.smp.base_url or "",
        smp_id=domain.smp.smp_id or "",
        sml=stored.zone_id is not None and domain.sml.enabled,
        default=domain.default,
        review=domain.review.required,
    )
