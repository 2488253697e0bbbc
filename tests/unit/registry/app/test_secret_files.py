# SPDX-License-Identifier: Apache-2.0
"""Secret files in a backup: encrypted for who knows the passphrase, and put back where nobody else can read them."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from registry.app import secret_files
from registry.app.archive import DATABASE, SECRETS, AuditHead, Manifest, Part
from registry.app.secret_files import SecretFile, collect, places, seal, settings_to_change, unseal
from registry.errors import ConfigurationError, ConflictError, ValidationError
from registry.settings import Settings, load_settings

PASSPHRASE = "correct horse battery"
FILES = [
    SecretFile("/var/lib/registry/master.key", b"00\n", "master_key_file", "/var/lib/registry/master.key"),
    SecretFile("/var/lib/registry/keys/smp.p12", bytes(range(256))),
    SecretFile("/etc/tls/live/a.pem", b"tls", "public_tls", "/etc/tls/live"),
]
MANIFEST = Manifest(
    product="edelivery-registry test",
    database_kind="sqlite",
    schema_revision="0008",
    instance_id="11111111-2222-3333-4444-555555555555",
    master_key_check="0" * 64,
    made_at=datetime(2026, 11, 22, 8, tzinfo=UTC),
    data_dir="/var/lib/registry",
    tables={"domain": 1},
    zones={"sml.test": 7},
    audit_head=AuditHead(3, "0" * 64),
    newest_event=None,
    parts={DATABASE: Part(10, "1" * 64)},
    key_derivation=replace(secret_files.new_derivation(), n=2**14),  # cheap
)


def settings(folder: Path, **overrides: object) -> Settings:
    return load_settings(data_dir=folder / "data", database_url=f"sqlite:///{folder / 'database'}", **overrides)


def test_who_knows_the_passphrase_gets_the_files_and_nobody_else() -> None:
    sealed = seal(FILES, MANIFEST, PASSPHRASE)
    assert unseal(sealed, MANIFEST, PASSPHRASE) == FILES
    assert b"smp.p12" not in sealed
    with pytest.raises(ValidationError) as caught:
        unseal(sealed, MANIFEST, PASSPHRASE + " ")
    assert caught.value.reasons[0].id == "BACKUP-PASSPHRASE"


@pytest.mark.parametrize(
    "change",
    [
        lambda m: replace(m, zones={"sml.test": 1}),
        lambda m: replace(m, made_at=datetime(2027, 1, 1, tzinfo=UTC)),
        lambda m: replace(m, parts={DATABASE: Part(10, "2" * 64)}),
        lambda m: replace(m, audit_head=None),
        lambda m: replace(m, data_dir="/"),
        lambda m: replace(m, key_derivation=replace(m.key_derivation, n=2**15)),
    ],
)
def test_manifest_that_somebody_changed_is_noticed(change: Callable[[Manifest], Manifest]) -> None:
    sealed = seal(FILES, MANIFEST, PASSPHRASE)
    with pytest.raises(ValidationError, match="somebody has changed the backup"):
        unseal(sealed, change(MANIFEST), PASSPHRASE)


def test_manifest_that_names_the_secret_part_is_the_same() -> None:
    sealed = seal(FILES, MANIFEST, PASSPHRASE)
    complete = replace(MANIFEST, parts={**MANIFEST.parts, SECRETS: Part(len(sealed), "3" * 64)})
    assert unseal(sealed, complete, PASSPHRASE) == FILES


def test_two_backups_share_neither_salt_nor_nonce() -> None:
    first, second = secret_files.new_derivation(), secret_files.new_derivation()
    assert (first.salt, first.nonce) != (second.salt, second.nonce)
    assert first.n >= 2**17


def test_short_passphrase_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="too short"):
        seal(FILES, MANIFEST, "short")


# What is taken


def test_files_that_settings_and_signing_keys_name_are_taken_and_missing_ones_told(tmp_path: Path) -> None:
    folder = tmp_path / "tls"
    (folder / "name").mkdir(parents=True)
    (folder / "name" / "privkey.pem").write_text("key")
    (folder / "name" / "fullchain.pem").symlink_to(folder / "name" / "privkey.pem")
    (tmp_path / "smp.p12").write_bytes(b"p12")
    used = settings(tmp_path, public_tls=folder)
    used.data_dir.mkdir()
    used.master_key_file.write_text("00")
    files, lacks = collect(used, [str(tmp_path / "smp.p12"), str(tmp_path / "gone.p12")])
    assert {Path(file.path).name: file.content for file in files} == {
        "master.key": b"00",
        "privkey.pem": b"key",
        "fullchain.pem": b"key",
        "smp.p12": b"p12",
    }
    assert lacks == [str(tmp_path / "gone.p12")]


def test_default_place_of_what_isnt_used_is_not_missed_but_the_master_key_is(tmp_path: Path) -> None:
    files, lacks = collect(settings(tmp_path), [])
    assert files == []
    assert lacks == [str(tmp_path / "data" / "master.key")]


def test_what_is_no_key_is_too_large(tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(bytes(2_000_000))
    with pytest.raises(ConfigurationError, match="too large"):
        collect(settings(tmp_path), [str(tmp_path / "large")])


# Where it goes


def test_places_are_in_the_data_folder(tmp_path: Path) -> None:
    target = settings(tmp_path)
    placed = places(FILES, MANIFEST, target, original_paths=False)
    data = tmp_path / "data"
    assert [item.place for item in placed] == [
        data / "master.key",
        data / "keys" / "smp.p12",
        data / "restored" / "etc" / "tls" / "live" / "a.pem",
    ]
    assert settings_to_change(placed, target) == {"public_tls": str(data / "restored" / "etc" / "tls" / "live")}


def test_old_places_are_taken_only_where_they_are_wanted(tmp_path: Path) -> None:
    placed = places(FILES, MANIFEST, settings(tmp_path), original_paths=True)
    assert placed[2].place == Path("/etc/tls/live/a.pem")
    assert placed[1].place == tmp_path / "data" / "keys" / "smp.p12"


@pytest.mark.parametrize(
    "path", ["relative", "/var/lib/registry/../../etc/passwd", "/etc/../root/.ssh/id", "/nul\0", "", "../x"]
)
def test_path_that_leads_elsewhere_is_refused(tmp_path: Path, path: str) -> None:
    for original_paths in (False, True):
        with pytest.raises(ValidationError, match="has the path"):
            places([SecretFile(path, b"")], MANIFEST, settings(tmp_path), original_paths=original_paths)


def test_link_that_leads_out_of_the_data_folder_is_not_followed(tmp_path: Path) -> None:
    target = settings(tmp_path)
    target.data_dir.mkdir()
    outside = tmp_path / "outside"
    outside.mkdir()
    (target.data_dir / "keys").symlink_to(outside)
    with pytest.raises(ConflictError, match="symbolic link"):
        places(FILES, MANIFEST, target, original_paths=False)
    (target.data_dir / "keys").unlink()
    (target.data_dir / "keys").mkdir()
    (target.data_dir / "keys" / "smp.p12").symlink_to(outside / "victim")
    with pytest.raises(ConflictError, match="symbolic link"):
        places(FILES, MANIFEST, target, original_paths=False)


def test_files_and_folders_are_for_their_owner_only(tmp_path: Path) -> None:
    placed = places(FILES, MANIFEST, settings(tmp_path), original_paths=False)
    secret_files.write(placed, ".replaced")
    for item in placed:
        assert item.place.read_bytes() == item.file.content
        assert item.place.stat().st_mode & 0o777 == 0o600
    folders = [path for path in (tmp_path / "data").rglob("*") if path.is_dir()]
    assert {path.stat().st_mode & 0o777 for path in folders} == {0o700}


def test_file_that_is_there_already_is_noticed_and_kept_aside(tmp_path: Path) -> None:
    target = settings(tmp_path)
    secret_files.write(places(FILES, MANIFEST, target, original_paths=False), ".replaced")
    assert not any(item.replaces for item in places(FILES, MANIFEST, target, original_paths=False))
    target.master_key_file.write_bytes(b"other")
    placed = places(FILES, MANIFEST, target, original_paths=False)
    assert [item.replaces for item in placed] == [True, False, False]
    secret_files.write(placed, ".replaced")
    assert target.master_key_file.read_bytes() == b"00\n"
    assert (tmp_path / "data" / "master.key.replaced").read_bytes() == b"other"


def test_place_that_cant_be_written_is_a_mistake_of_the_caller(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    with pytest.raises(ConfigurationError):
        secret_files.write(places(FILES, MANIFEST, settings(tmp_path), original_paths=False), "")
