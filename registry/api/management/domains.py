# SPDX-License-Identifier: Apache-2.0
"""Finds the domain that a management request is for: by its name, by the path of its base URL, or by the token."""

from registry.accounts.permissions import Principal
from registry.domains.router import DomainRouter
from registry.errors import NotFoundError
from registry.identifiers.url_form import decode_segment
from registry.smp.http import router_of
from registry.storage.domain_directory import DomainDirectory, StoredDomain

_NAMED = b"/domains/"


class Domains:
    """The domains of an instance. Its router is made again once the directory has something new."""

    def __init__(self, directory: DomainDirectory) -> None:
        self._directory = directory
        self._made: tuple[int, DomainRouter] | None = None

    def named(self, name: str) -> StoredDomain:
        """A domain by its name. Raises NotFoundError."""
        return self._directory.get(name)

    def has(self, name: str) -> bool:
        """Whether there is a domain of this name."""
        return any(stored.domain.name == name for stored in self._directory.all())

    def names_one(self, path: bytes) -> bool:
        """Whether a raw path names its domain."""
        return path.startswith(_NAMED)

    def find(self, path: bytes, principal: Principal | None = None) -> tuple[StoredDomain, bytes]:
        """The domain of a raw path, and the path below it.

        Where the path doesn't speak of a domain, and `principal` may something in a single one, it is that. Raises
        NotFoundError.
        """
        if self.names_one(path):
            name, _, rest = path[len(_NAMED) :].partition(b"/")
            return self.named(decode_segment(name)), b"/" + rest
        matched = self._router().match(None, path)
        if principal is not None and (matched is None or matched[1] == path):
            domain_id = _only_domain(principal)
            for stored in self._directory.all():
                if stored.id == domain_id:
                    return stored, path
        if matched is None:
            raise NotFoundError("no domain has this path; name one: /domains/{name}/{participant}")
        return self.named(matched[0].name), matched[1]

    def _router(self) -> DomainRouter:
        generation = self._directory.generation
        made = self._made
        if made is None or made[0] != generation:
            # One assignment, so that threads see either pair; made from the older directory it is made again.
            made = self._made = (generation, router_of(self._directory.all()))
        return made[1]


def _only_domain(principal: Principal) -> int | None:
    """The one domain that a caller's credential is for, or in which all of the caller's grants are."""
    if principal.limit is not None and principal.limit.scope.domain_id is not None:
        return principal.limit.scope.domain_id
    granted = {grant.scope.domain_id for grant in principal.grants}
    return granted.pop() if len(granted) == 1 else None
