# SPDX-License-Identifier: Apache-2.0
"""What a report of a comparison says, the most important first: the same sections for text, Markdown and HTML."""

import math
from collections.abc import Iterator, Sequence

from trust_lists.errors import shown
from trust_lists.evaluation import svg
from trust_lists.evaluation.comparison.limits import Succession, widening
from trust_lists.evaluation.comparison.matrix import EXAMPLES, FlipGroup, RoleMatrix, Step
from trust_lists.evaluation.comparison.model import Difference, Effect
from trust_lists.evaluation.comparison.onboarding import Onboarding
from trust_lists.evaluation.comparison.probing.answers import Answer, Probe, ProbeResults
from trust_lists.evaluation.comparison.result import Comparison
from trust_lists.evaluation.decisions.model import ENGINE_VERSION, Outcome
from trust_lists.evaluation.html_page import Cell, Section, Table
from trust_lists.evaluation.svg import number

OUTCOMES = (Outcome.ACCEPT, Outcome.REJECT, Outcome.INDETERMINATE)
_MOST = 200
"""Rows of a table; JSON has all of them."""


def title(found: Comparison) -> str:
    """What is compared."""
    return f"{found.a.configuration.id} and {found.b.configuration.id} compared"


def findings(found: Comparison) -> tuple[str, ...]:
    """The answer in a few sentences."""
    told = [_decided(each) for each in sorted(found.matrices, key=lambda each: (-each.lost, -each.flipped))]
    told += [_allowed(each) for each in found.successions if widening(each)]
    effects = [each.effect for each in found.differences]
    if effects:
        told.append(
            f"{_counted(len(effects), 'difference')} of the configurations: {effects.count(Effect.WIDENS)} of them "
            f"let more pass in B, {effects.count(Effect.NARROWS)} less, {effects.count(Effect.CHANGES)} neither for "
            "certain."
        )
    else:
        told.append("The configurations say the same.")
    if found.probes is not None:
        told.append(_probed(found.probes))
    if found.asked.added:
        told.append(_added(found))
    return tuple(told)


def provenance(found: Comparison) -> str:
    """What all numbers are from."""
    parts = [f"A {found.a.address[:16]}", f"B {found.b.address[:16]}", f"engine {ENGINE_VERSION}"]
    if found.asked.corpus:
        parts.append(f"corpus {found.corpus_digest[:16]} of {_counted(len(found.asked.corpus), 'certificate')}")
    evidence = dict.fromkeys(each.evidence.digest[:16] for each in (found.a, found.b) if each.evidence.digest)
    parts.append(f"evidence {', '.join(evidence)}" if evidence else "no evidence")
    at = "each certificate in the middle of its own validity" if found.asked.own_time else found.asked.at.isoformat()
    return f"{'; '.join(parts)}; asked about {at}."


def warnings(found: Comparison) -> tuple[str, ...]:
    """What a reader has to know to read the numbers rightly."""
    told = [f"Assumed: {each}." for each in found.asked.assumptions] if found.asked.corpus else []
    effective = [each.name for each in (found.a, found.b) if each.effective]
    told += [f"{name} is compared with its declared deviations in force." for name in effective]
    if found.probes is not None and found.probes.left_out:
        told.append(f"{_counted(len(found.probes.left_out), 'thing')} no probes were made for: see below.")
    return tuple(told)


def sections(found: Comparison) -> tuple[Section, ...]:
    """All sections after the findings."""
    probes = found.probes
    made = (
        _flips(found),
        *_decisions(found),
        _successions(found),
        _differences(found),
        *((_telling(probes), _unmet(probes), _hypothetical(probes)) if probes else ()),
        _onboarding(found),
        _sides(found),
    )
    return tuple(each for each in made if each is not None)


def _decided(found: RoleMatrix) -> str:
    a, b, total = found.accepted(0), found.accepted(1), found.total
    flips = "none flips" if not found.flipped else f"{_counted(found.flipped, 'answer')} differ"
    flips = flips.replace("1 answer differ", "1 answer differs")
    names = ""
    if found.lost or found.won:
        names = f" Of {found.names[0]} subjects that A accepts, {found.lost} are lost in B; {found.won} are won."
    return f"{found.role.value}: A accepts {a} of {total}, B {b} of {total}; {flips}.{names}"


