# SPDX-License-Identifier: Apache-2.0
"""Runs a network under one trust model through its years.

What begins within them is followed to its end, also where that is later.
"""

import math
from functools import partial

from trust_lists.errors import SimulationError
from trust_lists.evaluation.simulation.calendar import Calendar
from trust_lists.evaluation.simulation.events import Event, Scheduled, Settings
from trust_lists.evaluation.simulation.incidents import Incidents
from trust_lists.evaluation.simulation.ledger import Circumstances, Ledger
from trust_lists.evaluation.simulation.life import Life
from trust_lists.evaluation.simulation.models import Action, Actor, Entries, Item, Model, Work
from trust_lists.evaluation.simulation.network import Network
from trust_lists.evaluation.simulation.parameters import Parameters
from trust_lists.evaluation.simulation.population import YEAR, Population

MAX_PARTICIPANTS, MAX_ACCESS_POINTS, MAX_YEARS = 1_000_000_000, 10_000, 100.0
MAX_EVENTS = 1_000_000
"""Of one class in one model: more would not end in a time that anybody waits for."""


def run(
    model: Model, settings: Settings, parameters: Parameters, scheduled: tuple[Scheduled, ...] = ()
) -> tuple[Ledger, Population]:
    """The books of a model's run, and the participants at its end. Raises SimulationError where it is too large."""
    check(settings, parameters)
    calendar, network = Calendar(), Network(model, settings, parameters)
    life = Life(calendar, network)
    incidents = Incidents(calendar, network, life)
    life.begin()
    incidents.by_chance()
    for number, each in enumerate(scheduled):
        incidents.certain(each, number)
    _plan_periods(calendar, network, life)
    calendar.run()
    return network.ledger, network.population


def check(settings: Settings, parameters: Parameters) -> None:
    """Raises SimulationError, with all reasons, for a network that is too large or too restless to simulate."""
    bounds = (
        ("participants", settings.participants, 0, MAX_PARTICIPANTS),
        ("access_points", settings.access_points, 1, MAX_ACCESS_POINTS),
        ("years", settings.years, 0.01, MAX_YEARS),
    )
    reasons = [
        f"{name}: {least:g} to {most:g} are possible, not {value:g}"
        for name, value, least, most in bounds
        if not least <= value <= most
    ]
    if not reasons:
        expected = _expected(settings, parameters)
        reasons = [f"{name}: that makes more than {MAX_EVENTS:,} events" for name, n in expected if n > MAX_EVENTS]
    if reasons:
        raise SimulationError(tuple(reasons))


def _expected(settings: Settings, parameters: Parameters) -> list[tuple[str, float]]:
    """How many events each parameter lets expect."""
    access_points, days = settings.access_points, settings.years * YEAR
    publishers, authorities = parameters.number("publishers"), parameters.number("authorities")
    subjects = {
        "access_points_leaving": access_points,
        "access_point_compromises": access_points,
        "publisher_compromises": publishers,
        "authority_compromises": authorities,
        "authority_losses": authorities,
        "re_roots": authorities,
        "signer_compromises": 1,
    }
    by_rate = [(name, parameters.number(name) * count * settings.years) for name, count in subjects.items()]
    periods = {"leaf_validity": 2 * access_points, "list_interval": 1, "aggregation": access_points}
    return by_rate + [(name, count * days / parameters.number(name)) for name, count in periods.items()]


def _plan_periods(calendar: Calendar, network: Network, life: Life) -> None:
    length = network.parameters.number("aggregation")
    calendar.at(0.0, partial(_sample, calendar, network))
    for period in range(max(1, math.ceil(network.horizon / length - 1e-9))):
        end = min((period + 1) * length, network.horizon)
        calendar.at(end, partial(_pass, calendar, network, life, period, end - period * length))


def _pass(calendar: Calendar, network: Network, life: Life, period: int, days: float) -> None:
    """A period is over: who came, went and moved in it, and its CRLs."""
    change = network.population.pass_days(days, period)
    for event, heads in (
        (Event.PARTICIPANTS_JOIN, change.joined),
        (Event.PARTICIPANTS_LEAVE, change.left),
        (Event.PARTICIPANTS_MOVE, change.moved),
    ):
        one = Circumstances(network.count, rows=network.rows_each, heads=1)
        network.ledger.happened(event, life.work.get(event, ()), one, heads)
    if network.model.crl:
        _issue_crls(calendar, network, days)
    if network.model.entries is Entries.STATEMENTS:
        _issue_statements(network, days)
    _sample(calendar, network)


def _issue_crls(calendar: Calendar, network: Network, days: float) -> None:
    """The CRLs of all CAs in a period; each relying party fetches each of them once."""
    parameters = network.parameters
    oldest = calendar.now - parameters.number("leaf_validity")
    # What was stolen or left, and would still be valid.
    revoked = sum(1 for each in network.ledger.exposures if each.day >= oldest)
    count = max(1, round(days * 24 / parameters.number("crl_freshness"))) * network.authorities
    size = parameters.number("crl_bytes") + parameters.number("crl_entry_bytes") * revoked / max(1, network.authorities)
    sign = Work(Actor.AUTHORITY, Action.SIGN, Item.CRL)
    fetch = Work(Actor.RELYING_PARTY, Action.FETCH, Item.CRL)
    network.ledger.add(Event.CRL_ISSUE, sign, count)
    network.ledger.add(Event.CRL_ISSUE, fetch, count * network.count, size)


def _issue_statements(network: Network, days: float) -> None:
    """Each access point signs its own, and its superior one about it; each relying party fetches those of all others.

    Beside them it fetches what the anchor says of itself.
    """
    parameters, count = network.parameters, network.count
    times = max(1, round(days * 24 / parameters.number("statement_lifetime")))
    for actor in (Actor.SUBJECT, Actor.OPERATOR):
        network.ledger.add(Event.STATEMENT_ISSUE, Work(actor, Action.SIGN, Item.STATEMENT), times * count)
    fetch = Work(Actor.RELYING_PARTY, Action.FETCH, Item.STATEMENT)
    fetched = times * count * (2 * (count - 1) + 1)
    network.ledger.add(Event.STATEMENT_ISSUE, fetch, fetched, parameters.number("statement_bytes"))


def _sample(calendar: Calendar, network: Network) -> None:
    present = sum(network.population.counts)
    network.ledger.sample(calendar.now, present, network.circumstances(), network.added_anchors)
