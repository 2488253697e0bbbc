# SPDX-License-Identifier: Apache-2.0
"""What it costs to take more access points into a network, under each of two configurations.

Which trust model of the catalogue a configuration is, is told by its sources, never by its label: pins are mutual
exchange, one authority that signs by itself is a PKI of the domain's own, and so on. Each amount is reckoned twice: by
arithmetic series over the model's table (reference §2), and by the events of the simulation.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from trust_lists.certificates.path_extensions import path_extensions
from trust_lists.evaluation.comparison.limits import stem
from trust_lists.evaluation.simulation import MODELS, Event, Model, Parameters, Settings
from trust_lists.evaluation.simulation.distributions import Distribution, Fixed
from trust_lists.evaluation.simulation.engine import run
from trust_lists.evaluation.simulation.ledger import Ledger
from trust_lists.evaluation.simulation.models import Action, Per, Work
from trust_lists.evaluation.simulation.results import NOTHING_HAPPENS
from trust_lists.evaluation.trust_configuration import model as trust
from trust_lists.evaluation.trust_configuration.model import Json, Role, TrustConfiguration

_BY_ID = {model.id: model for model in MODELS}
_JOINING = (Event.ACCESS_POINT_JOINS, Event.AUTHORITY_JOINS)
_ROLES = (Role.AP_SIGN, Role.AP_ENCRYPT, Role.SMP_SIGN, Role.SML_CLIENT, Role.TLS_SERVER, Role.LIST_SIGNER)
_YEARS = 0.01
"""Long enough for everybody to join, too short for anything else."""


@dataclass(frozen=True, slots=True)
class CountedSource:
    """A source of a configuration, and the model of the catalogue that it is."""

    place: str
    """Its key path."""
    model: str
    """`T2`."""
    authorities: int
    why: str


@dataclass(frozen=True, slots=True)
class Onboarding:
    """What so many more access points cost by one source."""

    source: CountedSource
    name: str
    """Of the model; "" where there is none to simulate."""
    writes: int
    """By the closed form."""
    simulated_writes: int
    """By the events."""
    by_actor: Mapping[str, int]
    signatures: int
    fetches: int
    bytes: int

    def to_json(self) -> dict[str, Json]:
        """In values that `json.dumps` takes."""
        actors: dict[str, Json] = dict(self.by_actor)
        return {
            "source": self.source.place,
            "model": self.source.model,
            "name": self.name,
            "why": self.source.why,
            "authorities": self.source.authorities,
            "writes": {"closed_form": self.writes, "simulated": self.simulated_writes},
            "writes_by_actor": actors,
            "signatures": self.signatures,
            "fetches": self.fetches,
            "bytes": self.bytes,
        }


def onboarding(configuration: TrustConfiguration, present: int, added: int) -> tuple[Onboarding, ...]:
    """What `added` access points cost beside those that are `present`, by each source of the first role with a rule.

    Raises SimulationError where there are too many to simulate.
    """
    return tuple(_cost(each, present, added) for each in counted_sources(configuration))


def counted_sources(configuration: TrustConfiguration) -> tuple[CountedSource, ...]:
    """The sources by which access points are accepted, and what each of them is."""
    role = next((role for role in _ROLES if configuration.rule(role)), None)
    rule = configuration.rule(role) if role else None
    found = list(_sources(configuration, rule.accept, f"roles.{role.value}.accept")) if role and rule else []
    metadata = configuration.roles.smp_metadata
    if metadata is not None and metadata.endpoint_certificate is trust.EndpointCertificate.ANCHOR:
        place = "roles.smp-metadata.endpoint_certificate"
        found.append(CountedSource(place, "T13", 0, "what an SMP names is trusted"))
    return tuple(found)


def _sources(configuration: TrustConfiguration, source: trust.Source, place: str) -> Iterator[CountedSource]:
    match source:
        case trust.AnyOf(parts):
            yield from _parts(configuration, parts, f"{place}.any_of")
        case trust.AllOf(parts):
            yield from _parts(configuration, parts, f"{place}.all_of")
        case trust.Quorum(_, parts):
            yield from _parts(configuration, parts, f"{place}.quorum.of")
        case trust.PathTo():
            yield _path(configuration, source, f"{place}.path")
        case trust.Pinned():
            yield CountedSource(f"{place}.pin", "T1", 0, "each relying party keeps pins of all others")
        case trust.Listed():
            yield _list(configuration, source, f"{place}.list")
        case trust.InMetadata():
            yield CountedSource(f"{place}.saml_metadata", "T8", 0, "signed SAML metadata name the keys")
        case trust.InFederation():
            yield CountedSource(f"{place}.openid_federation", "T9", 0, "statements lead to a trust anchor")


def _parts(configuration: TrustConfiguration, parts: Sequence[trust.Source], place: str) -> Iterator[CountedSource]:
    for number, part in enumerate(parts, 1):
        yield from _sources(configuration, part, f"{place}[{number}]")


def _path(configuration: TrustConfiguration, source: trust.PathTo, place: str) -> CountedSource:
    """Generations of one authority are one: they follow each other."""
    anchors = [each for each in configuration.stores.anchors if each.id in source.to]
    several = {stem(each.cert.certificate) or each.cert.sha256 for each in anchors}
    between = [each.certificate for each in configuration.stores.intermediates if each.certificate]
    if configuration.engine.profile is trust.Profile.WEBPKI:
        return CountedSource(place, "T10", len(several), "authorities of the web, by the rules of the web")
    if len(several) > 1:
        return CountedSource(place, "T4", len(several), f"{len(several)} authorities that relying parties keep")
    if source.issuer_must_be_anchor or not configuration.stores.intermediates:
        return CountedSource(place, "T2", 1, "one authority, which relying parties keep")
    if any(path_extensions(each.der).mappings for each in between):
        told = "one anchor, below which authorities certify across organisations and map their policies"
        return CountedSource(place, "T7", len(between), told)
    return CountedSource(place, "T3", 1, "one root, with issuing authorities below it that aren't trusted themselves")


def _list(configuration: TrustConfiguration, source: trust.Listed, place: str) -> CountedSource:
    kinds = {each.kind for each in configuration.stores.lists if each.id in source.lists}
    if trust.ListKind.LOTL in kinds:
        return CountedSource(place, "T5", 0, "a list of lists leads to those of the territories")
    if trust.ListKind.LOTE in kinds:
        return CountedSource(place, "T11", 0, "a list of trusted entities names authorities")
    if source.match is trust.ServiceMatch.PATH:
        return CountedSource(place, "T11", 0, "a list names authorities")
    return CountedSource(place, "T6", 0, "a list names the access points themselves")


def _cost(source: CountedSource, present: int, added: int) -> Onboarding:
    model = _BY_ID.get(source.model)
    if model is None:
        return Onboarding(source, "", 0, 0, {}, 0, 0, 0)
    before, after = (_joined(model, count, source.authorities) for count in (present, present + added))
    amounts = _amounts(after)
    amounts.subtract(_amounts(before))
    by_actor: Counter[str] = Counter()
    for (actor, action), count in amounts.items():
        if action is Action.WRITE and count:
            by_actor[actor] += count
    return Onboarding(
        source=source,
        name=model.name,
        writes=closed_form(model, present, added, source.authorities),
        simulated_writes=sum(by_actor.values()),
        by_actor=dict(sorted(by_actor.items())),
        signatures=sum(count for (_actor, action), count in amounts.items() if action is Action.SIGN),
        fetches=sum(count for (_actor, action), count in amounts.items() if action is Action.FETCH),
        bytes=after.bytes - before.bytes,
    )


def closed_form(model: Model, present: int, added: int, authorities: int) -> int:
    """The writes of `added` access points that join one after the other, where no further authority comes with them.

    An access point writes once, for each of the others, for each access point, or for each authority: sums of
    1, of k - 1, of k, and of C, for k from `present` + 1 to `present` + `added`.
    """
    last = present + added
    everybody = (last * (last + 1) - present * (present + 1)) // 2
    count = min(max(authorities, 1 if model.authorities.value == "one" else 0) or _several(model), present)
    amounts = {Per.EVENT: added, Per.ALL: everybody, Per.OTHERS: everybody - added, Per.AUTHORITIES: added * count}

    def of(work: Work) -> int:
        return work.times * amounts.get(work.per, 0)

    return sum(of(each) for each in model.work.get(Event.ACCESS_POINT_JOINS, ()) if each.action is Action.WRITE)


def _several(model: Model) -> int:
    return int(Parameters().number("authorities")) if model.authorities.value == "several" else 0


def _joined(model: Model, access_points: int, authorities: int) -> Ledger:
    """The books of a network whose access points have all joined, and of nothing else."""
    # evidence about revocation is fetched whether or not somebody joins
    quiet: dict[str, Distribution] = {name: Fixed(0.0) for name in ("crl_bytes", "crl_entry_bytes")}
    given = {**NOTHING_HAPPENS, **quiet, "initial_share": Fixed(1.0)}
    if authorities:
        given["authorities"] = Fixed(authorities)
    settings = Settings(participants=0, access_points=access_points, years=_YEARS, chance=False)
    return run(model, settings, Parameters(given))[0]


def _amounts(ledger: Ledger) -> Counter[tuple[str, Action]]:
    found: Counter[tuple[str, Action]] = Counter()
    for (event, actor, action, _item), count in ledger.amounts.items():
        if event in _JOINING:
            found[actor.value, action] += count
    return found
