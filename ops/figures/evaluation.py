# SPDX-License-Identifier: Apache-2.0
"""The worked evaluation: what an attacker needs, the facts of five ways to establish trust, and their score."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import certificates
import growth
import yaml

from trust_lists.evaluation.blast_radius import Attacker, BlastRadius, Goal, blast_radius, suitable_network
from trust_lists.evaluation.scoring import assess, read_facts, read_judgements
from trust_lists.evaluation.scoring.contents import findings
from trust_lists.evaluation.simulation import MODELS, writes_of_joining
from trust_lists.evaluation.trust_configuration import effective_configuration
from trust_lists.evaluation.trust_configuration.canonical import content_address
from trust_lists.evaluation.trust_configuration.model import Role, TrustConfiguration
from trust_lists.evaluation.trust_configuration.reading import read_tree

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs" / "explanation" / "worked-evaluation"
AT = datetime(2026, 6, 1, tzinfo=UTC)
MANY = 1_000
"""Access points of the network whose beginning is counted."""
_UNKNOWN = "unknown"
_CANDIDATES = {
    "pins": ("mutual exchange of pins", "T1"),
    "root": ("PKI of the domain, root as anchor", "T2"),
    "issuer": ("PKI of the domain, issuing authorities as anchors", "T2"),
    "list": ("trusted list of the domain", "T6"),
    "metadata": ("trust on metadata", "T13"),
}
"""By id: name, and the model of the catalogue that is simulated."""


@cache
def configurations() -> Mapping[str, TrustConfiguration]:
    """The configuration of each candidate: shipped models, and one of them with its roots as anchors."""

    def read(tree: Mapping[str, Any]) -> TrustConfiguration:
        return certificates.engine(tree).configuration

    metadata = effective_configuration(_bare("ehdsi-trust-on-metadata"))
    return {
        "pins": _bare("mutual-exchange"),
        "root": read(_root_as_anchor()),
        "issuer": read(certificates.tree("peppol-g3")),
        "list": _bare("domain-trusted-list"),
        "metadata": metadata,
    }


def _bare(model: str) -> TrustConfiguration:
    """A model whose certificates are for whoever uses it to choose."""
    return read_tree(certificates.tree(model)).configuration


def _root_as_anchor() -> dict[str, Any]:
    tree = certificates.tree("peppol-g3")
    anchor = tree["stores"]["anchors"][0]
    name = "PEPPOL_Root_CA-G3.pem"
    reference = {"sha256": certificates.certificate(name).sha256, "file": name}
    controls = anchor["controls"] | {"path_len": None}
    between = [each["cert"] for each in tree["stores"]["anchors"]]
    roles = {}
    for role, rule in tree["roles"].items():
        if "accept" in rule:
            accept = {"path": {"to": ["root"], "issuer_must_be_anchor": False}}
            roles[role] = rule | {"accept": accept, "leaf": rule["leaf"] | {"subject": "any"}}
        else:
            roles[role] = rule
    return tree | {
        "id": "peppol-root-only",
        "engine": tree["engine"] | {"max_path": 3},
        "stores": {
            "anchors": [anchor | {"id": "root", "cert": reference, "controls": controls}],
            "intermediates": between,
        },
        "roles": roles,
    }


@cache
def compromised(candidate: str) -> BlastRadius:
    """What can be done with what, under the candidate's configuration, in a network of assumed parties."""
    configuration = configurations()[candidate]
    network = suitable_network(configuration, (), AT)
    return blast_radius(configuration, network, (), AT)


def _smallest(candidate: str, attacker: Attacker, goal: Goal) -> tuple[tuple[str, ...], ...]:
    """The smallest sets that reach the goal against somebody; none where there are none."""
    sets = [tuple(sorted(each)) for each in compromised(candidate).ways[attacker][goal].somewhere.sets]
    least = min(map(len, sets), default=0)
    return tuple(sorted(each for each in sets if len(each) == least))


