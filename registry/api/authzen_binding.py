# SPDX-License-Identifier: Apache-2.0
"""Whether an accepted certificate is bound to the name that AuthZEN asks about (draft-johansson-authzen-trust).

The profile asks for more than a role: that this key belongs to this name. A rule that accepts everybody below an
authority binds nobody to a name, so where neither the rule nor a source does, the certificate itself must.
"""

from collections.abc import Iterable, Mapping

from registry.api.authzen_requests import Question
from registry.trust import Role
from trust_lists.certificates.path_extensions import path_extensions
from trust_lists.certificates.server_names import named
from trust_lists.errors import CertificateError
from trust_lists.evaluation.decisions import Case, Decision
from trust_lists.evaluation.decisions.leaf import values
from trust_lists.evaluation.trust_configuration.model import Context, TrustConfiguration

_NAMES = {
    Role.AP_SIGN: (Context.PARTY, Context.SEAT_ID),
    Role.AP_ENCRYPT: (Context.PARTY, Context.SEAT_ID),
    Role.SMP_SIGN: (Context.PARTY, Context.SMP_ID),
    Role.SML_CLIENT: (Context.PARTY, Context.SMP_ID),
    Role.LIST_SIGNER: (Context.PARTY,),
    Role.TLS_SERVER: (Context.PARTY, Context.HOST),
}
"""As what the name counts in each role, unless the request says in its context what these are."""
_IN_CERTIFICATES = ("CN", "DN", "san.dns", "san.uri", "san.email")
_BY_PARTY = ("stores.saml_metadata.", "stores.openid_federation.")


def context_of(question: Question, role: Role) -> Mapping[Context, str]:
    """The context of the case: what the request says, and the name in the places that are left."""
    return {**dict.fromkeys(_NAMES[role], question.name), **question.context}


def is_bound(configuration: TrustConfiguration, case: Case, decision: Decision, name: str) -> bool:
    """Whether an accepting decision on `case` means this name.

    By the rule, by a source that knows parties, or by the certificate.
    """
    meant = {context for context, value in case.context.items() if value == name}
    rule = configuration.rule(case.role)
    bound = rule.leaf.subject.bind.values() if rule is not None and rule.leaf.subject is not None else ()
    if not meant.isdisjoint(bound):
        return True
    if Context.PARTY in meant and any(_knows_party(configuration, origin, name) for origin in decision.grounds):
        return True
    return name in _names(case) or (case.role is Role.TLS_SERVER and _is_server(case, name))


def _knows_party(configuration: TrustConfiguration, origin: str, party: str) -> bool:
    pins = {f"stores.pins.{pin.id}" for pin in configuration.stores.pins if pin.party == party}
    return origin in pins or origin.startswith(_BY_PARTY)


def _names(case: Case) -> Iterable[str]:
    try:
        return {value for name in _IN_CERTIFICATES for value in values(case, name)}
    except CertificateError:
        return ()


def _is_server(case: Case, host: str) -> bool:
    try:
        return named(path_extensions(case.certificate.der).alternative_names, host)
    except CertificateError:
        return False
