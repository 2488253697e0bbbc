# SPDX-License-Identifier: Apache-2.0
"""The master key: made once, readable by its owner only, and nothing that is derived from it tells of anything else."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from registry.errors import ConfigurationError
from registry.master_key import MasterKey


def test_it_is_made_where_there_is_none_and_is_the_same_afterwards(tmp_path: Path) -> None:
    file = tmp_path / "master.key"
    made = MasterKey.open(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(bytes.fromhex(file.read_text())) == 32
    assert MasterKey.open(file).check == made.check
    assert MasterKey.open(tmp_path / "other.key").check != made.check


def test_of_several_processes_that_make_it_at_once_all_have_the_same(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        keys = list(pool.map(lambda _: MasterKey.open(tmp_path / "master.key"), range(8)))
    assert len({key.check for key in keys}) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["master.key"], "nothing half-made stays"


def test_keys_depend_on_purpose_and_salt_and_are_always_the_same() -> None:
    key = MasterKey(bytes(32))
    derived = [key.derive("a"), key.derive("b"), key.derive("a", b"salt"), bytes.fromhex(key.check), bytes(32)]
    assert len(set(derived)) == len(derived)
    assert all(len(one) == 32 for one in derived)
    assert MasterKey(bytes(32)).derive("a", b"salt") == derived[2]


@pytest.mark.parametrize("length", [0, 16, 31, 33])
def test_a_key_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(ConfigurationError, match="32 bytes"):
        MasterKey(bytes(length))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "32 bytes"),
        (b"00" * 31, "32 bytes"),
        (b"xyz", "not hexadecimal"),
        (b"\xff\xfe", "can't be read"),
        (b"0" * 63, "not hexadecimal"),
    ],
)
def test_a_file_that_holds_no_key_is_refused_and_left_alone(tmp_path: Path, content: bytes, reason: str) -> None:
    file = tmp_path / "master.key"
    file.write_bytes(content)
    file.chmod(0o600)
    with pytest.raises(ConfigurationError, match=reason):
        MasterKey.open(file)
    assert file.read_bytes() == content


@pytest.mark.parametrize("mode", [0o604, 0o602, 0o644, 0o666])
def test_a_file_that_everybody_can_use_is_refused_with_what_to_do(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "master.key"
    MasterKey.open(file)
    file.chmod(mode)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        MasterKey.open(file)


def test_a_file_that_its_group_may_read_is_taken(tmp_path: Path) -> None:
    file = tmp_path / "master.key"
    made = MasterKey.open(file)
    file.chmod(0o640)
    assert MasterKey.open(file).check == made.check


def test_a_folder_that_is_not_there_is_a_configuration_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="can't be read"):
        MasterKey.open(tmp_path / "missing" / "master.key")


def test_the_secret_is_not_shown(tmp_path: Path) -> None:
    file = tmp_path / "master.key"
    key = MasterKey.open(file)
    assert file.read_text().strip() not in repr(key) + str(key)