def compromise() -> str:
    """For each candidate and two goals, the size of the smallest sets of what has to be taken, and one of them."""
    columns = [
        (Goal.IMPERSONATE, Attacker.OUTSIDER, "pass for a sender: an outsider needs"),
        (Goal.INTERCEPT, Attacker.OUTSIDER, "get somebody's messages: an outsider needs"),
        (Goal.INTERCEPT, Attacker.MEMBER, "a member needs"),
    ]
    lines = [f"| way | {' | '.join(title for *_, title in columns)} |", f"|---|{'---|' * len(columns)}"]
    for candidate, (name, _model) in _CANDIDATES.items():
        cells = [_cell(candidate, attacker, goal) for goal, attacker, _title in columns]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _cell(candidate: str, attacker: Attacker, goal: Goal) -> str:
    found = _smallest(candidate, attacker, goal)
    if not found:
        return "not reached with what is modelled"
    if found == ((),):
        return "nothing"
    others = len(found) - 1
    more = f", or {others} other such {'set' if others == 1 else 'sets'}" if others else ""
    return f"{len(found[0])}: {' and '.join(f'`{each}`' for each in found[0])}{more}"


def ends() -> str:
    """DE4A's authority before and after its last day, and the bridge of the US Federal PKI."""
    return "\n".join((*_shared_authority(), "", *_bridge()))


def _shared_authority() -> Iterator[str]:
    authority = certificates.certificate("as4_CommisSign2_onlineCA.crt.cer")
    end = certificates.dates(authority)[1]
    tree = certificates.tree("de4a")
    rule = tree["roles"]["ap-sign"]
    any_leaf = dict.fromkeys(rule["leaf"], "any")
    revocation = rule["revocation"] | {"leaf": "no_check", "intermediates": "no_check"}
    decider = certificates.engine(tree | {"roles": {"ap-sign": rule | {"leaf": any_leaf, "revocation": revocation}}})
    yield f"DE4A's one authority, {authority.subject_text}, was in force until {end:%Y-%m-%d %H:%M:%S} UTC. The engine:"
    yield ""
    yield "| on | answer |"
    yield "|---|---|"
    for day in (end - certificates.DAY, end + certificates.DAY):
        found = certificates.ask(decider, authority, day)
        told = f" ({found.decisive.id})" if found.decisive else ""
        yield f"| {day:%Y-%m-%d} | {found.outcome.value}{told} |"


def _bridge() -> Iterator[str]:
    from trust_lists.evaluation.blast_radius.components import is_authority
    from trust_lists.evaluation.blast_radius.standing import authorities_of, standing_by_names

    configuration = certificates.engine(certificates.tree("us-fpki-bridge")).configuration
    held = tuple(dict.fromkeys(filter(is_authority, certificates.federal())))
    anchors = [anchor.cert.certificate for anchor in configuration.stores.anchors if anchor.cert.certificate]
    standing = standing_by_names(configuration, authorities_of((*anchors, *held)), Role.AP_SIGN)
    yield "Authorities of the US Federal PKI that lose their way to the anchor without one of them:"
    yield ""
    yield "| without | lost, of " + str(len(standing.reached)) + " |"
    yield "|---|---|"
    for name in ("Federal Bridge CA G4", "DoD Interoperability Root CA 2", "CertiPath Bridge CA - G3"):
        title = next(each for each in standing.reached if f"CN={name}," in each)
        yield f"| {name} | {len(standing.without(title))} |"


# The score


