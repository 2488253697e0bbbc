# SPDX-License-Identifier: Apache-2.0
"""Whom a process may become. That root is really given up is tested in a process of its own (tests/integration)."""

import os
import pwd

import pytest

from registry.app.privileges import Identity
from registry.errors import ConfigurationError


def test_user_has_its_own_groups_and_a_group_leaves_only_that_one() -> None:
    entry = pwd.getpwnam("nobody")
    alone = Identity.parse("nobody")
    assert (alone.uid, alone.gid, alone.groups) == (
        entry.pw_uid,
        entry.pw_gid,
        tuple(os.getgrouplist("nobody", entry.pw_gid)),
    )
    daemon = Identity.parse("nobody:daemon")
    assert daemon.groups == (daemon.gid,)
    assert daemon.uid == entry.pw_uid


def test_numbers_are_as_good_as_names() -> None:
    entry = pwd.getpwnam("nobody")
    assert Identity.parse(str(entry.pw_uid)).name == "nobody"
    assert Identity.parse(f"{entry.pw_uid}:{entry.pw_gid}") == Identity.parse(f"nobody:{entry.pw_gid}")


@pytest.mark.parametrize(
    "text", ["no-such-user", "nobody:no-such-group", "", "999999999", "99999999999999999999", "-1"]
)
def test_who_does_not_exist_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="no such user"):
        Identity.parse(text)


@pytest.mark.parametrize("text", ["root", "0", "nobody:root", "nobody:0"])
def test_root_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="is root"):
        Identity.parse(text)
