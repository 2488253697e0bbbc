# SPDX-License-Identifier: Apache-2.0
"""The extensions that decide about a path (RFC 5280 §4.2.1), each read on its own.

`cryptography` gives all extensions of a certificate or none; here a broken policy qualifier, say, which real
certificates have, costs nothing but itself. What is broken and decides makes the certificate unreadable: `broken`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple, TypeVar

from trust_lists.certificates import der
from trust_lists.certificates.slices import cut
from trust_lists.errors import CertificateError

KEY_USAGE, ALTERNATIVE_NAME, BASIC_CONSTRAINTS = "2.5.29.15", "2.5.29.17", "2.5.29.19"
NAME_CONSTRAINTS, POLICIES, POLICY_MAPPINGS = "2.5.29.30", "2.5.29.32", "2.5.29.33"
POLICY_CONSTRAINTS, INHIBIT_ANY_POLICY = "2.5.29.36", "2.5.29.54"
SUBJECT_KEY, AUTHORITY_KEY = "2.5.29.14", "2.5.29.35"
PRACTICE_STATEMENT, USER_NOTICE = "1.3.6.1.5.5.7.2.1", "1.3.6.1.5.5.7.2.2"
_KEY_CERT_SIGN = 0x04
_USUAL_BYTES = 4_000
"""What is larger isn't remembered."""

_T = TypeVar("_T")


class GeneralName(NamedTuple):
    """A name (RFC 5280 §4.2.1.6): its number in the CHOICE, and its content; a directory name as DER of the Name."""

    kind: int
    value: bytes


class PolicyQualifier(NamedTuple):
    """What an authority says about a policy (RFC 5280 §4.2.1.4): a kind, and a value of that kind in DER."""

    kind: str
    """A dotted OID."""
    value: bytes

    @property
    def practice_statement(self) -> str:
        """The URI of a practice statement; "" where this is none."""
        return _string(self.value) if self.kind == PRACTICE_STATEMENT else ""

    @property
    def notice(self) -> str:
        """The text to be shown to a user, of whatever length and kind; "" where there is none."""
        if self.kind != USER_NOTICE:
            return ""
        try:
            # before the text may stand a reference to a notice elsewhere, a SEQUENCE
            return next((text for each in der.sequence(self.value) if (text := der.text(each)) is not None), "")
        except CertificateError:
            return ""


@dataclass(frozen=True, slots=True)
class NameConstraints:
    """Subtrees (RFC 5280 §4.2.1.10)."""

    permitted: tuple[GeneralName, ...] = ()
    excluded: tuple[GeneralName, ...] = ()


@dataclass(frozen=True, slots=True)
class PathExtensions:
    """What they say; the defaults are what their absence means."""

    critical: frozenset[str] = frozenset()
    """The dotted OIDs of all critical extensions, known or not."""
    broken: Mapping[str, str] = field(default_factory=dict)
    """What is wrong with an extension that can't be read, by its OID; under "" what is wrong with all of them."""
    authority: bool = False
    path_length: int | None = None
    may_sign_certificates: bool = True
    alternative_names: tuple[GeneralName, ...] = ()
    has_alternative_names: bool = False
    constraints: NameConstraints = NameConstraints()
    policies: frozenset[str] | None = None
    qualifiers: Mapping[str, tuple[PolicyQualifier, ...]] = field(default_factory=dict)
    """By policy, for those that have any that can be read."""
    mappings: tuple[tuple[str, str], ...] = ()
    """Issuer's domain policy, subject's domain policy."""
    require_explicit_policy: int | None = None
    inhibit_policy_mapping: int | None = None
    inhibit_any_policy: int | None = None
    subject_key: bytes = b""
    authority_key: bytes = b""
    """Key identifiers: hints where to look first, nothing more."""


def path_extensions(certificate: bytes) -> PathExtensions:
    """Those of a certificate in DER. Never raises: what can't be read is in `broken`."""
    slices = cut(certificate)
    if slices is None or slices.extensions is None:
        return PathExtensions(broken={"": "the extensions can't be found"})
    if not slices.extensions:
        return PathExtensions()
    usual = len(slices.extensions) <= _USUAL_BYTES
    return _read_or_remembered(slices.extensions) if usual else _read(slices.extensions)


def _read(extensions: bytes) -> PathExtensions:
    try:
        found = split(extensions)
    except CertificateError as error:
        return PathExtensions(broken={"": str(error)})
    return _Reader(found).read()


_read_or_remembered = lru_cache(maxsize=2048)(_read)


class Extension(NamedTuple):
    """The value is what stands in the OCTET STRING."""

    oid: str
    critical: bool
    value: bytes


def split(extensions: bytes) -> dict[str, Extension]:
    """The extensions in a SEQUENCE of them, by dotted OID; {} for b"". Raises CertificateError."""
    found: dict[str, Extension] = {}
    for each in der.sequence(extensions) if extensions else ():
        parts = der.elements(der.expect(each, der.SEQUENCE).content)
        if not 2 <= len(parts) <= 3:
            raise CertificateError("an extension has not the parts that it should have")
        extension = Extension(
            der.oid(parts[0]),
            len(parts) == 3 and der.boolean(parts[1]),
            der.expect(parts[-1], der.OCTET_STRING).content,
        )
        if extension.oid in found:
            raise CertificateError(f"the extension {extension.oid} stands there twice")
        found[extension.oid] = extension
    return found


