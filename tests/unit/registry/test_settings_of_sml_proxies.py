# SPDX-License-Identifier: Apache-2.0
"""Settings by which proxies tell who calls the SML: nothing by default, and nothing by half."""

from typing import Any

import pytest

from registry.errors import ConfigurationError
from registry.settings import load_settings

WHOLE = {"sml_plain_bind": "10.0.0.1:8444", "sml_proxy_networks": "10.0.0.2", "sml_proxy_forms": "rfc9440"}


def refusal(**overrides: Any) -> str:
    with pytest.raises(ConfigurationError) as caught:
        load_settings(**overrides)
    return str(caught.value)


def test_nobody_is_believed_by_default() -> None:
    settings = load_settings()
    assert (settings.sml_plain_bind, settings.sml_proxy_certificates) == (None, None)
    assert (settings.sml_proxy_networks, settings.sml_proxy_forms) == ((), ())


def test_all_three_together_are_a_way() -> None:
    settings = load_settings(**WHOLE)
    assert settings.sml_proxy_forms == ("rfc9440",)
    assert settings.sml_proxy_networks == ("10.0.0.2",)


@pytest.mark.parametrize("missing", ["sml_proxy_networks", "sml_proxy_forms"])
def test_a_listener_for_proxies_needs_proxies_and_forms(missing: str) -> None:
    assert missing.upper() in refusal(**{**WHOLE, missing: ""})
    certificates = {**WHOLE, missing: "", "sml_plain_bind": None, "sml_proxy_certificates": "proxies.pem"}
    assert missing.upper() in refusal(**certificates)


@pytest.mark.parametrize("lone", ["sml_proxy_networks", "sml_proxy_forms"])
def test_proxies_need_a_way_to_come(lone: str) -> None:
    assert "SML_PLAIN_BIND" in refusal(**{lone: WHOLE[lone]})


@pytest.mark.parametrize(
    "bind", ["127.0.0.1:0", "[::1]:0", "localhost:0", "192.168.1.1:1", "[fd00::1]:1", "172.16.0.1:1"]
)
def test_the_plain_listener_may_be_where_only_we_come(bind: str) -> None:
    assert load_settings(**{**WHOLE, "sml_plain_bind": bind}).sml_plain_bind is not None


@pytest.mark.parametrize("bind", ["0.0.0.0:1", "[::]:1", "198.51.99.1:1", "[2a00::1]:1", "sml.example.org:1"])
def test_the_plain_listener_may_not_be_where_others_come(bind: str) -> None:
    assert "neither a loopback nor a private address" in refusal(**{**WHOLE, "sml_plain_bind": bind})


@pytest.mark.parametrize("network", ["0.0.0.0/0", "::/0", "10.0.0.2, 0.0.0.0/0"])
def test_not_everybody_is_a_proxy(network: str) -> None:
    assert "not everybody is a proxy" in refusal(**{**WHOLE, "sml_proxy_networks": network})


@pytest.mark.parametrize("network", ["10.0.0.1/8", "proxy.example.org", "10.0.0"])
def test_a_network_has_to_be_one(network: str) -> None:
    assert "SML_PROXY_NETWORKS" in refusal(**{**WHOLE, "sml_proxy_networks": network})


def test_forms_have_to_be_known() -> None:
    assert "SML_PROXY_FORMS" in refusal(**{**WHOLE, "sml_proxy_forms": "x-forwarded-client-cert"})