def _allowed(found: Succession) -> str:
    told = "; ".join(each.text for each in widening(found))
    kept = [each for each in found.effective if each.path.endswith(tuple(f".{_last(w)}" for w in widening(found)))]
    held = "with its controls, too" if kept else "its controls in B hold that to what it was"
    if not found.after.startswith("stores.anchors."):
        held = "as an intermediate it has no controls"
    return f"The certificate of {found.after_name} allows more than that of {found.before_name}: {told} ({held})."


def _last(found: Difference) -> str:
    return found.path.rpartition(".")[2]


def _probed(found: ProbeResults) -> str:
    return (
        f"{len(found.whole)} probes at the edges of the rules: A and B answer {len(found.differing)} of them "
        f"differently, {len(found.telling)} of which don't just follow from an authority that only one of them trusts; "
        f"{_counted(len(found.unmet), 'answer')} of a side {'is' if len(found.unmet) == 1 else 'are'} not what its own "
        f"rule says."
    )


def _added(found: Comparison) -> str:
    sides = [
        f"{name} {' or '.join(f'{each.writes:,} writes by {each.source.model}' for each in costs) or 'nothing known'}"
        for name, costs in zip("AB", found.onboarding, strict=True)
    ]
    return f"{found.asked.added:,} more access points beside {found.asked.present:,} cost: {'; '.join(sides)}."


def _decisions(found: Comparison) -> Iterator[Section]:
    for each in found.matrices:
        rows = [f"A {outcome.value}" for outcome in OUTCOMES]
        columns = [f"B {outcome.value}" for outcome in OUTCOMES]
        counts = [[each.counts.get((before, after), 0) for after in OUTCOMES] for before in OUTCOMES]
        picture = svg.heat_map(
            f"Decisions as {each.role.value}",
            f"{_decided(each)} Colours go by the logarithm of the count.",
            rows,
            columns,
            [[math.log1p(count) for count in row] for row in counts],
            texts=[[f"{count:,}" for count in row] for row in counts],
        )
        table = Table(
            ("", *columns),
            tuple((Cell(name), *(Cell(f"{count:,}") for count in row)) for name, row in zip(rows, counts, strict=True)),
        )
        yield Section(
            f"decisions-{each.role.value}", f"Decisions as {each.role.value}", (_decided(each),), table, (picture,)
        )


def _flips(found: Comparison) -> Section | None:
    rows = [_flip(each.role.value, group) for each in found.matrices for group in each.groups]
    if not rows:
        return None
    told = f"Grouped by the first step at which the traces of A and B part; at most {EXAMPLES} certificates of each."
    head = ("role", "count", "A -> B", "first differing step", "because", "certificates")
    return Section("flips", "What flips, and by which rule", (told,), Table(head, tuple(rows[:_MOST])))


def _flip(role: str, group: FlipGroup) -> tuple[Cell, ...]:
    names = [shown(each.before.subject) for each in group.flips[:EXAMPLES]]
    more = f" and {len(group.flips) - EXAMPLES} more" if len(group.flips) > EXAMPLES else ""
    because = f"{group.reason} ({group.clause})" if group.reason else ""
    return (
        Cell(role),
        Cell(f"{len(group.flips):,}"),
        Cell(f"{group.before.value} -> {group.after.value}"),
        Cell(" / ".join(_step(name, each) for name, each in zip("AB", group.steps, strict=True))),
        Cell(because),
        Cell("; ".join(names) + more),
    )


def _step(side: str, step: Step) -> str:
    return f"{side} {step.name}: {step.outcome}" if step.name else f"{side} has none"


def _successions(found: Comparison) -> Section | None:
    rows = [
        (Cell(f"{each.before_name} -> {each.after_name}"), Cell(where), Cell(change.effect.value), Cell(change.text))
        for each in found.successions
        for where, changes in (("its certificate", each.certificate), ("with its controls", each.effective))
        for change in changes
    ]
    if not rows:
        return None
    told = (
        "Authorities of A and B whose names differ in a number only. What a certificate allows by itself counts where "
        "nothing narrower stands in the configuration."
    )
    head = ("authority", "by", "effect", "what changes")
    return Section("generations", "What another generation of an authority changes", (told,), Table(head, tuple(rows)))


def _differences(found: Comparison) -> Section | None:
    grouped: dict[tuple[str, str, str], list[str]] = {}
    for each in found.differences:
        roles, rest = _role_apart(each)
        grouped.setdefault((each.effect.value, each.kind.value, rest), []).extend(roles)
    if not grouped:
        return None
    rows = [
        (Cell(effect), Cell(kind), Cell(f"{_roles(roles)}{rest}")) for (effect, kind, rest), roles in grouped.items()
    ]
    told = "An effect is that of the value alone: whether anything comes of it, the decisions and probes tell."
    table = Table(("in B this", "kind", "difference"), tuple(rows[:_MOST]))
    return Section("differences", "What the configurations say differently", (told,), table)


