# SPDX-License-Identifier: Apache-2.0
"""Cases of x509-limbo (C2SP, limbo-schema version 1), each on top of a trust configuration.

What a case trusts stands in place of all that the configuration trusts, and whom it expects in place of the rule about
names. CRLs of a case are required evidence; without any, revocation is judged as the configuration says. The rest of
the role's rule stays. `signature_algorithms` isn't looked at: the configuration names algorithms itself.
"""

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.revocation.evidence import RevocationEvidence
from trust_lists.certificates.revocation.rules import OnUnknown, RevocationRule
from trust_lists.errors import JsonRefusedError, SuiteError, shown
from trust_lists.evaluation.decisions.evidence import Evidence
from trust_lists.evaluation.decisions.model import Case
from trust_lists.evaluation.path_suites.cases import FAILURE, SUCCESS, Entries, SuiteCase, anchored
from trust_lists.evaluation.trust_configuration.format import OID, PURPOSES
from trust_lists.evaluation.trust_configuration.model import (
    AllOf,
    Answer,
    Context,
    ExtendedKeyUsageRule,
    KeyUsageRule,
    LeafRule,
    Role,
    RoleRule,
    Roles,
    Source,
    Subject,
    SubjectRule,
    TrustConfiguration,
    Usage,
)
from trust_lists.strict_json import parse_json

MAX_BYTES = 200_000_000
"""All of x509-limbo, BetterTLS included, has a third of this."""

ROLES = {"SERVER": Role.TLS_SERVER, "CLIENT": Role.SML_CLIENT}
"""Whose certificate is asked about, by `validation_kind`."""
_ATTRIBUTES = {"DNS": "san.host", "IP": "san.host", "RFC822": "san.email"}
_PURPOSES = PURPOSES | {"anyExtendedKeyUsage": "2.5.29.37.0"}
_USAGES = {usage.value: usage for usage in Usage} | {"contentCommitment": Usage.NON_REPUDIATION}


def limbo_cases(
    data: bytes, configuration: TrustConfiguration, at: datetime, role: Role | None = None
) -> Iterator[SuiteCase]:
    """The cases of a file, in its order. `at` is for those without a time of their own, `role` for all of them.

    Raises SuiteError where the file can't be read, or the configuration has no rule for what is asked.
    """
    try:
        root = Entries(parse_json(data, max_bytes=MAX_BYTES), "the file")
    except JsonRefusedError as error:
        raise SuiteError(f"the file of x509-limbo can't be read: {error}") from None
    if root.number("version") != 1:
        raise SuiteError("the file is not of version 1 of x509-limbo, which alone is known here")
    for number, entry in enumerate(root.objects("testcases"), 1):
        entry.where = f"case {number} ({entry.text('id', '')})"
        yield _Reader(entry, configuration, at, role).case()


@dataclass(frozen=True, slots=True)
class _Reader:
    entry: Entries
    base: TrustConfiguration
    at: datetime
    wanted: Role | None

    def case(self) -> SuiteCase:
        entry = self.entry
        role = self.wanted or ROLES[entry.choice("validation_kind", *ROLES)]
        rule = self.base.rule(role)
        if rule is None:
            raise SuiteError(f"{entry.where}: the model {self.base.id} has no rule for {role.value}")
        host = self._host(role)
        return SuiteCase(
            id=entry.text("id"),
            accepted=entry.choice("expected_result", SUCCESS, FAILURE) == SUCCESS,
            configuration=self._configuration(role, rule, host),
            case=Case(
                role=role,
                certificate=self._certificate(entry.text("peer_certificate")),
                at=self._time(),
                intermediates=self._certificates("untrusted_intermediates"),
                context={} if host is None else {Context.HOST: host},
            ),
            evidence=Evidence(RevocationEvidence([crl.encode() for crl in entry.texts("crls")])),
        )

    def _configuration(self, role: Role, rule: RoleRule, host: str | None) -> TrustConfiguration:
        configuration, path = anchored(
            self.base, self._certificates("trusted_certs"), self.entry.number("max_chain_depth")
        )
        accept: Source = AllOf((path, *named)) if (named := self._expected(host)) else path
        revocation = rule.revocation
        if self.entry.texts("crls"):
            revocation = replace(revocation, leaf=RevocationRule.CRL_REQUIRED, on_unknown=OnUnknown.REJECT)
        asked = RoleRule(accept, self._leaf(rule.leaf, host), revocation)
        return replace(configuration, roles=Roles().with_rule(role, asked))

    def _leaf(self, rule: LeafRule, host: str | None) -> LeafRule:
        usages = tuple(map(self._usage, self.entry.texts("key_usage")))
        purposes = tuple(map(self._purpose, self.entry.texts("extended_key_usage")))
        key_usage, eku = rule.key_usage, rule.eku
        if usages:
            key_usage = replace(key_usage or KeyUsageRule((), (), Answer.ACCEPT), required=usages)
        if purposes:
            eku = replace(eku or ExtendedKeyUsageRule((), Answer.ACCEPT, Answer.ACCEPT), one_of=purposes)
        subject = None if host is None else SubjectRule({}, {_ATTRIBUTES["DNS"]: Context.HOST})
        return replace(rule, key_usage=key_usage, eku=eku, subject=subject)

    def _usage(self, name: str) -> Usage:
        if name not in _USAGES:
            raise SuiteError(f"{self.entry.where}: key_usage has {shown(name)!r}, which is none")
        return _USAGES[name]

    def _purpose(self, name: str) -> str:
        found = _PURPOSES.get(name, name)
        if not re.fullmatch(OID.pattern, found):
            raise SuiteError(f"{self.entry.where}: extended_key_usage has {shown(name)!r}, which is none")
        return found

    def _host(self, role: Role) -> str | None:
        """The server that is asked for."""
        if role is not Role.TLS_SERVER or "expected_peer_name" not in self.entry:
            return None
        name = self.entry.object("expected_peer_name")
        return None if name.choice("kind", *_ATTRIBUTES) == "RFC822" else name.text("value")

    def _expected(self, host: str | None) -> tuple[Subject, ...]:
        """All other names that are expected: the certificate has to have each of them."""
        names = self.entry.objects("expected_peer_names")
        if host is None and "expected_peer_name" in self.entry:
            names = (self.entry.object("expected_peer_name"), *names)
        return tuple(
            Subject(SubjectRule({_ATTRIBUTES[each.choice("kind", *_ATTRIBUTES)]: re.escape(each.text("value"))}, {}))
            for each in names
        )

    def _time(self) -> datetime:
        """In whole seconds, as certificates have them (RFC 5280 §4.1.2.5)."""
        told = self.entry.text("validation_time", "")
        if not told:
            return self.at
        try:
            found = datetime.fromisoformat(told)
            return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC).replace(microsecond=0)
        except (ValueError, OverflowError):
            raise SuiteError(f"{self.entry.where}: validation_time is no time") from None

    def _certificates(self, key: str) -> tuple[ListedCertificate, ...]:
        return tuple(map(self._certificate, self.entry.texts(key)))

    def _certificate(self, pem: str) -> ListedCertificate:
        """Of whatever bytes: cases are about broken ones, too."""
        parts = pem.split("-----")
        try:
            return ListedCertificate(base64.b64decode("".join(parts[2].split()), validate=True))
        except (IndexError, binascii.Error, ValueError):
            raise SuiteError(f"{self.entry.where}: a certificate is no PEM") from None
