# SPDX-License-Identifier: Apache-2.0
"""Roles by name, and the sockets that they need."""

import socket
from pathlib import Path

import pytest

from registry.app.roles import ALL_ROLES, Role, parse_roles
from registry.app.sockets import close_sockets, inherited_sockets, open_sockets, told_to_child
from registry.errors import ConfigurationError
from registry.settings import Settings, load_settings

FREE = {f"{name}_bind": "127.0.0.1:0" for name in ("public", "manage", "sml", "dns")}


@pytest.mark.parametrize(
    ("texts", "roles"),
    [
        ([], ALL_ROLES),
        ([" , "], ALL_ROLES),
        (["dns"], {Role.DNS}),
        (["smp,sml", "SMP", " jobs "], {Role.SMP, Role.SML, Role.JOBS}),
    ],
)
def test_roles_are_named_once_or_with_commas(texts: list[str], roles: set[Role]) -> None:
    assert parse_roles(texts) == roles


def test_unknown_roles_are_refused_with_those_that_there_are() -> None:
    with pytest.raises(ConfigurationError, match=r"no role mail, web \(known: smp, sml, dns, manage, jobs\)"):
        parse_roles(["dns,web", "mail"])


def settings(tmp_path: Path, **values: object) -> Settings:
    return load_settings(data_dir=tmp_path, **{**FREE, **values})


@pytest.mark.parametrize(
    ("roles", "names"),
    [
        ([Role.SMP], {"public"}),
        ([Role.DNS], {"dns-udp", "dns-tcp"}),
        ([Role.MANAGE, Role.JOBS], {"manage"}),
        ([Role.SML], set()),
        ([Role.JOBS], set()),
    ],
)
def test_only_what_the_roles_need_is_bound(tmp_path: Path, roles: list[Role], names: set[str]) -> None:
    opened = open_sockets(settings(tmp_path), roles)
    assert set(opened) == names, "and the SML's only where there is a certificate"
    close_sockets(opened)


def test_dns_has_one_port_for_both(tmp_path: Path) -> None:
    opened = open_sockets(settings(tmp_path), [Role.DNS])
    assert opened["dns-udp"].getsockname() == opened["dns-tcp"].getsockname()
    close_sockets(opened)


def test_nothing_stays_open_where_an_address_is_taken(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with socket.create_server(("127.0.0.1", 0)) as free:
            public = free.getsockname()[1]
        busy = settings(tmp_path, manage_bind=f"127.0.0.1:{port}", public_bind=f"127.0.0.1:{public}")
        with pytest.raises(ConfigurationError, match="manage"):
            open_sockets(busy, ALL_ROLES)
        socket.create_server(("127.0.0.1", public)).close()


def test_child_finds_the_sockets_that_it_is_told_of(tmp_path: Path) -> None:
    opened = open_sockets(settings(tmp_path), [Role.SMP, Role.DNS])
    copies = {name: socket.socket(fileno=socket.dup(item.fileno())) for name, item in opened.items()}
    told = told_to_child(copies)
    for item in copies.values():
        item.detach()
    found = inherited_sockets(told)
    assert {name: item.getsockname() for name, item in found.items()} == {
        name: item.getsockname() for name, item in opened.items()
    }
    close_sockets(found)
    close_sockets(opened)


@pytest.mark.parametrize("told", ["public", "public=x", "public=999"])
def test_sockets_that_are_not_there_are_refused(told: str) -> None:
    with pytest.raises(ConfigurationError):
        inherited_sockets(told)
