# SPDX-License-Identifier: Apache-2.0
"""Changes of services and their providers between two issues of a list."""

from collections.abc import Iterator

from trust_lists.changes.describing import (
    address_texts,
    digest_texts,
    english,
    extension_texts,
    key_fingerprint,
    language_texts,
    qualifier_texts,
    state_text,
    status_of,
)
from trust_lists.changes.model import Change, Kind
from trust_lists.changes.pairing import Entry, keys_of, names_of, pair_providers, pair_services
from trust_lists.documents.model import (
    DigitalIdentity,
    Extension,
    ServiceState,
    TrustedList,
    TrustService,
    TrustServiceProvider,
)
from trust_lists.documents.vocabulary import short

_HistoryKey = tuple[str, str, str]


def service_changes(before: TrustedList, after: TrustedList) -> Iterator[Change]:
    """Changes of providers and services. A service is who it is by type and key (TS 119 612 §5.5.3)."""
    providers = pair_providers(before, after)
    same = {id(one): id(other) for one, other in providers.paired}
    successors = {id(other): id(other) for other in after.providers} | same
    for provider in providers.before:
        yield Change(Kind.PROVIDER_REMOVED, before=_names(provider), provider=english(provider.names))
    for provider in providers.after:
        yield Change(Kind.PROVIDER_ADDED, after=_names(provider), provider=english(provider.names))
    for old, new in providers.paired:
        if old is not new:
            yield from _provider(old, new)
    services = pair_services(before, after)
    by_key = services.paired.copy()
    for one, other in services.pair(lambda each: (successors.get(id(each.provider)), _key(each)), only_single=True):
        types = (one.service.current.type,), (other.service.current.type,)
        yield _change(Kind.RETYPED, other, tuple(map(short, types[0])), tuple(map(short, types[1])))
        yield from _service(one, other, before)
    for one, other in services.pair(lambda each: _place(each, successors), only_single=True):
        fingerprints = (one.service.current.identity, other.service.current.identity)
        yield _change(Kind.RE_KEYED, other, *((key_fingerprint(each),) for each in fingerprints))
        yield from _service(one, other, before, same_key=False)
    for entry in services.before:
        yield _change(Kind.REMOVED, entry, before=status_of(entry.service.current))
    for entry in services.after:
        yield _change(Kind.ADDED, entry, after=status_of(entry.service.current))
    for one, other in by_key:
        if same.get(id(one.provider)) != id(other.provider):
            yield _change(Kind.MOVED, other, (english(one.provider.names),), (english(other.provider.names),))
        if one.service != other.service:
            yield from _service(one, other, before)


def _provider(old: TrustServiceProvider, new: TrustServiceProvider) -> Iterator[Change]:
    name = english(new.names)
    if names_of(old.names) != names_of(new.names):
        yield Change(Kind.PROVIDER_RENAMED, _names(old), _names(new), provider=name)
    elif old.names != new.names:
        yield from _set(Kind.PROVIDER, language_texts(old.names), language_texts(new.names), "name", provider=name)
    for what, one, other in (
        ("trade name", language_texts(old.trade_names), language_texts(new.trade_names)),
        ("address", address_texts(old.address), address_texts(new.address)),
        ("information URI", language_texts(old.information_uris), language_texts(new.information_uris)),
        ("extension", _extensions(old.extensions), _extensions(new.extensions)),
    ):
        yield from _set(Kind.PROVIDER, one, other, what, provider=name)


def _service(one: Entry, other: Entry, before: TrustedList, *, same_key: bool = True) -> Iterator[Change]:
    old, new = one.service.current, other.service.current
    if (old.status, old.starting_time) != (new.status, new.starting_time):
        yield _change(Kind.STATUS, other, status_of(old), status_of(new), note=_status_note(one, other, before))
    if same_key:
        yield from _difference(Kind.CERTIFICATES, other, _certificates(old), _certificates(new))
    yield from _difference(Kind.QUALIFIERS, other, qualifier_texts(old.extensions), qualifier_texts(new.extensions))
    yield from _difference(Kind.EXTENSIONS, other, extension_texts(old.extensions), extension_texts(new.extensions))
    yield from _history(one, other)
    for what, removed, added in _details(one.service, other.service):
        yield from _difference(Kind.SERVICE, other, removed, added, what)


def _status_note(one: Entry, other: Entry, before: TrustedList) -> str:
    old, new = one.service.current, other.service.current
    notes = []
    if new.starting_time is not None and new.starting_time < before.scheme.issued_at:
        # §5.5.5: a status may not begin before it was published; so the former issue was wrong about its own day
        notes.append("it began before the former issue")
    known = {_history_key(state) for state in (old, *one.service.history)}
    between = [
        state for state in other.service.history if _history_key(state) not in known and _within(state, old, new)
    ]
    if between:
        notes.append(f"in between: {', '.join(state_text(state) for state in reversed(between))}")
    return "; ".join(notes)


