# SPDX-License-Identifier: Apache-2.0
"""Which names a certificate may have below authorities that constrain them (RFC 5280 §4.2.1.10, §6.1.3 (b) and (c)).

Forms of names: directory, e-mail (RFC 9598 too), DNS, URI and IP address. Where a constraint is about another form and
the certificate has a name of it, nobody can say whether it holds: the path is then neither valid nor invalid. Other
names (otherName) of two types are of two forms.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from trust_lists.certificates import der
from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.names import EMAIL_ADDRESS, comparable, name_text
from trust_lists.certificates.path_extensions import GeneralName, NameConstraints, path_extensions
from trust_lists.errors import CertificateError

MAX_COMPARISONS = 100_000
"""Names times constraints, for one certificate of a path."""

_OTHER, _EMAIL, _DNS, _DIRECTORY, _URI, _IP = 0, 1, 2, 4, 6, 7
_EMPTY_NAME = b"\x30\x00"
_INTERNATIONAL_MAILBOX = bytes.fromhex("06082b06010505070809")
_AUTHORITY = re.compile(r"[a-z][a-z0-9+.-]*://(?:[^/?#@]*@)?([^/?#@:\[\]]+)(?::\d*)?(?:[/?#]|$)")
_ADDRESS = re.compile(r"[\d.]+")
_TEXTS = frozenset({_EMAIL, _DNS, _URI})
_FORMS = {
    _OTHER: "other name",
    _EMAIL: "email",
    _DNS: "DNS",
    3: "X.400",
    _DIRECTORY: "directory",
    5: "EDI party",
    _URI: "URI",
    _IP: "IP",
    8: "registered id",
}

_Complaint = tuple[str, str]
_TOO_MANY = ("NAME_CONSTRAINTS_TOO_MANY", "it has more names and constraints than anybody compares")


@dataclass(frozen=True, slots=True)
class Subtrees:
    """What all authorities above say together: a name must be within each of `permitted` that is of its form."""

    permitted: tuple[tuple[GeneralName, ...], ...] = ()
    excluded: tuple[GeneralName, ...] = ()

    @classmethod
    def initial(cls, permitted: tuple[GeneralName, ...], excluded: tuple[GeneralName, ...]) -> "Subtrees":
        """Above the first certificate (RFC 5280 §6.1.1 (h), (i))."""
        return cls().within(NameConstraints(permitted, excluded))

    def within(self, constraints: NameConstraints) -> "Subtrees":
        """These, and those of one more authority (RFC 5280 §6.1.4 (g))."""
        if not constraints.permitted and not constraints.excluded:
            return self
        permitted = (*self.permitted, constraints.permitted) if constraints.permitted else self.permitted
        return Subtrees(permitted, (*self.excluded, *constraints.excluded))

    @property
    def texts(self) -> dict[str, list[list[str]] | list[str]]:
        """Fit for reading: `form:name`, and of `permitted` a list of each authority."""
        return {
            "permitted": [[shown_name(each) for each in group] for group in self.permitted],
            "excluded": [shown_name(each) for each in self.excluded],
        }

    def not_permitted(self, certificate: ListedCertificate) -> list[_Complaint]:
        """Its names that are not within what is permitted (§6.1.3 (b)): stable id and words."""
        if not self.permitted:
            return []
        names = list(_names(certificate))
        if len(names) * sum(map(len, self.permitted)) > MAX_COMPARISONS:
            return [_TOO_MANY]
        return [found for name in names if (found := self._not_permitted(name))]

    def not_excluded(self, certificate: ListedCertificate) -> list[_Complaint]:
        """Its names that are within what is excluded (§6.1.3 (c)): stable id and words."""
        if not self.excluded:
            return []
        names = list(_names(certificate))
        if len(names) * len(self.excluded) > MAX_COMPARISONS:
            return [_TOO_MANY]
        return [found for name in names if (found := self._excluded(name))]

    def _not_permitted(self, name: GeneralName) -> _Complaint | None:
        groups = [bases for group in self.permitted if (bases := _of_form(name, group))]
        if not groups:
            return None
        within = _WITHIN.get(name.kind)
        if within is None:
            return _unsupported(name)
        if all(any(within(name.value, base) for base in bases) for bases in groups):
            return None
        return "NAME_NOT_PERMITTED", f"{_shown(name)} is not within what an authority above permits"

    def _excluded(self, name: GeneralName) -> _Complaint | None:
        bases = _of_form(name, self.excluded)
        if not bases:
            return None
        within = _WITHIN.get(name.kind)
        if within is None:
            return _unsupported(name)
        if all(within(name.value, base) is False for base in bases):
            return None
        return "NAME_EXCLUDED", f"{_shown(name)} is within what an authority above excludes"


def _of_form(name: GeneralName, subtrees: tuple[GeneralName, ...]) -> list[bytes]:
    bases = [each.value for each in subtrees if each.kind == name.kind]
    if name.kind != _OTHER or not bases:
        return bases
    kind = _other_type(name.value)
    # what has no type that can be read may be of any
    return [base for base in bases if not kind or _other_type(base) in {kind, b""}]


def _other_type(value: bytes) -> bytes:
    try:
        return der.expect(der.element(value)[0], der.OID).encoded
    except CertificateError:
        return b""


def _unsupported(name: GeneralName) -> _Complaint:
    told = f"names of the form {_FORMS[name.kind]} are constrained, and can't be compared"
    return "NAME_CONSTRAINT_UNSUPPORTED", told


def _names(certificate: ListedCertificate) -> Iterator[GeneralName]:
    extensions = path_extensions(certificate.der)
    subject = certificate.slices.subject if certificate.slices else _EMPTY_NAME
    if subject != _EMPTY_NAME:
        yield GeneralName(_DIRECTORY, subject)
    for name in extensions.alternative_names:
        yield name
        if name.kind == _OTHER and name.value.startswith(_INTERNATIONAL_MAILBOX):
            yield GeneralName(_EMAIL, _mailbox(name.value))
    if not extensions.has_alternative_names:
        for address in certificate.subject_values(EMAIL_ADDRESS):
            yield GeneralName(_EMAIL, address.encode())


def _mailbox(value: bytes) -> bytes:
    """The address in an other name of RFC 9598, to which constraints of e-mail addresses apply (§6 there)."""
    try:
        return der.element(der.elements(value)[1].content)[0].content
    except (CertificateError, IndexError):
        return b""  # no address, so within no subtree that is permitted


def shown_name(name: GeneralName) -> str:
    """`form:name`, fit for reading."""
    return f"{_FORMS[name.kind]}:{_shown(name)}"


def _shown(name: GeneralName) -> str:
    if name.kind == _DIRECTORY:
        return name_text(name.value) or "a directory name"
    return ascii(name.value.decode("latin-1")) if name.kind in _TEXTS else name.value.hex(":")


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
    found, wanted = _utf8(name), _text(base)
    if found is None or wanted is None or found.count("@") != 1:
        return None
    local, _, host = found.rpartition("@")
    if not host.isascii():
        return None
    if not wanted:
        return True
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


def _utf8(value: bytes) -> str | None:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return None


def _lower(value: bytes) -> str | None:
    return value.decode("ascii").lower() if value.isascii() else None


_WITHIN: dict[int, Callable[[bytes, bytes], bool | None]] = {
    _EMAIL: _email,
    _DNS: _dns,
    _DIRECTORY: _directory,
    _URI: _uri,
    _IP: _ip,
}
