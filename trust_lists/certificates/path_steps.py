# SPDX-License-Identifier: Apache-2.0
"""The steps of RFC 5280 §6.1 in its order and under its numbers, each with what a reader of a trace is told.

Step 6.1.3 (a)(3), revocation, is the caller's. Where the RFC splits what is one thing here, the first number stands for
all: 6.1.3 (d) is with (e), 6.1.4 (d) with (e) and (f), 6.1.4 (h) with (i) and (j), 6.1.5 (a) with (b). Steps 6.1.5 (c)
to (e) only hand the key on.
"""

from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import NamedTuple

from trust_lists.certificates.name_constraints import Subtrees
from trust_lists.certificates.path_state import Complaints, Link, PathState
from trust_lists.errors import CertificateError

Inputs = Mapping[str, object]
"""What a step looked at: texts, numbers, truth values, None, and lists of them."""


class Step(NamedTuple):
    """`run` moves the state on and gives the complaints; `inputs` is called before it, for who wants to read it."""

    clause: str
    run: Callable[[PathState, Link], Complaints]
    inputs: Callable[[PathState, Link], Inputs]


def _sha256(key: bytes) -> str:
    """Of a SubjectPublicKeyInfo, in hexadecimal digits."""
    return sha256(key).hexdigest()


def _dates(state: PathState, link: Link) -> Inputs:
    at = state.at.isoformat()
    try:
        start, end = link.dates
    except CertificateError:
        return {"at": at}
    return {"at": at, "not_before": start.isoformat(), "not_after": end.isoformat()}


def _policies(state: PathState, link: Link) -> Inputs:
    found = link.extensions.policies
    return {
        "certificate_policies": None if found is None else sorted(found),
        "valid_above": sorted(state.policies.valid),
        "inhibit_any_policy": state.policies.inhibit_any,
    }


def _mappings(state: PathState, link: Link) -> Inputs:
    return {"mappings": [list(each) for each in link.extensions.mappings], "policy_mapping": state.policies.mapping}


def _counters(state: PathState, link: Link) -> Inputs:
    found = link.extensions
    return {
        "self_issued": link.self_issued,
        "explicit_policy": state.policies.explicit,
        "policy_mapping": state.policies.mapping,
        "inhibit_any_policy": state.policies.inhibit_any,
        "stated": [found.require_explicit_policy, found.inhibit_policy_mapping, found.inhibit_any_policy],
    }


def _outcome(state: PathState, _: Link) -> Inputs:
    found = state.policies.outcome(state.wanted)
    return {
        "explicit_policy": state.policies.explicit,
        "user_initial_policy_set": sorted(state.wanted),
        "authority_constrained": list(found.authority_constrained),
        "user_constrained": list(found.user_constrained),
    }


def _critical(_: PathState, link: Link) -> Inputs:
    return {"critical": sorted(link.extensions.critical)}


_BASIC = (
    Step("4.2", PathState.extensions_are_readable, _critical),
    Step("6.1.3(a)(1)", PathState.signature_holds, lambda state, _: {"key": _sha256(state.key)}),
    Step("6.1.3(a)(2)", PathState.is_in_force, _dates),
    Step("6.1.3(a)(4)", PathState.issuer_is_above, lambda _, link: {"issuer": link.certificate.issuer_text}),
    Step("6.1.3(b)", PathState.names_are_permitted, lambda state, _: {"permitted": state.subtrees.texts["permitted"]}),
    Step("6.1.3(c)", PathState.names_are_not_excluded, lambda state, _: {"excluded": state.subtrees.texts["excluded"]}),
    Step("6.1.3(d)", PathState.policies_below, _policies),
    Step(
        "6.1.3(f)",
        PathState.policy_is_valid,
        lambda state, _: {"explicit_policy": state.policies.explicit, "valid": sorted(state.policies.valid)},
    ),
)
"""§6.1.3, for each certificate."""
_PREPARATION = (
    Step("6.1.4(a)", PathState.any_policy_is_not_mapped, _mappings),
    Step("6.1.4(b)", PathState.map_policies, _mappings),
    Step("6.1.4(c)", PathState.take_name, lambda _, link: {"subject": link.certificate.subject_text}),
    Step("6.1.4(d)", PathState.take_key, lambda _, link: {"key": _sha256(link.certificate.key)}),
    Step(
        "6.1.4(g)",
        PathState.take_name_constraints,
        lambda _, link: Subtrees().within(link.extensions.constraints).texts,
    ),
    Step("6.1.4(h)", PathState.count_down, _counters),
    Step(
        "6.1.4(k)", PathState.is_authority, lambda _, link: {"version": link.version, "ca": link.extensions.authority}
    ),
    Step(
        "6.1.4(l)",
        PathState.has_room,
        lambda state, link: {"max_path_length": state.room, "self_issued": link.self_issued},
    ),
    Step("6.1.4(m)", PathState.take_path_length, lambda _, link: {"path_length": link.extensions.path_length}),
    Step(
        "6.1.4(n)",
        PathState.may_sign_certificates,
        lambda _, link: {"key_cert_sign": link.extensions.may_sign_certificates},
    ),
    Step("6.1.4(o)", PathState.critical_extensions_are_known, _critical),
)
"""§6.1.4, for each certificate that issued another."""
_WRAP_UP = (
    Step("6.1.5(a)", PathState.count_down_at_the_end, _counters),
    Step("6.1.5(f)", PathState.critical_extensions_are_known, _critical),
    Step("6.1.5(g)", PathState.policy_is_one_that_is_asked_for, _outcome),
    Step(
        "6.2",
        PathState.was_issued_in_time,
        lambda state, _: {"issued_until": state.issued_until and state.issued_until.isoformat()},
    ),
)
"""§6.1.5, for the last certificate; and what else an anchor may be limited by."""
STEPS_ABOVE, STEPS_AT_THE_END = (*_BASIC, *_PREPARATION), (*_BASIC, *_WRAP_UP)
"""For a certificate that issued another, and for the last one."""
