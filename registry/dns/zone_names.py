# SPDX-License-Identifier: Apache-2.0
"""The names of one zone, and which of them it answers from: RFC 1034 §4.3.2 step 3, RFC 4592, RFC 6672 §2.2.

Names are lower-case wire labels relative to the zone. `nodes` has those that are answered from (equal content is one
shared object), `below` how many names lie under a name, counted, so that an empty non-terminal exists (NODATA, not
NXDOMAIN). A zone says nothing itself at and below a *cut* (NS records below the apex) nor below a DNAME: such an *end*
is in `ends`, and what lies there is kept in `hidden`, as glue, and for the day on which the end goes. So an ordinary
question costs no look at ends, and a name that isn't there costs one. Not thread-safe, but for `LayeredNames`.
"""

from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from weakref import WeakValueDictionary

from registry.dns.name_tables import Layer, NameTable
from registry.dns.wire import CNAME, DNAME, NS, SOA, RenderedRRset

_SPECIAL = frozenset((CNAME, DNAME, NS, SOA))


class Node:
    """The record sets at one name, by type; immutable, shared by all names of equal content.

    A node without record sets and with an `end` stands for every name that this end takes from the zone; it has the
    end's DNAME, if that is one.
    """

    __slots__ = ("__weakref__", "alias", "dname", "end", "is_cut", "is_end", "is_ordinary", "rrsets")

    def __init__(self, rrsets: tuple[RenderedRRset, ...]) -> None:
        self.rrsets = {rrset.code: rrset for rrset in rrsets}
        self.alias = self.rrsets.get(CNAME)
        self.dname = self.rrsets.get(DNAME)
        self.is_cut = NS in self.rrsets and SOA not in self.rrsets
        self.is_end = self.is_cut or self.dname is not None
        self.is_ordinary = self.rrsets.keys().isdisjoint(_SPECIAL)
        self.end: bytes | None = None

    @classmethod
    def beyond(cls, end: bytes, node: "Node") -> "Node":
        """What stands for the names that the end `node` at the name `end` takes."""
        standing = cls(())
        standing.end, standing.dname = end, node.dname
        return standing


_EMPTY = Node(())
_interned: WeakValueDictionary[tuple[RenderedRRset, ...], Node] = WeakValueDictionary()


def changed(node: Node | None, code: bytes, rrset: RenderedRRset | None) -> Node | None:
    """The node with one type replaced or removed; None when nothing is left."""
    if node is None:
        key: tuple[RenderedRRset, ...] = () if rrset is None else (rrset,)
    else:
        by_code = node.rrsets | {code: rrset}
        key = tuple(kept for _, kept in sorted(by_code.items()) if kept is not None)
    if not key:
        return None
    found = _interned.get(key)
    if found is None:
        found = _interned[key] = Node(key)
    return found