class _Reader:
    """Reads one extension after the other, and remembers which of them could not be read."""

    def __init__(self, found: Mapping[str, Extension]) -> None:
        self._found = found
        self._broken: dict[str, str] = {}

    def read(self) -> PathExtensions:
        authority, path_length = self._one(BASIC_CONSTRAINTS, _basic_constraints) or (False, None)
        explicit, mapping = self._one(POLICY_CONSTRAINTS, _policy_constraints) or (None, None)
        may_sign = self._one(KEY_USAGE, _may_sign_certificates)
        return PathExtensions(
            critical=frozenset(each.oid for each in self._found.values() if each.critical),
            authority=authority,
            path_length=path_length,
            may_sign_certificates=may_sign is None or may_sign,
            alternative_names=self._one(ALTERNATIVE_NAME, _general_names) or (),
            has_alternative_names=ALTERNATIVE_NAME in self._found,
            constraints=self._one(NAME_CONSTRAINTS, _name_constraints) or NameConstraints(),
            policies=self._one(POLICIES, _policies),
            qualifiers=self._one(POLICIES, _qualifiers) or {},
            mappings=self._one(POLICY_MAPPINGS, _mappings) or (),
            require_explicit_policy=explicit,
            inhibit_policy_mapping=mapping,
            inhibit_any_policy=self._one(INHIBIT_ANY_POLICY, _number),
            subject_key=self._one(SUBJECT_KEY, _subject_key) or b"",
            authority_key=self._one(AUTHORITY_KEY, _authority_key) or b"",
            broken={oid: told for oid, told in self._broken.items() if oid not in {SUBJECT_KEY, AUTHORITY_KEY}},
        )

    def _one(self, oid: str, read: Callable[[bytes], _T]) -> _T | None:
        if oid not in self._found:
            return None
        try:
            return read(self._found[oid].value)
        except CertificateError as error:
            self._broken[oid] = str(error)
            return None


def _basic_constraints(value: bytes) -> tuple[bool, int | None]:
    parts = der.sequence(value)
    authority = bool(parts) and parts[0].tag == der.BOOLEAN and der.boolean(parts.pop(0))
    return authority, _not_negative(parts[0]) if parts else None


def _may_sign_certificates(value: bytes) -> bool:
    usage = der.bits(der.element(value)[0])
    return bool(usage and usage[0] & _KEY_CERT_SIGN)


def _policies(value: bytes) -> frozenset[str]:
    return frozenset(der.oid(der.element(der.expect(each, der.SEQUENCE).content)[0]) for each in der.sequence(value))


def _qualifiers(value: bytes) -> dict[str, tuple[PolicyQualifier, ...]]:
    found = {}
    for each in der.sequence(value):
        policy, after = der.element(each.content)
        try:
            qualifiers = tuple(map(_qualifier, der.sequence(each.content[after:]))) if each.content[after:] else ()
        except CertificateError:
            continue
        if qualifiers:
            found[der.oid(policy)] = qualifiers
    return found


def _qualifier(found: der.Element) -> PolicyQualifier:
    kind, after = der.element(found.content)
    return PolicyQualifier(der.oid(kind), der.element(found.content, after)[0].encoded)


def _mappings(value: bytes) -> tuple[tuple[str, str], ...]:
    found = []
    for each in der.sequence(value):
        parts = der.elements(der.expect(each, der.SEQUENCE).content)
        if len(parts) != 2:
            raise CertificateError("a policy mapping has two policies")
        found.append((der.oid(parts[0]), der.oid(parts[1])))
    return tuple(found)


def _policy_constraints(value: bytes) -> tuple[int | None, int | None]:
    found = {each.tag: each for each in der.sequence(value)}
    explicit, mapping = found.get(der.context(0)), found.get(der.context(1))
    return (
        _not_negative(explicit, explicit.tag) if explicit else None,
        _not_negative(mapping, mapping.tag) if mapping else None,
    )


def _number(value: bytes) -> int:
    return _not_negative(der.element(value)[0])


def _not_negative(found: der.Element, tag: int = der.INTEGER) -> int:
    number = der.integer(found, tag)
    if number < 0:
        raise CertificateError("a count is negative")
    return number


def _string(value: bytes) -> str:
    try:
        return der.text(der.element(value)[0]) or ""
    except CertificateError:
        return ""


def _subject_key(value: bytes) -> bytes:
    return der.expect(der.element(value)[0], der.OCTET_STRING).content


def _authority_key(value: bytes) -> bytes:
    return next((each.content for each in der.sequence(value) if each.tag == der.context(0)), b"")


def _general_names(value: bytes) -> tuple[GeneralName, ...]:
    return tuple(_general_name(each) for each in der.sequence(value))


def _general_name(found: der.Element) -> GeneralName:
    kind = found.tag & 0x1F
    if found.tag & 0xC0 != 0x80 or kind > 8:
        raise CertificateError("a general name is of no known kind")
    # a Name is a CHOICE, so that its tag is explicit
    return GeneralName(kind, der.element(found.content)[0].encoded if kind == 4 else found.content)


def _name_constraints(value: bytes) -> NameConstraints:
    subtrees: dict[int, tuple[GeneralName, ...]] = {}
    for each in der.sequence(value):
        subtrees[each.tag] = tuple(_subtree(base) for base in der.elements(each.content))
    return NameConstraints(
        subtrees.get(der.context(0, constructed=True), ()), subtrees.get(der.context(1, constructed=True), ())
    )


def _subtree(found: der.Element) -> GeneralName:
    parts = der.elements(der.expect(found, der.SEQUENCE).content)
    if not parts or any(each.tag != der.context(0) or any(each.content) for each in parts[1:]):
        raise CertificateError("a name constraint has no base, or a minimum or maximum")
    return _general_name(parts[0])