def _within(state: ServiceState, old: ServiceState, new: ServiceState) -> bool:
    times = (old.starting_time, state.starting_time, new.starting_time)
    return None not in times and times[0] < times[1] < times[2]  # type: ignore[operator]


def _history(one: Entry, other: Entry) -> Iterator[Change]:
    old, new = one.service, other.service
    later = {_history_key(state): state for state in reversed((new.current, *new.history))}
    earlier = {_history_key(state): state for state in reversed((old.current, *old.history))}
    missing = [state for key, state in earlier.items() if key not in later and not _corrected(state, old, new)]
    inserted = [
        state
        for state in new.history
        if _history_key(state) not in earlier and not _within(state, old.current, new.current)
    ]
    if missing or inserted:
        note = "a former status is gone" if missing else "a former status was inserted"
        yield _change(Kind.HISTORY, other, tuple(map(state_text, missing)), tuple(map(state_text, inserted)), note=note)
    former = {_history_key(state): state for state in old.history}
    for state in new.history:
        known = former.get(_history_key(state))
        if known is not None and known != state:
            when = f"while {state_text(state)}"
            names = language_texts(known.names), language_texts(state.names)
            yield from _difference(Kind.HISTORY, other, *names, what=f"name {when}")
            extensions = _extensions(known.extensions), _extensions(state.extensions)
            yield from _difference(Kind.HISTORY, other, *extensions, what=f"extensions {when}")


def _corrected(state: ServiceState, old: TrustService, new: TrustService) -> bool:
    """Whether a state isn't missing in the history, because its time, not its status, was changed."""
    return state is old.current and state.status == new.current.status


def _history_key(state: ServiceState) -> _HistoryKey:
    return (state.type, *status_of(state))


def _details(old: TrustService, new: TrustService) -> Iterator[tuple[str, frozenset[str], frozenset[str]]]:
    yield "name", language_texts(old.current.names), language_texts(new.current.names)
    yield "scheme's definition", language_texts(old.scheme_definition_uris), language_texts(new.scheme_definition_uris)
    points = [frozenset(f"{each.uri} {each.type}".strip() for each in service.supply_points) for service in (old, new)]
    yield "supply point", points[0], points[1]
    definitions = [language_texts(service.provider_definition_uris) for service in (old, new)]
    yield "provider's definition", definitions[0], definitions[1]
    yield "identity", _identity_texts(old.current.identity), _identity_texts(new.current.identity)


def _identity_texts(identity: DigitalIdentity) -> frozenset[str]:
    """What identifies a service beside its certificates."""
    skis = (f"key identifier {each.hex()}" for each in identity.skis)
    forms = (f"{each.sha256} as {each.encoding} {each.specification}".rstrip() for each in identity.forms)
    return frozenset((*identity.other, *identity.subject_names, *skis, *forms, *digest_texts(identity.key_values)))


def _difference(kind: Kind, entry: Entry, old: frozenset[str], new: frozenset[str], what: str = "") -> Iterator[Change]:
    if old != new:
        yield _change(kind, entry, tuple(sorted(old - new)), tuple(sorted(new - old)), what=what)


def _set(kind: Kind, old: frozenset[str], new: frozenset[str], what: str, *, provider: str) -> Iterator[Change]:
    if old != new:
        yield Change(kind, tuple(sorted(old - new)), tuple(sorted(new - old)), provider=provider, what=what)


def _change(
    kind: Kind,
    entry: Entry,
    before: tuple[str, ...] = (),
    after: tuple[str, ...] = (),
    *,
    what: str = "",
    note: str = "",
) -> Change:
    state = entry.service.current
    provider, name = english(entry.provider.names), english(state.names)
    key = key_fingerprint(state.identity)
    return Change(kind, before, after, provider, name, state.type, key, what, note)


def _certificates(state: ServiceState) -> frozenset[str]:
    return frozenset(each.sha256 for each in state.identity.certificates)


def _extensions(extensions: tuple[Extension, ...]) -> frozenset[str]:
    return qualifier_texts(extensions) | extension_texts(extensions)


def _names(provider: TrustServiceProvider) -> tuple[str, ...]:
    return tuple(sorted(language_texts(provider.names)))


def _key(entry: Entry) -> frozenset[bytes] | None:
    return keys_of(entry.service.current.identity) or None


def _place(entry: Entry, successors: dict[int, int]) -> tuple[int | None, str, frozenset[str]]:
    state = entry.service.current
    return successors.get(id(entry.provider)), state.type, names_of(state.names)
