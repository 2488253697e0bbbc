# SPDX-License-Identifier: Apache-2.0
"""Giving up root: ports below 1024 are bound as root, and everything else is done as a user that can do little.

It is done before database, master key and TLS keys are opened, so that what the user can't read is told at the start
and not when a certificate is renewed. It is for good: real, effective and saved ids all change, in every thread, and
with them the kernel drops all capabilities.
"""

import grp
import os
import pwd
from dataclasses import dataclass
from typing import Self

import structlog

from registry.errors import ConfigurationError

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Identity:
    """A user to be, with its group and its further groups."""

    name: str
    uid: int
    gid: int
    groups: tuple[int, ...]

    @classmethod
    def parse(cls, text: str) -> Self:
        """From USER or USER:GROUP, by name or number. With a group the user's further ones are left out.

        Raises ConfigurationError for who doesn't exist, and for root.
        """
        user, _, group = text.partition(":")
        try:
            entry = pwd.getpwuid(int(user)) if user.isdecimal() else pwd.getpwnam(user)
            gid = _group_id(group) if group else entry.pw_gid
        except (KeyError, OverflowError) as error:
            raise ConfigurationError(f"REGISTRY_RUN_AS names {text}, and there is no such user or group") from error
        groups = (gid,) if group else tuple(os.getgrouplist(entry.pw_name, gid))
        if entry.pw_uid == 0 or 0 in groups:
            raise ConfigurationError(f"REGISTRY_RUN_AS names {text}, which is root, or in its group")
        return cls(entry.pw_name, entry.pw_uid, gid, groups)


def drop_privileges(run_as: str | None) -> None:
    """Be the user that `run_as` names from now on, where this process is root's; call it once all ports are bound.

    Without root nothing changes: who was started as somebody else already is. Root without `run_as` is warned of.
    Raises ConfigurationError where the user doesn't exist, or root could be had back.
    """
    if os.geteuid() != 0:
        if run_as is not None and Identity.parse(run_as).uid != os.geteuid():
            raise ConfigurationError(f"REGISTRY_RUN_AS names {run_as}, and only root can become somebody else")
        return
    if run_as is None:
        log.warning("serving_as_root", advice="set REGISTRY_RUN_AS to a user of its own, or start it as one")
        return
    identity = Identity.parse(run_as)
    try:
        os.setgroups(identity.groups)
        os.setresgid(identity.gid, identity.gid, identity.gid)
        os.setresuid(identity.uid, identity.uid, identity.uid)
    except OSError as error:
        raise ConfigurationError(f"this process can't become {run_as}: {error.strerror}") from error
    os.umask(0o077)
    _verify(identity)
    log.info("privileges_dropped", user=identity.name, uid=identity.uid, gid=identity.gid)


def _verify(identity: Identity) -> None:
    """Raises ConfigurationError unless there is no way back."""
    came_back = set(os.getresuid()) != {identity.uid} or set(os.getresgid()) != {identity.gid}
    for become in (os.setuid, os.seteuid, os.setgid, os.setegid):
        try:
            become(0)
        except PermissionError:
            continue
        came_back = True
    if came_back or 0 in os.getgroups():
        raise ConfigurationError(f"root could be had back after becoming {identity.name}: not serving")


def _group_id(group: str) -> int:
    return grp.getgrgid(int(group)).gr_gid if group.isdecimal() else grp.getgrnam(group).gr_gid
