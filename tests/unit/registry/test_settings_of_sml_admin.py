# SPDX-License-Identifier: Apache-2.0
"""The admin service of the SML is off until everything for it is there, and never where the public is."""

from pathlib import Path
from typing import Any

import pytest

from registry.errors import ConfigurationError
from registry.settings import load_settings

FILES = {name: Path(f"{name}.pem") for name in ("sml_admin_tls_cert", "sml_admin_tls_key", "sml_admin_client_ca")}


def refusal(**settings: Any) -> str:
    with pytest.raises(ConfigurationError) as caught:
        load_settings(**settings)
    return str(caught.value)


def test_it_is_off_by_default() -> None:
    assert load_settings().sml_admin_bind is None


@pytest.mark.parametrize("bind", ["127.0.0.1:8444", "10.1.2.3:8444", "[fd00::7]:8444", "localhost:8444"])
def test_loopback_and_private_addresses_will_do(bind: str) -> None:
    assert str(load_settings(sml_admin_bind=bind, **FILES).sml_admin_bind) == bind


@pytest.mark.parametrize("bind", ["0.0.0.0:8444", "[::]:8444", "8.8.8.8:8444", "[2a00::1]:8444", "sml.example:8444"])
def test_address_that_others_can_reach_is_refused(bind: str) -> None:
    assert "neither a loopback nor a private address" in refusal(sml_admin_bind=bind, **FILES)


@pytest.mark.parametrize("public", ["public_bind", "sml_bind"])
def test_address_of_a_public_listener_is_refused(public: str) -> None:
    told = refusal(sml_admin_bind="10.1.2.3:8444", **{public: "10.1.2.3:443"}, **FILES)
    assert told.startswith("REGISTRY_SML_ADMIN_BIND is 10.1.2.3:8444, where REGISTRY_")
    assert told.endswith("is public: give it an address of its own")


@pytest.mark.parametrize("name", FILES)
def test_every_file_is_needed(name: str) -> None:
    some = {key: value for key, value in FILES.items() if key != name}
    assert refusal(sml_admin_bind="127.0.0.1:8444", **some) == f"REGISTRY_SML_ADMIN_BIND needs REGISTRY_{name.upper()}"


def test_files_without_an_address_are_a_mistake() -> None:
    assert "the admin service is off" in refusal(**FILES)
