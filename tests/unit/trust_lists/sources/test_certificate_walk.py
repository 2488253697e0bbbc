# SPDX-License-Identifier: Apache-2.0
"""Going up from certificates: whatever their bytes are, and however many they are."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from typing import Any, cast

import pytest
from cryptography.x509 import ocsp
from hypothesis import given
from hypothesis import strategies as st

from tests.simulators.certificate_chains import Authority
from tests.simulators.evidence_world import EvidenceWorld, access, loaded
from tests.simulators.revocation_evidence import crl, point, points, uri
from trust_lists.certificates.listed import ListedCertificate
from trust_lists.certificates.revocation.rules import RevocationRule
from trust_lists.sources.attempts import Run, Task
from trust_lists.sources.certificate_walk import CertificateWalk, Wanted, ocsp_request
from trust_lists.sources.evidence_manifest import Kind

ALL = frozenset({RevocationRule.CRL_AND_OCSP_REQUIRED})


@dataclass
class Answers:
    """A run in which everything is answered from a dictionary."""

    documents: dict[str, bytes] = field(default_factory=dict)
    tasks: list[Task] = field(default_factory=list)

    def fetch(self, tasks: Iterable[Task]) -> list[bytes | None]:
        wanted = list(tasks)
        self.tasks += wanted
        return [self.documents.get(task.url) for task in wanted]


def walk(answers: Answers, *certificates: ListedCertificate, known: Iterable[ListedCertificate] = ()) -> list[str]:
    CertificateWalk(cast("Run", answers), Wanted(ALL, ALL), (), known).walk(certificates)
    return [task.url for task in answers.tasks]


@cache
def world() -> EvidenceWorld:
    return EvidenceWorld()


@given(st.data())
def test_no_bytes_of_a_certificate_do_any_harm(data: st.DataObject) -> None:
    der = bytearray(world().leaf.der)
    for position in data.draw(st.lists(st.integers(0, len(der) - 1), min_size=1, max_size=8)):
        der[position] = data.draw(st.integers(0, 255))
    walk(Answers(), ListedCertificate(bytes(der)), known=[world().issuing.certificate])
    ocsp_request(ListedCertificate(bytes(der)), world().issuing.certificate)
    ocsp_request(world().leaf, ListedCertificate(bytes(der)))


@given(st.binary(max_size=60))
def test_no_answer_does_any_harm(data: bytes) -> None:
    answers = Answers({world().at("issuing.crl"): crl(world().issuing)[: len(data)] + data})
    walk(answers, world().leaf, known=[world().issuing.certificate])


def test_a_question_names_the_certificate_and_its_issuer() -> None:
    request = ocsp_request(world().leaf, world().issuing.certificate)
    assert request is not None
    found = ocsp.load_der_ocsp_request(request)
    expected = (
        ocsp.OCSPRequestBuilder()
        .add_certificate(loaded(world().leaf), loaded(world().issuing.certificate), found.hash_algorithm)
        .build()
    )
    assert (found.issuer_name_hash, found.issuer_key_hash) == (expected.issuer_name_hash, expected.issuer_key_hash)
    assert found.serial_number == loaded(world().leaf).serial_number
    assert list(found.extensions) == []


def test_a_long_question_is_posted() -> None:
    long = f"{world().at('ocsp')}/{'x' * 200}"
    leaf = world().issue("leaf", access(ocsp=long))
    answers = Answers()
    walk(answers, leaf, known=[world().issuing.certificate])
    [task] = [task for task in answers.tasks if task.kind is Kind.OCSP]
    assert (task.urls, task.bodies) == ((long,), (ocsp_request(leaf, world().issuing.certificate),))


def test_nothing_is_asked_about_a_root_that_stands_above() -> None:
    places = [points(point(uri("http://pki.example/own.crl"))), access(ca_issuers="http://pki.example/own.cer")]
    root = Authority("Self-signed", extensions=places)
    leaf = root.issue("leaf", extensions=[access(ca_issuers="http://pki.example/root.cer")])
    assert walk(Answers({"http://pki.example/root.cer": root.certificate.der}), leaf) == ["http://pki.example/root.cer"]
    assert "http://pki.example/own.cer" not in walk(Answers(), root.certificate)


def test_only_who_signed_a_certificate_is_its_issuer() -> None:
    impostor = Authority(world().issuing.name)
    answers = Answers()
    walk(answers, world().leaf, known=[impostor.certificate])
    assert Kind.OCSP not in {task.kind for task in answers.tasks}
    assert world().at("issuing.p7c") in [task.url for task in answers.tasks]


def test_a_chain_is_gone_up_to_its_end() -> None:
    documents: dict[str, bytes] = {}
    above = Authority("level 0")
    for level in range(1, 20):
        place = f"http://pki.example/{level - 1}.cer"
        documents[place] = above.certificate.der
        above = Authority(f"level {level}", above, extensions=[access(ca_issuers=place)])
    assert len(set(walk(Answers(documents), above.certificate))) == 19


def test_a_chain_without_an_end_is_left() -> None:
    class Endless(Answers):
        def fetch(self, tasks: Iterable[Task]) -> list[bytes | None]:
            found = list(tasks)
            self.tasks += found
            return [self.next_one() if task.kind is Kind.ISSUER else None for task in found]

        def next_one(self) -> bytes:
            number = len(self.tasks)
            return authorities[min(number, len(authorities) - 1)].certificate.der

    authorities: list[Any] = [Authority("top")]
    for number in range(40):
        place = access(ca_issuers=f"http://pki.example/{number}.cer")
        authorities.append(Authority(f"CA {number}", authorities[-1], extensions=[place]))
    authorities.reverse()
    answers = Endless()
    walk(answers, authorities[0].certificate)
    assert len(answers.tasks) <= 24


@pytest.mark.parametrize("place", ["issuing.crl", "two.crl"])
def test_all_points_of_a_certificate_are_asked(place: str) -> None:
    both = points(point(uri(world().at("issuing.crl"))), point(uri(world().at("two.crl"))))
    assert world().at(place) in walk(Answers(), world().issue("leaf", both), known=[world().issuing.certificate])
