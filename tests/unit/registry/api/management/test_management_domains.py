# SPDX-License-Identifier: Apache-2.0
"""The domain of a management request: by name, by the path of its base URL, or that of the token."""

from collections.abc import Iterator

import pytest

from registry.accounts.permissions import SYSTEM, Grant, Principal, Role, Scope
from registry.api.management import domains as module
from registry.api.management.dialect import query_of, segments_of
from registry.api.management.domains import Domains
from registry.app.domain_setup import add_domain
from registry.demo.pki import DemoPki
from registry.errors import NotFoundError, ValidationError
from registry.storage.domain_directory import StoredDomain
from tests.simulators.offline import ACTOR, OfflineInstance, offline_instance


@pytest.fixture
def offline(tmp_path_factory: pytest.TempPathFactory, pki: DemoPki) -> Iterator[OfflineInstance]:
    with offline_instance(tmp_path_factory.mktemp("offline"), pki) as running:
        yield running


def add(offline: OfflineInstance, name: str) -> StoredDomain:
    settings = {
        "name": name,
        "default": False,
        "smp": {"base_url": f"https://smp.example.org/{name}"},
        "dns": {"zone": f"{name}.test"},
    }
    return add_domain(offline.instance, ACTOR, "demo", settings, register_smp=False)


def found(domains: Domains, path: bytes, caller: Principal | None = None) -> tuple[str, bytes]:
    stored, below = domains.find(path, caller)
    return stored.domain.name, below


def program(scopes: list[Scope], limit: Scope | None = None) -> Principal:
    grants = tuple(Grant(Role.EDITOR, scope) for scope in scopes)
    most = None if limit is None else Grant(Role.EDITOR, limit)
    return Principal("token:erp", "erp", "program", "token", 1, grants, most)


def test_path_says_it_by_name_or_as_the_base_url_does(offline: OfflineInstance) -> None:
    add(offline, "other")
    domains = Domains(offline.instance.directory)
    assert found(domains, b"/base/a%2Fb") == ("demo", b"/a%2Fb")
    assert found(domains, b"/other/a") == ("other", b"/a")
    assert found(domains, b"/domains/o%74her/a/") == ("other", b"/a/")
    with pytest.raises(NotFoundError, match="there is no domain 'nowhere'"):
        domains.find(b"/domains/nowhere/a")


def test_domain_that_was_just_added_is_found(offline: OfflineInstance) -> None:
    domains = Domains(offline.instance.directory)
    assert found(domains, b"/later/a") == ("demo", b"/later/a"), "that of the default domain"
    add(offline, "later")
    assert found(domains, b"/later/a") == ("later", b"/a")


def test_router_is_made_once_as_long_as_no_domain_changes(
    offline: OfflineInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[int] = []
    original = module.router_of
    monkeypatch.setattr(module, "router_of", lambda stored: made.append(len(stored)) or original(stored))
    domains = Domains(offline.instance.directory)
    for _ in range(3):
        domains.find(b"/base/a")
    assert made == [1]
    add(offline, "other")
    for _ in range(3):
        domains.find(b"/other/a")
    assert made == [1, 2]


def test_token_says_it_where_the_path_does_not(offline: OfflineInstance) -> None:
    other = add(offline, "other")
    domains = Domains(offline.instance.directory)
    for caller in (
        program([Scope(other.id)]),
        program([SYSTEM], limit=Scope(other.id)),
        program([Scope(other.id, 1), Scope(other.id, 2)]),
    ):
        assert found(domains, b"/a", caller) == ("other", b"/a")
        assert found(domains, b"/base/a", caller) == ("demo", b"/a"), "the path does"
        assert found(domains, b"/domains/demo/a", caller) == ("demo", b"/a")
    for caller in (program([SYSTEM]), program([]), program([Scope(other.id), Scope(offline.stored.id)])):
        assert found(domains, b"/a", caller) == ("demo", b"/a")


@pytest.mark.parametrize(
    ("below", "segments"),
    [
        (b"/a", ["a"]),
        (b"/a/", ["a"]),
        (b"/a%2Fb/c", ["a/b", "c"]),
        (b"/", []),
        (b"//", []),
        (b"/a//b", []),
        (b"", []),
        (b"a", []),
    ],
)
def test_segments_are_decoded_each_for_itself(below: bytes, segments: list[str]) -> None:
    assert segments_of(below) == segments


@pytest.mark.parametrize("below", [b"/%ff", b"/%zz", b"/a/%00"])
def test_segment_that_cannot_be_decoded_is_refused(below: bytes) -> None:
    with pytest.raises(ValidationError, match="URL-"):
        segments_of(below)


@pytest.mark.parametrize(
    ("raw", "parameters"),
    [
        (b"", {}),
        (b"create-in-sml=false", {"create-in-sml": "false"}),
        (b"a=1&a=2&b", {"a": "1", "b": ""}),
        (b"%zz=%ff&\xff=\x00", {"%zz": "\ufffd", "\xff": "\x00"}),
    ],
)
def test_query_is_read_whatever_it_is(raw: bytes, parameters: dict[str, str]) -> None:
    assert query_of(raw) == parameters