def facts_tree() -> dict[str, Any]:
    """All facts, each from a figure."""
    return {
        "kind": "trust-model-facts",
        "title": "Five ways to establish trust among 400 access points with a million participants",
        "criteria": {
            "legal": "Legal",
            "business": "Business-domain requirements",
            "operations": "Operational effort and cost",
            "scalability": "Scalability",
            "market": "Market availability",
            "security": "Security",
        },
        "models": {each: name for each, (name, _model) in _CANDIDATES.items()},
        "quantities": {
            "qualified": _quantity("legal", "accepted certificates that are qualified", "share"),
            "right": _quantity("business", "real access points that are accepted", "share"),
            "writes": _quantity("operations", "writes in ten years", "writes"),
            "joining": _quantity("scalability", f"writes until {MANY} access points trust each other", "writes"),
            "authorities": _quantity("market", "authorities that could be accepted", "authorities"),
            "exposure": _quantity("security", "a stolen key is accepted, 95th percentile", "days"),
            "needed": _quantity("security", "keys or systems that an outsider needs to get messages", "components"),
            "confused": _quantity("security", "certificates of SMPs that pass for access points", "share"),
        },
        "facts": [fact for candidate in _CANDIDATES for fact in _facts(candidate)],
    }


def _quantity(criterion: str, name: str, unit: str) -> dict[str, str]:
    return {"criterion": criterion, "name": name, "unit": unit}


def _facts(candidate: str) -> Iterator[dict[str, Any]]:
    def fact(quantity: str, value: Any, method: str, source: str, snapshot: str = "none") -> dict[str, Any]:
        row = {"model": candidate, "quantity": quantity, "value": value, "method": method}
        return row | {"source": source, "snapshot": snapshot}

    model_id = _CANDIDATES[candidate][1]
    simulated = next(each for each in growth.simulated().models if each.id == model_id)
    drill = next(each for each in simulated.drills if each.event == growth.INCIDENT)
    catalogue = next(each for each in MODELS if each.id == model_id)
    simulation = f"simulation of {model_id}, {growth.RUNS} histories"
    yield fact(
        "writes",
        {"from": round(simulated.writes.least), "to": round(simulated.writes.most)},
        "least and most",
        simulation,
    )
    yield fact("joining", writes_of_joining(catalogue, MANY), "closed form", f"catalogue, {model_id}")
    exposure = _UNKNOWN if drill.exposure.p95 is None else round(drill.exposure.p95, 1)
    yield fact("exposure", exposure, "drill: the key of the largest access point", simulation)
    smallest = _smallest(candidate, Attacker.OUTSIDER, Goal.INTERCEPT)
    address = content_address(configurations()[candidate])
    size = len(smallest[0]) if smallest else _UNKNOWN
    yield fact("needed", size, "smallest set, against somebody", "blast radius", address)
    if candidate in {"root", "issuer"}:
        yield from _measured(candidate, fact)
    yield fact(
        "authorities", 1 if candidate in {"root", "issuer"} else _UNKNOWN, "anchors of the network", "model", address
    )
    yield fact("qualified", _UNKNOWN, "nothing was found", "none")


def _measured(candidate: str, fact: Callable[..., dict[str, Any]]) -> Iterator[dict[str, Any]]:
    decider = certificates.ways()["AP CA as anchor" if candidate == "issuer" else "root as anchor"]
    points, publishers = certificates.peppol_leaves("AP"), certificates.peppol_leaves("SMP")
    right = sum(certificates.ask(decider, each).accepted for each in points) / len(points)
    wrong = sum(certificates.ask(decider, each).accepted for each in publishers) / len(publishers)
    for quantity, value, of in (("right", right, points), ("confused", wrong, publishers)):
        yield fact(
            quantity, round(value, 3), f"decisions on {len(of)} certificates of production", "engine", decider.address
        )


def facts_file() -> str:
    """The facts in YAML."""
    head = "# SPDX-License-Identifier: Apache-2.0\n# Made by `make figures`; every value is computed.\n"
    return head + yaml.safe_dump(facts_tree(), sort_keys=False, allow_unicode=True, width=110)


def score() -> str:
    """What the facts and the judgements come to."""
    facts = read_facts(facts_file().encode())
    found = assess(facts, read_judgements((FOLDER / "judgements.yaml").read_bytes(), facts))
    return "\n".join(f"- {each}" for each in findings(found))


FIGURES: Mapping[str, Callable[[], str]] = {"ends": ends, "compromise": compromise, "score": score}
FILES: Mapping[str, Callable[[], str]] = {"worked-evaluation/facts.yaml": facts_file}
