# SPDX-License-Identifier: Apache-2.0
"""What the simulation assumes, each with its unit, default and source; all of it can be set in a file.

"assumed" is no measurement: nobody has published one that we found. Change those first where you know better.
Periods of polling (`CRL`, lists, caches) are given as the period; who polls is then anywhere within it, evenly.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from trust_lists.errors import SimulationError, YamlRefusedError
from trust_lists.evaluation.simulation.distributions import Between, Distribution, Fixed, Spread
from trust_lists.evaluation.simulation.events import SCHEDULABLE, Scheduled
from trust_lists.yaml_nodes import Node, parse

ASSUMED = "assumed"
COUNTED = ("rows", "SMPs", "CAs", "lists")
DAYS = {"days": 1.0, "hours": 1 / 24, "minutes": 1 / 1440}
MAX_SCHEDULED = 10_000


@dataclass(frozen=True, slots=True)
class Parameter:
    """One assumption; `least` and `most` bound what may be given, in `unit`."""

    name: str
    unit: str
    default: Distribution
    source: str
    meaning: str
    least: float = 0.0
    most: float = 36_525.0
    polled: bool = False


def _number(
    name: str, unit: str, value: float, source: str, meaning: str, least: float = 0.0, most: float = 36_525.0
) -> Parameter:
    return Parameter(name, unit, Fixed(value), source, meaning, least, most)


def _period(name: str, unit: str, value: float, source: str, meaning: str) -> Parameter:
    return Parameter(name, unit, Fixed(value), source, meaning, 0.001, polled=True)


_CORPUS = "measured on the corpus of real data"
CATALOGUE: tuple[Parameter, ...] = (
    _number("initial_share", "share", 0.1, ASSUMED, "participants and access points on the first day", 0.0, 1.0),
    _number("size_skew", "exponent", 1.0, ASSUMED, "sizes of access points: Zipf; 0 = all alike", 0.0, 3.0),
    _number("rows_per_participant", "rows", 10, "reference §2: D = 10", "document types of a participant", 0, 10_000),
    _number("publishers", "SMPs", 40, ASSUMED, "service metadata publishers", 1, 10_000),
    _number("authorities", "CAs", 8, ASSUMED, "certification authorities where a model has several", 1, 1000),
    _number("participants_leaving", "per year", 0.05, ASSUMED, "share of the participants", 0.0, 10.0),
    _number("participants_moving", "per year", 0.03, ASSUMED, "share that moves to another SMP", 0.0, 10.0),
    _number("access_points_leaving", "per year", 0.02, ASSUMED, "for each; a successor takes over", 0.0, 10.0),
    _number("aggregation", "days", 30, "of the method", "period in which participants come and go at once", 1.0, 366.0),
    # Certificates of access points.
    _number("leaf_validity", "days", 720, f"{_CORPUS}: Peppol, 719 to 720 days", "of a certificate", 7.0),
    Parameter("renewal_lead", "days", Spread(30, 75), ASSUMED, "before the expiry, when the renewal is begun"),
    Parameter(
        "renewal_delay", "days", Spread(2, 7, 14), "Peppol: 2 days on average, up to 14", "from request to certificate"
    ),
    Parameter("rollover_notice", "days", Fixed(14), ASSUMED, "the new certificate is told so long before it is used"),
    # What goes wrong, and how often.
    _number("access_point_compromises", "per year", 0.005, ASSUMED, "for each access point", 0.0, 10.0),
    _number("publisher_compromises", "per year", 0.005, ASSUMED, "for each SMP", 0.0, 10.0),
    _number("authority_compromises", "per year", 0.01, ASSUMED, "for each CA", 0.0, 10.0),
    _number("authority_losses", "per year", 0.02, ASSUMED, "CA keys that nobody can use any more, for each CA", 0, 10),
    _number("re_roots", "per year", 0.25, "Peppol: 2018 and 2025/26", "forced by the vendor, for each CA", 0.0, 10.0),
    _number(
        "signer_compromises",
        "per year",
        0.01,
        ASSUMED,
        "key that signs the list, hub, metadata or federation",
        0.0,
        10.0,
    ),
    # Until somebody knows.
    Parameter("access_point_detection", "days", Spread(14, 60), ASSUMED, "compromise to detection"),
    Parameter("publisher_detection", "days", Spread(14, 60), ASSUMED, "compromise to detection"),
    Parameter("authority_detection", "days", Spread(30, 90), "DigiNotar: about a month", "compromise to detection"),
    Parameter("signer_detection", "days", Spread(30, 90), ASSUMED, "compromise to detection"),
    # Until relying parties know.
    Parameter("revocation_publication", "hours", Between(0, 24), "EN 319 411-2 §6.2.4: 24 h", "request to CRL"),
    _period("crl_freshness", "hours", 24, "reference §3a: P1D", "how old a CRL may be"),
    Parameter("list_publication", "hours", Between(0, 4), "TS 119 612 G.5: 4 working hours", "decision to list issue"),
    _period("list_refresh", "hours", 24, "e-CODEX connector: DSS cache of 1 day", "how often a list is fetched"),
    Parameter("pin_notice", "hours", Spread(8, 72), ASSUMED, "decision to a notice at all peers"),
    Parameter("pin_import", "days", Spread(3, 14, 60), ASSUMED, "notice to import of a pin, by hand"),
    Parameter("anchor_notice", "hours", Spread(24, 120), ASSUMED, "decision to a notice at all relying parties"),
    Parameter("anchor_install", "days", Spread(10, 60, 180), ASSUMED, "notice to changed trust store, often a release"),
    _period("metadata_cache", "minutes", 15, "peppol-commons: CachingSMPClient", "how long SMP answers are kept"),
    _number("metadata_rate", "rows per second", 100, ASSUMED, "rewriting and signing of metadata", 0.001, 1e9),
    _period("hub_refresh", "hours", 24, ASSUMED, "how often relying parties download from the hub"),
    _period("path_cache", "hours", 24, ASSUMED, "how long paths over a bridge are kept"),
    _period("statement_lifetime", "hours", 24, ASSUMED, "from iat to exp of statements of OpenID Federation"),
    _period("dns_ttl", "minutes", 60, ASSUMED, "how long resolvers keep TLSA records"),
    Parameter("store_publication", "days", Spread(7, 60), ASSUMED, "decision to a changed store of roots"),
    _period("store_update", "days", 30, ASSUMED, "how often systems take over the store of their vendor"),
    # Certification authorities.
    Parameter("authority_setup", "days", Spread(7, 30), ASSUMED, "ceremony of a new CA that nobody planned"),
    _number("authority_validity", "days", 3652, f"{_CORPUS}: Peppol Root CA G3, ten years", "of a CA", 30.0),
    Parameter(
        "migration_preparation", "days", Fixed(198), "Peppol G3: 2025-08-11 to 2026-02-25", "told, until it begins"
    ),
    Parameter("migration_window", "days", Between(35, 180), "Peppol: G3 35 days, 2018 six months", "both CAs in use"),
    Parameter(
        "migration_install", "days", Spread(90, 180, 240), ASSUMED, "told, until a relying party has the new anchor"
    ),
    Parameter("migration_switch", "days", Spread(10, 30), ASSUMED, "begin of the window, until an AP has switched"),
    # Lists and hubs.
    _number("list_interval", "days", 150, ASSUMED, "a list is issued anew after this time at the latest", 0.1),
    _number("list_validity", "days", 180, "TS 119 612 §5.3.15: at most 6 months", "until NextUpdate", 0.1),
    Parameter("list_delay", "days", Spread(3, 15), ASSUMED, "an issue that is due comes so much later"),
    _number("signer_validity", "days", 1095, ASSUMED, "of a list signer's certificate", 30.0),
    _number("signer_notice", "days", 60, ASSUMED, "a new list signer is told so long before", 0.0),
    _number(
        "anchor_overlap", "days", 180, ASSUMED, "both keys of a federation's anchor are used, when it changes", 0.0
    ),
    _number("eu_lists", "lists", 33, f"{_CORPUS}: generation of 2023-10", "list of lists and national lists", 1, 1000),
    # Sizes.
    _number("eu_list_bytes", "bytes", 560_493, f"{_CORPUS}: 18,496,271 bytes in 33 files", "a national list", 0, 1e9),
    _number("list_bytes", "bytes", 5_100, f"{_CORPUS}: an epSOS list", "a list without entries", 0, 1e9),
    _number("entry_bytes", "bytes", 2_400, f"{_CORPUS}: an epSOS list", "an entry of a list", 0, 1e9),
    _number("certificate_bytes", "bytes", 1_307, f"{_CORPUS}: mean of 68 certificates", "in a trust store", 0, 1e9),
    _number("row_bytes", "bytes", 7_300, f"{_CORPUS}: signed metadata of Peppol", "a signed metadata document", 0, 1e9),
    _number("statement_bytes", "bytes", 1_200, ASSUMED, "an entity statement with a key of P-256", 0, 1e9),
    _number("store_bytes", "bytes", 220_000, ASSUMED, "a store of roots, as operating systems have it", 0, 1e9),
    _number("crl_bytes", "bytes", 800, ASSUMED, "a CRL without entries", 0, 1e9),
    _number("crl_entry_bytes", "bytes", 39, "measured, reference §2", "an entry of a CRL", 0, 1e9),
    _number("signatures_per_second", "per second", 3_090, "measured, reference §2", "RSA-2048, one core", 1, 1e9),
)
_KNOWN = {each.name: each for each in CATALOGUE}


@dataclass(frozen=True)
class Parameters:
    """All assumptions of one simulation: `given` over the defaults."""

    given: Mapping[str, Distribution] = field(default_factory=dict)

    @cached_property
    def _days(self) -> dict[str, Distribution]:
        found: dict[str, Distribution] = {}
        for each in CATALOGUE:
            if each.unit in DAYS:
                value = self.value(each.name).scaled(DAYS[each.unit])
                found[each.name] = Between(0.0, value.most) if each.polled else value
        return found

    def value(self, name: str) -> Distribution:
        """As it was given, in its own unit."""
        return self.given.get(name, _KNOWN[name].default)

    def number(self, name: str) -> float:
        """A parameter that is one number, in its own unit."""
        return self.value(name).most

    def days(self, name: str) -> Distribution:
        """A latency in days; where it is a period of polling, what is left of it."""
        return self._days[name]

    def to_json(self) -> dict[str, object]:
        """All of them, with unit, source and meaning."""
        return {
            each.name: {
                "value": self.value(each.name).to_json(),
                "unit": each.unit,
                "source": "given" if each.name in self.given else each.source,
                "meaning": each.meaning,
            }
            for each in CATALOGUE
        }


@dataclass(frozen=True, slots=True)
class Assumptions:
    """What a file says: parameters, and what certainly happens beside what happens by chance."""

    parameters: Parameters = field(default_factory=Parameters)
    scheduled: tuple[Scheduled, ...] = ()


def read_assumptions(data: bytes) -> Assumptions:
    """The YAML or JSON of a parameter file: `parameters` by name, and `scheduled` events.

    A value is a number, `{least, most}` or `{p50, p95, most}`, where `most` may be missing. Raises SimulationError
    with all reasons.
    """
    try:
        root = parse(data)
    except YamlRefusedError as error:
        raise SimulationError((str(error),)) from None
    section = root.section(optional=("parameters", "scheduled"))
    given = {
        name: value
        for name, node in section["parameters"].section(optional=tuple(_KNOWN)).nodes.items()
        if node and (value := _read_value(node, _KNOWN[name])) is not None
    }
    planned = section["scheduled"].items()
    if len(planned) > MAX_SCHEDULED:
        section["scheduled"].wrong(f"more than {MAX_SCHEDULED:,} events")
        planned = []
    scheduled = tuple(filter(None, map(_read_scheduled, planned)))
    if root.reasons:
        raise SimulationError(tuple(root.reasons))
    return Assumptions(Parameters(given), scheduled)


def _read_value(node: Node, parameter: Parameter) -> Distribution | None:
    single = isinstance(parameter.default, Fixed) and (parameter.polled or parameter.unit not in DAYS)
    if not node.is_mapping:
        number = _read_number(node, parameter)
        return None if number is None else Fixed(number)
    if single:
        node.wrong("one number is expected")
        return None
    keys = node.section(optional=("p50", "p95", "least", "most"))
    found = {key: _read_number(keys[key], parameter) for key in ("p50", "p95", "least", "most") if keys[key]}
    match found:
        case {"p50": float(p50), "p95": float(p95), "most": float(most)} if 0 < p50 <= p95 <= most and len(found) == 3:
            return Spread(p50, p95, most)
        case {"p50": float(p50), "p95": float(p95)} if 0 < p50 <= p95 and len(found) == 2:
            return Spread(p50, p95)
        case {"least": float(least), "most": float(most)} if least <= most and len(found) == 2:
            return Between(least, most)
    node.wrong("a number, least and most, or p50 and p95 (and most) are expected, the greater ones after the smaller")
    return None


def _read_number(node: Node, parameter: Parameter) -> float | None:
    try:
        value = float(node.text())
    except ValueError:
        value = math.nan
    if not parameter.least <= value <= parameter.most:  # nan never is
        node.wrong(f"a number from {parameter.least:g} to {parameter.most:g} ({parameter.unit}) is expected")
        return None
    if parameter.unit in COUNTED and value != round(value):
        node.wrong(f"a whole number of {parameter.unit} is expected")
        return None
    return value


def _read_scheduled(node: Node) -> Scheduled | None:
    keys = node.section(required=("day", "event"), optional=("subject",))
    kinds = {each.value: each for each in SCHEDULABLE}
    kind = kinds.get(keys["event"].text())
    if keys["event"] and kind is None:
        keys["event"].wrong(f"no such event; there are {', '.join(kinds)}")
    day = _read_number(keys["day"], Parameter("day", "days", Fixed(0), "", ""))
    subject = keys["subject"].integer(least=0, most=999_999, default=0)
    return None if kind is None or day is None else Scheduled(day, kind, subject)
