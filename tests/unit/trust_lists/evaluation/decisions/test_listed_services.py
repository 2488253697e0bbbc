# SPDX-License-Identifier: Apache-2.0
"""Services prepared for being asked often: once for an index, and no longer than it lives."""

import gc
import weakref
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from tests.simulators.qualification_world import a_list, authority, certificate, provider, service, state
from trust_lists.certificates.anchors import TrustAnchor
from trust_lists.certificates.listed import ListedCertificate, listed
from trust_lists.documents.model import DigitalIdentity
from trust_lists.documents.vocabulary import CA_QC
from trust_lists.evaluation.decisions.listed_services import listed_services
from trust_lists.evaluation.services import ServiceIndex


def index(*certificates: ListedCertificate) -> ServiceIndex:
    services = [service(of=each) for each in certificates] or [service()]
    return ServiceIndex([("BE", a_list(provider(*services)))])


def test_the_same_question_is_prepared_once() -> None:
    found = index()
    assert listed_services(found, None, (CA_QC,)) is listed_services(found, None, (CA_QC,))
    assert listed_services(found, None, None) is not listed_services(found, None, (CA_QC,))
    assert listed_services(index(), None, (CA_QC,)) is not listed_services(found, None, (CA_QC,))


def test_what_was_prepared_goes_with_the_index() -> None:
    found = index()
    gone, services = weakref.ref(found), weakref.ref(listed_services(found, None, None).certificates)
    del found
    gc.collect()
    assert (gone(), services()) == (None, None)


def test_many_threads_get_the_same_answers() -> None:
    found, asked = index(), listed(authority().certificate)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: listed_services(found, None, None).identical(asked), range(50)))
    assert all(len(each) == 1 for each in answers)


def test_a_service_with_two_certificates_of_one_key_is_one_entry() -> None:
    one, again = certificate(), certificate(compliance=False)
    entry = service(of=one)
    both = replace(entry, current=replace(entry.current, identity=DigitalIdentity((one, again))))
    found = listed_services(ServiceIndex([("BE", a_list(provider(both)))]), None, None)
    anchor = TrustAnchor.of(one)
    assert anchor is not None
    assert len(found.of_anchor[anchor]) == 1
    assert set(found.certificates(one.comparable_subject)) == {one, again}


def test_what_neither_key_nor_name_can_be_found_in_is_known_by_its_bytes() -> None:
    broken = ListedCertificate(b"\x30\x03\x02\x01\x05")
    found = listed_services(index(broken), None, None)
    assert len(found.identical(broken)) == 1
    assert found.identical(ListedCertificate(b"\x30\x03\x02\x01\x06")) == ()
    assert found.of_anchor == {}


def test_certificates_of_other_types_may_stand_between_and_are_no_anchors() -> None:
    other = ServiceIndex([("BE", a_list(provider(service(state(type="CA/PKC")))))])
    found = listed_services(other, None, (CA_QC,))
    name = listed(authority().certificate).comparable_subject
    assert (list(found.anchors(name)), len(list(found.certificates(name)))) == ([], 1)