def _role_apart(found: Difference) -> tuple[list[str], str]:
    owner, colon, rest = found.text.partition(": ")
    if colon and owner.startswith("role "):
        return [owner.removeprefix("role ")], rest
    return [], found.text


def _roles(roles: Sequence[str]) -> str:
    return f"{', '.join(roles)}: " if roles else ""


def _telling(found: ProbeResults) -> Section:
    told = (
        f"{len(found.differing)} of {len(found.whole)} probes are answered differently. Not shown are "
        f"{len(found.differing) - len(found.telling)} that follow from the other side not trusting that authority, or "
        "pin, at all. Each probe is a certificate that meets the rule in every point but one, made with throw-away "
        "keys below twins of the authorities."
    )
    return Section("probes", "Probes that A and B answer differently", (told,), _probes(found.telling))


def _unmet(found: ProbeResults) -> Section:
    told = "Where a rule says no and the answer is yes, the rule has no effect; where it says yes, another one decides."
    left = [f"No probes: {each}" for each in found.left_out[:_MOST]]
    return Section("rules", "Rules that don't do what they say", (told, *left), _probes(found.unmet))


def _hypothetical(found: ProbeResults) -> Section:
    told = (
        f"{len(found.hypotheticals)} of the probes were asked once more in the names of the real authorities, whose "
        "keys nobody here has: their signatures are assumed, and revocation is left aside. "
        f"{len(found.disagreeing)} are answered otherwise than below the twins."
    )
    return Section("hypothetical", "The same with assumed signatures", (told,), _probes(found.disagreeing), folded=True)


def _probes(probes: Sequence[Probe]) -> Table | None:
    if not probes:
        return None
    rows = [
        (
            Cell(each.kind if each.signed else f"{each.kind}, signature assumed"),
            Cell(each.role.value),
            Cell(each.told),
            Cell(each.origin),
            Cell(f"{each.rule} of {' and '.join(each.sides)}"),
            Cell(each.expected.value),
            Cell(_answer(each.before)),
            Cell(_answer(each.after)),
        )
        for each in probes[:_MOST]
    ]
    return Table(("probe", "role", "what is special", "below", "about the rule", "which says", "A", "B"), tuple(rows))


def _answer(found: Answer) -> str:
    return f"{found.outcome.value} {found.reason}".strip()


def _onboarding(found: Comparison) -> Section | None:
    if not found.asked.added:
        return None
    rows = [_cost(side, each) for side, costs in zip("AB", found.onboarding, strict=True) for each in costs]
    told = (
        f"{found.asked.added:,} access points join {found.asked.present:,} that are there. Which model of the "
        "catalogue a configuration is, is told by its sources. Writes are reckoned by the closed form, and counted in "
        "a simulation of the same."
    )
    head = ("", "source", "model", "writes (closed form)", "writes (simulated)", "by actor", "signatures", "bytes")
    return Section("onboarding", "What more access points cost", (told,), Table(head, tuple(rows)))


def _cost(side: str, found: Onboarding) -> tuple[Cell, ...]:
    actors = ", ".join(f"{name} {count:,}" for name, count in found.by_actor.items())
    if not found.name:
        unknown = Cell("not simulated", unknown=True)
        return (Cell(side), Cell(found.source.place), Cell(found.source.model), *([unknown] * 5))
    return (
        Cell(side),
        Cell(f"{found.source.place}: {found.source.why}"),
        Cell(f"{found.source.model} {found.name}"),
        Cell(f"{found.writes:,}"),
        Cell(f"{found.simulated_writes:,}"),
        Cell(actors),
        Cell(f"{found.signatures:,}"),
        Cell(number(found.bytes)),
    )


def _sides(found: Comparison) -> Section:
    rows = [
        (
            Cell(each.name),
            Cell(each.configuration.id),
            Cell(each.address),
            Cell("as it is in effect" if each.effective else "as it is declared"),
            Cell(each.evidence.digest or "none"),
        )
        for each in (found.a, found.b)
    ]
    head = ("", "configuration", "address (SHA-256)", "taken", "evidence (SHA-256)")
    return Section("sides", "What was compared", (), Table(head, tuple(rows)), folded=True)


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"
