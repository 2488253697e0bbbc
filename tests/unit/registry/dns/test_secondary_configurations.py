# SPDX-License-Identifier: Apache-2.0
"""What configurations of name servers say, and what the programs can't do is refused before it is printed."""

import secrets
from pathlib import PurePosixPath
from typing import Any

import dns.name
import dns.tsig
import pytest

from registry.dns.secondary_configurations import PROGRAMS, NameServer, Peer, Program, configuration
from registry.errors import ConfigurationError

KEY = dns.tsig.Key(dns.name.from_text("primary-key"), secrets.token_bytes(48), dns.tsig.HMAC_SHA384)
OTHER = dns.tsig.Key(dns.name.from_text("other-key"), secrets.token_bytes(32), dns.tsig.HMAC_SHA256)
ZONES: dict[str, Any] = {"one.test": "nsec", "two.test": "nsec3"}
PRIMARY = Peer("192.0.2.1", 5300, KEY)


def printed(program: Program, **changes: Any) -> str:
    return configuration(program, NameServer(**{"primary": PRIMARY, "zones": ZONES, **changes}))


@pytest.mark.parametrize("program", PROGRAMS)
def test_zones_are_taken_with_the_key_and_from_the_address_of_the_primary(program: Program) -> None:
    text = printed(program)
    for zone in ZONES:
        assert zone in text
    assert "192.0.2.1" in text
    assert "5300" in text
    assert text.count("primary-key") > 1
    assert "hmac-sha384" in text
    assert "$" not in text


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_secret_is_there_once(program: Program) -> None:
    from base64 import b64encode

    followers = (Peer("192.0.2.2", 53, KEY), Peer("192.0.2.3", 53, KEY))
    assert printed(program, followers=followers).count(b64encode(KEY.secret).decode()) == 1


@pytest.mark.parametrize("program", PROGRAMS)
def test_without_a_key_the_address_says_who_the_primary_is(program: Program) -> None:
    text = printed(program, primary=Peer("192.0.2.1", 53))
    assert "secret" not in text.replace("secrets", "")
    assert text.count("192.0.2.1") > 1


@pytest.mark.parametrize("program", PROGRAMS)
def test_all_that_is_written_goes_to_the_folder(program: Program) -> None:
    text = printed(program, folder=PurePosixPath("/srv/dns"))
    assert "/srv/dns" in text
    assert "/var/" not in text
    assert "/run/" not in text


@pytest.mark.parametrize("program", PROGRAMS)
def test_followers_are_told_and_may_transfer(program: Program) -> None:
    text = printed(program, followers=(Peer("198.51.100.7", 5353, OTHER),))
    assert text.count("other-key") > 1
    assert "198.51.100.7" in text
    assert "5353" in text


def test_knot_signs_each_zone_in_its_way() -> None:
    text = printed("knot", sign=True, zones={**ZONES, "three.test": "minimal"})
    assert "domain: one.test\n    template: nsec\n" in text
    assert "domain: two.test\n    template: nsec3\n" in text
    assert "domain: three.test\n    template: minimal\n" in text
    assert text.count("dnssec-signing: on") == 2
    assert text.count("module: mod-onlinesign/minimal") == 1
    assert text.count("nsec3-iterations: 0") == 3
    assert "journal-max-usage: 4G" in text


def test_a_signer_by_catalog_has_a_template_for_every_group() -> None:
    text = printed("knot", sign=True, zones={}, catalog="catalog.test")
    assert "catalog-template: [nsec, nsec3, minimal]" in text
    assert "catalog-role: interpret" in text


def test_followers_of_a_signer_by_catalog_get_nothing_that_is_signed_while_it_answers() -> None:
    text = printed("knot", sign=True, zones={}, catalog="catalog.test", followers=(Peer("192.0.2.9", 53, OTHER),))
    templates = text.partition("\ntemplate:\n")[2].partition("\nzone:\n")[0]
    told = {each.partition("\n")[0]: "follower-1" in each for each in templates.split("  - id: ")[1:]}
    assert told == {"nsec": True, "nsec3": True, "minimal": False}


def test_bind_signs_as_much_at_a_time_as_big_zones_need() -> None:
    text = printed("bind", sign=True)
    assert 'dnssec-policy "registry-nsec";' in text
    assert "nsec3param iterations 0 optout no salt-length 0;" in text
    assert "sig-signing-nodes 2000;" in text
    assert "sig-signing-signatures 2000;" in text


def test_nsd_follows_a_catalog_from_4_9() -> None:
    text = printed("nsd", zones={}, catalog="catalog.test")
    assert text.startswith("# NSD 4.9 or newer")
    assert "catalog: consumer" in text
    assert "allow-query: BLOCKED" in text


def test_nsd_reloads_each_second_and_lets_big_resolvers_ask() -> None:
    text = printed("nsd")
    assert "xfrd-reload-timeout: 0\n" in text
    assert "rrl-ratelimit: 2000\n" in text


@pytest.mark.parametrize(
    ("program", "changes", "said"),
    [
        ("nsd", {"sign": True}, "NSD doesn't sign"),
        ("bind", {"sign": True, "zones": {"one.test": "minimal"}}, "use Knot"),
        ("bind", {"sign": True, "zones": {}, "catalog": "catalog.test"}, "name a zone"),
        (
            "knot",
            {"sign": True, "zones": {"one.test": "minimal"}, "followers": (Peer("192.0.2.9", 53, OTHER),)},
            "answer by answer",
        ),
    ],
    ids=["nsd-signs", "bind-minimal", "bind-catalog", "knot-minimal-followed"],
)
def test_what_a_program_cannot_do_is_refused(program: Program, changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        printed(program, **changes)
