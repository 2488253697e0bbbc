# SPDX-License-Identifier: Apache-2.0
"""Which names a certificate may have below authorities that constrain them (RFC 5280 §4.2.1.10, §6.1.3 (b) and (c)).

Forms of names: directory, e-mail, DNS, URI and IP address. Where a constraint is about another form and the certificate
has a name of it, nobody can say whether it holds: that is a failure.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.names import EMAIL_ADDRESS, comparable, name_text
from trust_lists.certificates.path_extensions import GeneralName, NameConstraints, path_extensions

MAX_COMPARISONS = 100_000
"""Names times constraints, for one certificate of a path."""

_EMAIL, _DNS, _DIRECTORY, _URI, _IP = 1, 2, 4, 6, 7
_EMPTY_NAME = b"\x30\x00"
_AUTHORITY = re.compile(r"[a-z][a-z0-9+.-]*://(?:[^/?#@]*@)?([^/?#@:\[\]]+)(?::\d*)?(?:[/?#]|$)")
_ADDRESS = re.compile(r"[\d.]+")


@dataclass(frozen=True, slots=True)
class Subtrees:
    """What all authorities above say together: a name must be within each of `permitted` that is of its form."""

    permitted: tuple[tuple[GeneralName, ...], ...] = ()
    excluded: tuple[GeneralName, ...] = ()

    def within(self, constraints: NameConstraints) -> "Subtrees":
        """These, and those of one more authority (RFC 5280 §6.1.4 (g))."""
        if constraints == NameConstraints():
            return self
        permitted = (*self.permitted, constraints.permitted) if constraints.permitted else self.permitted
        return Subtrees(permitted, (*self.excluded, *constraints.excluded))

    def complaints(self, certificate: ListedCertificate) -> Iterator[tuple[str, str]]:
        """What is wrong with the certificate's names: stable id and words."""
        if not self.permitted and not self.excluded:
            return
        names = list(_names(certificate))
        if len(names) * (len(self.excluded) + sum(map(len, self.permitted))) > MAX_COMPARISONS:
            yield "NAME_CONSTRAINTS_TOO_MANY", "it has more names and constraints than anybody compares"
            return
        for name in names:
            yield from self._complaints_about(name)

    def _complaints_about(self, name: GeneralName) -> Iterator[tuple[str, str]]:
        groups = [[each.value for each in group if each.kind == name.kind] for group in self.permitted]
        groups = [group for group in groups if group]
        excluded = [each.value for each in self.excluded if each.kind == name.kind]
        within = _WITHIN.get(name.kind)
        if within is None:
            if groups or excluded:
                yield "NAME_CONSTRAINT_UNSUPPORTED", f"names of kind {name.kind} are constrained, and can't be compared"
            return
        if any(not any(within(name.value, base) for base in group) for group in groups):
            yield "NAME_NOT_PERMITTED", f"{_shown(name)} is not within what an authority above permits"
        if any(within(name.value, base) is not False for base in excluded):
            yield "NAME_EXCLUDED", f"{_shown(name)} is within what an authority above excludes"


def _names(certificate: ListedCertificate) -> Iterator[GeneralName]:
    extensions = path_extensions(certificate.der)
    subject = certificate.slices.subject if certificate.slices else _EMPTY_NAME
    if subject != _EMPTY_NAME:
        yield GeneralName(_DIRECTORY, subject)
    yield from extensions.alternative_names
    if not extensions.has_alternative_names:
        for address in certificate.subject_values(EMAIL_ADDRESS):
            yield GeneralName(_EMAIL, address.encode())


def _shown(name: GeneralName) -> str:
    if name.kind == _DIRECTORY:
        return name_text(name.value) or "a directory name"
    return name.value.hex(":") if name.kind == _IP else ascii(name.value.decode("latin-1"))


# Each says whether a name is within a subtree; None where one of the two makes no sense.


def _directory(name: bytes, base: bytes) -> bool | None:
    found, wanted = comparable(name), comparable(base)
    if any(not oid for rdn in (*found, *wanted) for oid, _ in rdn):
        return None
    return found[: len(wanted)] == wanted


def _host(name: str, base: str) -> bool:
    """A base that begins with a point has hosts below it, any other only itself."""
    return name.endswith(base) if base.startswith(".") else name == base


def _dns(name: bytes, base: bytes) -> bool | None:
    found, wanted = _lower(name), _lower(base)
    if found is None or wanted is None or not all(found.split(".")):
        return None
    if found.startswith("*.") and wanted.endswith(found[1:]):
        return None  # some of its names are, some are not
    return not wanted or found == wanted or found.endswith(f".{wanted.removeprefix('.')}")


def _email(name: bytes, base: bytes) -> bool | None:
    found, wanted = _text(name), _text(base)
    if found is None or wanted is None or found.count("@") != 1:
        return None
    if not wanted:
        return True
    local, _, host = found.rpartition("@")
    if "@" in wanted:
        wanted_local, _, wanted_host = wanted.rpartition("@")
        return local == wanted_local and host.lower() == wanted_host.lower()
    return _host(host.lower(), wanted.lower())


def _uri(name: bytes, base: bytes) -> bool | None:
    found, wanted = _lower(name), _lower(base)
    match = _AUTHORITY.match(found or "")
    if match is None or wanted is None or _ADDRESS.fullmatch(match[1]):
        return None
    return not wanted or _host(match[1], wanted)


def _ip(name: bytes, base: bytes) -> bool | None:
    if len(name) not in {4, 16} or len(base) not in {8, 32}:
        return None
    if len(base) != 2 * len(name):
        return False
    address, mask = base[: len(name)], base[len(name) :]
    return all((one ^ other) & bit == 0 for one, other, bit in zip(name, address, mask, strict=True))


def _text(value: bytes) -> str | None:
    return value.decode("ascii") if value.isascii() else None


def _lower(value: bytes) -> str | None:
    return value.decode("ascii").lower() if value.isascii() else None


_WITHIN: dict[int, Callable[[bytes, bytes], bool | None]] = {
    _EMAIL: _email,
    _DNS: _dns,
    _DIRECTORY: _directory,
    _URI: _uri,
    _IP: _ip,
}
