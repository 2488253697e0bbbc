# SPDX-License-Identifier: Apache-2.0
"""Whatever is handed in: an answer in bounded time and memory, and never ACCEPT for what no anchor vouches for."""

import time
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from tests.simulators.certificate_chains import NOW, Authority, ec_key
from tests.simulators.revocation_evidence import crl
from tests.simulators.trust_models import anchor, engine_of, path_to, rule
from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.revocation.evidence import RevocationEvidence
from trust_lists.evaluation.decisions import Case, Decision, Evidence, Outcome
from trust_lists.evaluation.decisions.counterfactual import counterfactuals
from trust_lists.evaluation.path_suites import limbo_cases, run
from trust_lists.evaluation.trust_configuration import Role, read_configuration
from trust_lists.evaluation.trust_configuration.shipped import shipped_model

SECONDS = 30.0
"""Of one decision; a hundredth is usual. It tells a bound from none, and isn't about how fast a computer is."""
MEGABYTES = 100
MANY = 10_000

ROOT = Authority("root")
STRANGER = Authority("stranger")
ENGINE = engine_of(
    {"ap-sign": rule(path_to("root"))}, {"anchors": [anchor("root", ROOT.certificate)]}, [ROOT.certificate]
)
WITH_CRLS = engine_of(
    {"ap-sign": rule(path_to("root"), None, {"leaf": "crl_required", "intermediates": "crl_required"})},
    {"anchors": [anchor("root", ROOT.certificate)]},
    [ROOT.certificate],
)


@contextmanager
def bounded(seconds: float = SECONDS) -> Iterator[None]:
    begin = time.thread_time()
    yield
    assert time.thread_time() - begin < seconds


def ask(certificate: ListedCertificate, *intermediates: ListedCertificate, trace: bool = False) -> Decision:
    return ENGINE.decide(Case(Role.AP_SIGN, certificate, NOW, intermediates), trace=trace)


def copies(certificate: ListedCertificate, count: int) -> tuple[ListedCertificate, ...]:
    """So many certificates that differ in their signatures alone, none of which holds."""
    start = certificate.der[:-4]
    return tuple(ListedCertificate(start + number.to_bytes(4, "big")) for number in range(count))


def mesh(size: int) -> tuple[list[Authority], tuple[ListedCertificate, ...]]:
    """Authorities that have all certified each other; none of them is trusted."""
    own = [Authority(f"authority {number}") for number in range(size)]
    crossed = (Authority(one.name, by, key=one.key).certificate for one in own for by in own if one is not by)
    return own, tuple(crossed)


@pytest.mark.parametrize("of_the_issuer", [True, False])
def test_10000_intermediates_that_lead_nowhere(of_the_issuer: bool) -> None:
    below = Authority("authority", STRANGER)
    flood = copies(below.certificate if of_the_issuer else STRANGER.certificate, MANY)
    with bounded():
        decision = ask(below.issue(), *flood)
    assert decision.outcome is Outcome.REJECT
    assert decision.checks[0].id == "NO_PATH"


def test_10000_intermediates_that_claim_to_be_below_the_anchor() -> None:
    below = Authority("authority", ROOT)
    with bounded():
        decision = ask(below.issue(), *copies(below.certificate, MANY))
    assert decision.outcome is Outcome.INDETERMINATE
    assert {each.id for each in decision.checks} == {"PATH_LIMIT"}


@pytest.mark.slow
def test_10000_intermediates_take_little_memory_more_than_they_have() -> None:
    below = Authority("authority", ROOT)
    leaf, flood = below.issue(), copies(below.certificate, MANY)
    tracemalloc.start()
    try:
        ask(leaf, *flood)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < MEGABYTES * 1_000_000


def test_10000_intermediates_hide_no_path() -> None:
    below = Authority("authority", ROOT)
    with bounded():
        decision = ask(below.issue(), *copies(STRANGER.certificate, MANY), below.certificate)
    assert decision.outcome is Outcome.ACCEPT


def test_a_chain_longer_than_anybody_needs() -> None:
    authorities = [ROOT]
    for number in range(60):
        authorities.append(Authority(f"authority {number}", authorities[-1]))
    with bounded():
        decision = ask(authorities[-1].issue(), *(each.certificate for each in authorities[1:]), trace=True)
    assert decision.outcome is Outcome.REJECT
    assert {each.id for each in decision.checks} == {"PATH_TOO_LONG"}


@pytest.mark.parametrize("size", [3, 12])
def test_authorities_that_certify_each_other_without_an_anchor(size: int) -> None:
    own, crossed = mesh(size)
    with bounded():
        decision = ask(own[0].issue(), *crossed)
    assert decision.outcome is Outcome.REJECT