class Names:
    """What each name of a zone holds, in dictionaries of some kind. The attributes are for reading."""

    __slots__ = ("below", "ends", "hidden", "nodes")

    nodes: MutableMapping[bytes, Node]
    below: MutableMapping[bytes, int]
    ends: MutableMapping[bytes, Node]
    hidden: MutableMapping[bytes, Node]

    def find(self, name: bytes) -> Node | None:
        """What a name is answered from: its own records, an end's node, a wildcard's; None where it doesn't exist."""
        nodes = self.nodes
        node = nodes.get(name)
        if node is not None:
            return node
        below = self.below
        if name in below:
            return self.ends.get(name, _EMPTY)
        encloser = name[1 + name[0] :]  # there is a first label, since the apex always has records
        while encloser and encloser not in below and encloser not in nodes:
            encloser = encloser[1 + encloser[0] :]
        if encloser in self.ends:
            return self.ends[encloser]
        wildcard = b"\x01*" + encloser
        node = nodes.get(wildcard)
        if node is None and wildcard in below:
            return _EMPTY
        return node

    def held(self, name: bytes) -> Node | None:
        """The records at a name itself, whether or not they are answered from."""
        return self.nodes.get(name) or self.hidden.get(name)

    def put(self, name: bytes, node: Node | None) -> None:
        """Replace what a name holds; None removes it.

        An end that comes to a name with others below it looks at all names of the zone: put shorter names first.
        """
        if node is not None and not node.is_end and (not self.ends or (name in self.nodes and name not in self.ends)):
            self._put_visible(name, node)
            return
        moved = self._take_out(name)
        if node is not None:
            if self._is_beyond_an_end(name):
                self.hidden[name] = node
            elif node.is_end:
                moved |= self._take_out_below(name)
                self._put_end(name, node)
            else:
                self._put_visible(name, node)
        for other in sorted(moved, key=len):
            self.put(other, moved[other])

    def count_below(self, name: bytes, step: int) -> None:
        """Note that `step` more names lie below this one; below the names that it is below, too."""
        while step:
            count = self.below.get(name, 0) + step
            if count:
                self.below[name] = count
            else:
                del self.below[name]
            if not name:
                return
            name = name[1 + name[0] :]

    def _put_visible(self, name: bytes, node: Node) -> None:
        if name and name not in self.nodes:
            self.count_below(name[1 + name[0] :], 1)
        self.nodes[name] = node

    def _put_end(self, name: bytes, node: Node) -> None:
        self.ends[name] = Node.beyond(name, node)
        if node.is_cut:
            self.hidden[name] = node
            self.count_below(name, 1)  # as if it had a name below it: so it exists, and nothing is at it
        else:
            self._put_visible(name, node)

    def _take_out(self, name: bytes) -> dict[bytes, Node]:
        """Forget a name; returns what was hidden by it alone, forgotten too."""
        was_end = self.ends.pop(name, None) is not None
        if self.nodes.pop(name, None) is not None:
            if name:
                self.count_below(name[1 + name[0] :], -1)
        elif self.hidden.pop(name, None) is not None and was_end:
            self.count_below(name, -1)
        if not was_end:
            return {}
        return {other: self.hidden.pop(other) for other in _below(name, self.hidden)}

    def _take_out_below(self, name: bytes) -> dict[bytes, Node]:
        """Forget all visible names below this one; returns them, with what they hid."""
        if name not in self.below:
            return {}
        taken: dict[bytes, Node] = {}
        for other in [*_below(name, self.nodes), *_below(name, self.ends)]:
            node = self.held(other)
            if node is not None:  # a DNAME is among the nodes and the ends
                taken |= {other: node, **self._take_out(other)}
        return taken

    def _is_beyond_an_end(self, name: bytes) -> bool:
        if not self.ends:
            return False
        while name:
            name = name[1 + name[0] :]
            if name in self.ends:
                return True
        return False


class ZoneNames(Names):
    """The names of a zone."""

    __slots__ = ("_table",)

    def __init__(self) -> None:
        self.nodes = self._table = NameTable[Node]()
        self.below, self.ends, self.hidden = {}, {}, {}

    def add_ordinary(self, parent: bytes, names: Sequence[bytes], node: Node) -> list[bytes]:
        """Let names directly under `parent`, while there are no ends, have this node; returns those that are there."""
        known = self._table.add_new(names, node)
        self.count_below(parent, len(names) - len(known))
        return known


class LayeredNames(Names):
    """The names of a zone as they will be, over those that they are now: these may be read while the others are made.

    `fold` makes these like the others.
    """

    __slots__ = ("_layers",)

    def __init__(self, base: Names) -> None:
        nodes, below = Layer(base.nodes, many=True), Layer(base.below)
        ends, hidden = Layer(base.ends), Layer(base.hidden)
        self.nodes, self.below, self.ends, self.hidden = nodes, below, ends, hidden
        self._layers = (nodes, below, ends, hidden)

    def fold(self) -> Iterator[None]:
        """Bring the changes into the names before, one at each step; what is answered from here stays the same."""
        for layer in self._layers:
            yield from layer.fold()


def _below(name: bytes, names: Mapping[bytes, Node]) -> list[bytes]:
    return [other for other in names if other.endswith(name) and other != name and is_below(other, name)]


def is_below(name: bytes, ancestor: bytes) -> bool:
    """Whether a name, label by label, is somewhere under another one."""
    while len(name) > len(ancestor):
        name = name[1 + name[0] :]
    return name == ancestor
