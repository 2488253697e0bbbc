# SPDX-License-Identifier: Apache-2.0
"""Certificate files: which are a pair, what tells that they changed, and for which hosts a certificate is."""

import os
from datetime import timedelta
from pathlib import Path

import pytest

from registry.errors import ConfigurationError
from registry.listeners.pairs import PairFiles, ServerCertificate, find_pairs, wildcard_of
from tests.simulators.server_certificates import ServerAuthority, write_pair


def found(folder: Path, *files: str) -> list[tuple[str, str, str]]:
    """Name, certificate and key of each pair in a folder that has these files."""
    for name in files:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).touch()
    return [
        (pair.name, str(pair.certificate.relative_to(folder)), str(pair.key.relative_to(folder)))
        for pair in find_pairs(folder)
    ]


def test_certificate_and_key_are_two_files_of_one_name(tmp_path: Path) -> None:
    files = ("b.example.crt", "b.example.key", "a.example.pem", "a.example.key")
    assert found(tmp_path, *files) == [
        ("a.example", "a.example.pem", "a.example.key"),
        ("b.example", "b.example.crt", "b.example.key"),
    ]


def test_pem_file_without_key_file_has_both(tmp_path: Path) -> None:
    assert found(tmp_path, "a.pem") == [("a", "a.pem", "a.pem")]


def test_lego_leaves_files_that_are_no_pairs(tmp_path: Path) -> None:
    files = ("_.example.org.crt", "_.example.org.issuer.crt", "_.example.org.json", "_.example.org.key")
    assert found(tmp_path, *files, "_.example.org.pem") == [
        ("_.example.org", "_.example.org.crt", "_.example.org.key"),
    ]


def test_certbot_has_a_folder_for_each_name(tmp_path: Path) -> None:
    files = ("README", "a.example/README", "a.example/cert.pem", "a.example/fullchain.pem", "a.example/privkey.pem")
    assert found(tmp_path, *files) == [("a.example", "a.example/fullchain.pem", "a.example/privkey.pem")]


@pytest.mark.parametrize("file", ["a.crt", "a.key"])
def test_half_a_pair_is_told(tmp_path: Path, file: str) -> None:
    assert found(tmp_path, file) == [("a", "a.crt", "a.key")]


def test_files_that_begin_with_a_dot_are_still_being_written(tmp_path: Path) -> None:
    assert found(tmp_path, "a.pem", ".a.pem", ".b/fullchain.pem", ".pem") == [("a", "a.pem", "a.pem")]


def test_folder_without_pairs_is_a_configuration_error(tmp_path: Path) -> None:
    (tmp_path / "README").touch()
    with pytest.raises(ConfigurationError, match="has none"):
        find_pairs(tmp_path)


def test_missing_folder_is_a_configuration_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"nowhere can't be read: No such file"):
        find_pairs(tmp_path / "nowhere")


def test_state_tells_every_way_to_change_a_file(tmp_path: Path) -> None:
    pair = PairFiles("a", tmp_path / "a.crt", tmp_path / "a.key")
    states = [pair.state()]
    pair.certificate.write_text("1")
    states.append(pair.state())
    pair.key.write_text("1")
    states.append(pair.state())
    pair.key.write_text("22")
    states.append(pair.state())
    (tmp_path / "new").write_text("33")
    (tmp_path / "new").replace(pair.key)
    states.append(pair.state())
    os.utime(pair.certificate, ns=(1, 1))
    states.append(pair.state())
    pair.certificate.unlink()
    states.append(pair.state())
    assert len(set(states)) == len(states)
    assert pair.state() == states[-1]


def test_state_follows_links(tmp_path: Path) -> None:
    """certbot and Kubernetes replace a link, and leave what it led to."""
    for version in ("1", "2"):
        (tmp_path / version).touch()
    link = tmp_path / "a.pem"
    link.symlink_to("1")
    pair = PairFiles("a", link, link)
    before = pair.state()
    link.unlink()
    link.symlink_to("2")
    assert pair.state() != before


def test_certificate_tells_its_hosts_and_its_end(tmp_path: Path) -> None:
    authority = ServerAuthority()
    issued = authority.issue("SMP.example.org", "*.Example.com", "192.0.2.1", "2001:db8::1", ends=timedelta(hours=5))
    write_pair(issued, tmp_path / "a.pem", tmp_path / "a.pem")
    read = ServerCertificate.read(tmp_path / "a.pem")
    assert read.names == {"smp.example.org", "*.example.com", "192.0.2.1", "2001:db8::1"}
    assert read.not_after == authority.now + timedelta(hours=5)


def test_certificate_without_alternative_names_is_for_no_host(tmp_path: Path) -> None:
    write_pair(ServerAuthority().issue(), tmp_path / "a.crt", tmp_path / "a.key")
    assert ServerCertificate.read(tmp_path / "a.crt").names == frozenset()


@pytest.mark.parametrize("text", ["", "no certificate", "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----"])
def test_unreadable_certificate_is_a_configuration_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.crt").write_text(text)
    with pytest.raises(ConfigurationError, match=r"a\.crt can't be read"):
        ServerCertificate.read(tmp_path / "a.crt")


def test_wildcard_stands_for_the_first_label_only() -> None:
    assert wildcard_of("smp.example.org") == "*.example.org"
    assert wildcard_of("a.b.example.org") == "*.b.example.org"
    assert wildcard_of("localhost") == "*."