@pytest.mark.parametrize("size", [3, 12])
def test_authorities_that_certify_each_other_below_a_name_of_the_anchor(size: int) -> None:
    """One of them is named as if the anchor had issued it, so that all of the mesh seems to lead up."""
    own, crossed = mesh(size)
    false = Authority(own[-1].name, Authority("root"), key=own[-1].key).certificate
    with bounded():
        decision = ask(own[0].issue(), *crossed, false)
    assert decision.outcome is (Outcome.REJECT if size == 3 else Outcome.INDETERMINATE)
    assert not decision.accepted


def test_a_mesh_with_a_real_way_out_that_fails_is_not_accepted() -> None:
    own, crossed = mesh(12)
    expired = Authority(own[-1].name, ROOT, key=own[-1].key, end=NOW.replace(year=NOW.year - 1)).certificate
    with bounded():
        decision = ask(own[0].issue(), *crossed, expired)
    assert not decision.accepted


def test_a_mesh_whose_crls_tell_of_each_other() -> None:
    own, crossed = mesh(6)
    entrance = Authority(own[-1].name, ROOT, key=own[-1].key).certificate
    evidence = Evidence(RevocationEvidence([crl(each) for each in own]))
    case = Case(Role.AP_SIGN, own[0].issue(), NOW, (*crossed, entrance))
    with bounded():
        decision = WITH_CRLS.decide(case, evidence)
    assert not decision.accepted  # nobody has a CRL of the root


def test_many_names_below_many_constraints() -> None:
    names = [x509.DNSName(f"n{number}.example") for number in range(2_000)]
    below = Authority("authority", ROOT, extensions=[(x509.NameConstraints(names, None), True)])
    leaf = below.issue(extensions=[(x509.SubjectAlternativeName(names), False)])
    with bounded():
        decision = ask(leaf, below.certificate)
    assert decision.outcome is Outcome.INDETERMINATE
    assert {each.id for each in decision.checks} == {"NAME_CONSTRAINTS_TOO_MANY"}


def test_to_look_for_what_would_help_is_bounded_too() -> None:
    own, crossed = mesh(8)
    false = Authority(own[-1].name, Authority("root"), key=own[-1].key).certificate
    with bounded(10 * SECONDS):
        counterfactuals(ENGINE, Case(Role.AP_SIGN, own[0].issue(), NOW, (*crossed, false)))


@pytest.mark.parametrize("prefix", ["pathological::", "cve::", "invalid::", "rfc5280::nc::"])
def test_limbo_cases_that_attack_end_soon_and_never_in_a_wrong_yes(corpus: Path, prefix: str) -> None:
    data = (corpus / "trust_models" / "x509_limbo" / "limbo-own-208.json").read_bytes()
    model = read_configuration(shipped_model("webpki")).configuration
    chosen = [case for case in limbo_cases(data, model, NOW) if case.id.startswith(prefix)]
    assert chosen
    for case in chosen:
        with bounded():
            result = run(case)
        incompatible = case.id == "rfc5280::nc::permitted-dns-match-noncritical"
        assert result.decision.accepted is False or case.accepted or incompatible, case.id


CHAIN = Authority("authority", ROOT, key=ec_key())
LEAF = CHAIN.issue()


@st.composite
def damaged(draw: st.DrawFn, data: bytes) -> bytes:
    """A part of the bytes replaced by others, of any length."""
    start = draw(st.integers(0, len(data)))
    end = draw(st.integers(start, min(len(data), start + 40)))
    return data[:start] + draw(st.binary(max_size=40)) + data[end:]


@given(damaged(LEAF.der), damaged(CHAIN.certificate.der), st.booleans())
def test_broken_der_is_accepted_only_where_what_was_signed_is_whole(
    leaf: bytes, authority: bytes, with_whole: bool
) -> None:
    given_leaf, given_authority = ListedCertificate(leaf), ListedCertificate(authority)
    more = (CHAIN.certificate,) if with_whole else ()
    decision = ask(given_leaf, given_authority, *more, trace=True)
    if decision.accepted:
        assert given_leaf.slices is not None
        assert LEAF.slices is not None
        assert given_leaf.slices.signed == LEAF.slices.signed


@given(
    st.binary(max_size=300), st.lists(st.binary(max_size=100), max_size=4), st.lists(st.binary(max_size=60), max_size=3)
)
def test_whatever_the_bytes_nothing_is_raised_and_nothing_accepted(
    leaf: bytes, others: list[bytes], evidence: list[bytes]
) -> None:
    case = Case(Role.AP_SIGN, ListedCertificate(leaf), NOW, tuple(map(ListedCertificate, others)))
    found = WITH_CRLS.decide(case, Evidence(RevocationEvidence(evidence, evidence)), trace=True)
    assert not found.accepted
    assert found.checks
