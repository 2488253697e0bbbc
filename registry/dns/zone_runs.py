# SPDX-License-Identifier: Apache-2.0
"""Record sets of a zone sorted into runs: names under one parent that hold one and the same set, and nothing else.

A zone of a million participants has a few hundred contents and a handful of parents, so a run is what a start takes
over at once, and what a snapshot stores (`registry.dns.snapshot`). What isn't that plain (the apex, delegations,
addresses, names with escapes) stays a record set of its own.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from registry.dns.records import APEX
from registry.dns.wire import AAAA, CNAME, DNAME, NS, SOA, A, name_to_wire, type_code

MOST_NAMES: Final = 4096
_MOST_RUNS: Final = 65_536
_MAX_LABEL: Final = 63
_NOT_ALONE: Final = frozenset((NS, SOA, DNAME, A, AAAA))
"""Ends, and addresses, which may lie beyond one."""
_LENGTHS: Final = [bytes((length,)) for length in range(_MAX_LABEL + 1)]


_Key = tuple[str, str, str, int]
"""Type, text, parent as stored, length of the first label."""


class SetText(NamedTuple):
    """A record set as it is stored: `text` is `RRset.to_text`."""

    owner: str
    rdtype: str
    text: str


class Run(NamedTuple):
    """Names, all as long as each other, that hold this set; `parent` and `names` as in `registry.dns.zone_names`."""

    rdtype: str
    text: str
    parent: bytes
    names: list[bytes]


def runs(texts: Iterable[tuple[str, str, str]], most_octets: int) -> Iterator[Run | SetText]:
    """All sets, the plain ones in runs of at most `MOST_NAMES`; what has names of more octets is none.

    Two runs may have the same name, if it holds sets of two types. Raises `ValidationError` for a parent that is no
    name, or a type of no stored data.
    """
    open_runs: dict[_Key, Run | None] = {}
    for owner, rdtype, text in texts:
        label, dot, rest = owner.partition(".")
        length = len(label)
        key = rdtype, text, rest, length
        try:
            run = open_runs[key]
        except KeyError:
            if len(open_runs) >= _MOST_RUNS:
                yield from _filled(open_runs)
                open_runs.clear()
            run = open_runs[key] = _begun(key, most_octets)
        plain = label.isascii() and "\\" not in label and owner != APEX and bool(dot) == bool(rest)
        if run is None or not plain:
            yield SetText(owner, rdtype, text)
            continue
        run.names.append(_LENGTHS[length] + label.lower().encode() + run.parent)
        if len(run.names) == MOST_NAMES:
            yield run
            open_runs[key] = run._replace(names=[])
    yield from _filled(open_runs)


def _filled(open_runs: Mapping[_Key, Run | None]) -> list[Run]:
    return [run for run in open_runs.values() if run is not None and run.names]


def _begun(key: _Key, most_octets: int) -> Run | None:
    """A run without names; None where sets like this one are none."""
    rdtype, text, rest, length = key
    code = type_code(rdtype)
    parent = b"\x01@" if rest == APEX else name_to_wire(rest) if rest else b""  # an @ is the apex only alone
    fits = 0 < length <= _MAX_LABEL and 1 + length + len(parent) <= most_octets
    alone = code not in _NOT_ALONE and not (code == CNAME and "\n" in text)
    return Run(rdtype, text, parent, []) if fits and alone and "\\" not in rest else None


def owner_of(name: bytes) -> str:
    """The owner, as stored, of a name in a run."""
    labels, at = [], 0
    while at < len(name):
        labels.append(name[at + 1 : at + 1 + name[at]].decode())
        at += 1 + name[at]
    return ".".join(labels)
