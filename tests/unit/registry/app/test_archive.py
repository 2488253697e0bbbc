# SPDX-License-Identifier: Apache-2.0
"""Archives of backups: written whole or not at all, and nothing in one is believed before it is checked."""

import stat
import zipfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry.app.archive import DATABASE, MANIFEST, SECRETS, KeyDerivation, Manifest, Part, Sink, reading, writing
from registry.errors import AlreadyExistsError, ConfigurationError, RegistryError, TechnicalError, ValidationError

CONTENT = bytes(range(256)) * 40
HOW = KeyDerivation("00" * 16, "00" * 12)


def progress(what: str, done: int, total: int | None) -> None:
    """Nobody looks."""


def manifest(**parts: Part) -> Manifest:
    made_at = datetime(2026, 11, 22, 8, tzinfo=UTC)
    return Manifest(
        product="edelivery-registry test",
        database_kind="sqlite",
        schema_revision="0008",
        instance_id="11111111-2222-3333-4444-555555555555",
        master_key_check=None,
        made_at=made_at,
        data_dir="/var/lib/registry",
        tables={"domain": 1},
        zones={"sml.test": 7},
        audit_head=None,
        newest_event=None,
        parts=parts,  # type: ignore[arg-type]  # wrong ones are part of the test
        key_derivation=HOW if SECRETS in parts else None,
    )


def add(content: bytes, out: Sink) -> None:
    out.write(content)


def make(file: Path, content: bytes = CONTENT, sealed: bytes | None = b"sealed") -> Path:
    with writing(file) as (archive, _):
        parts = {DATABASE: archive.add(DATABASE, lambda out: add(content, out), compress=True)}
        if sealed is not None:
            parts[SECRETS] = archive.add(SECRETS, lambda out: add(sealed, out))
        archive.add(MANIFEST, lambda out: add(manifest(**parts).to_json(), out))
    return file


def plain(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.external_attr = (stat.S_IFREG | 0o600) << 16
    return info


def make_by_hand(file: Path, members: list[tuple[zipfile.ZipInfo | str, bytes]]) -> Path:
    with zipfile.ZipFile(file, "w") as archive:
        for member, content in members:
            archive.writestr(plain(member) if isinstance(member, str) else member, content)
    return file


def members_of(file: Path) -> list[tuple[str, bytes]]:
    with zipfile.ZipFile(file) as archive:
        return [(name, archive.read(name)) for name in archive.namelist()]


def everything(file: Path, folder: Path) -> tuple[Manifest, bytes, bytes]:
    """What a restore would take from it."""
    target = folder / "extracted"
    target.unlink(missing_ok=True)
    with reading(file) as archive:
        archive.check(progress)
        archive.extract_database(target, progress)
        return archive.manifest, target.read_bytes(), archive.secrets()


def look_at(file: Path) -> None:
    with reading(file) as archive:
        archive.check(progress)
        archive.secrets()


def refused(file: Path, match: str) -> None:
    before = {path: path.stat().st_mtime_ns for path in file.parent.rglob("*")}
    with pytest.raises(ValidationError, match=match) as caught:
        look_at(file)
    assert [reason.id for reason in caught.value.reasons] == ["BACKUP-BROKEN"]
    assert {path: path.stat().st_mtime_ns for path in file.parent.rglob("*")} == before


def test_what_is_written_is_read(tmp_path: Path) -> None:
    found, database, sealed = everything(make(tmp_path / "a.backup"), tmp_path)
    assert (database, sealed) == (CONTENT, b"sealed")
    assert found.zones == {"sml.test": 7}
    assert found.parts[DATABASE].size == len(CONTENT)


def test_archive_is_for_its_owner_only_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    file = make(tmp_path / "a.backup")
    assert file.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [file]


def test_archive_that_could_not_be_completed_is_not_there(tmp_path: Path) -> None:
    def fail() -> None:
        with writing(tmp_path / "a.backup") as (archive, folder):
            archive.add(DATABASE, lambda out: add(CONTENT, out))
            (folder / "copy").write_bytes(CONTENT)
            raise TechnicalError("stop")

    with pytest.raises(TechnicalError, match="stop"):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_existing_file_is_never_written_over(tmp_path: Path) -> None:
    file = tmp_path / "a.backup"
    file.write_text("precious")
    with pytest.raises(AlreadyExistsError, match="never written over"):
        make(file)
    assert file.read_text() == "precious"


def test_folder_that_is_not_there_is_a_mistake_of_the_caller(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="can't be written"):
        make(tmp_path / "missing" / "a.backup")
    with pytest.raises(ConfigurationError, match="can't be read"), reading(tmp_path / "missing"):
        pytest.fail("there is nothing to read")


# Broken ones


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9, 0.999])
def test_truncated_archive_is_refused(tmp_path: Path, share: float) -> None:
    file = make(tmp_path / "a.backup")
    data = file.read_bytes()
    file.write_bytes(data[: int(len(data) * share)])
    refused(file, "no backup, or a damaged one")


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_flipped_bit_is_refused_or_changes_nothing_that_is_restored(tmp_path: Path, data: st.DataObject) -> None:
    whole = tmp_path / "whole"
    if not whole.exists():
        make(whole, CONTENT[:300])
    content = bytearray(whole.read_bytes())
    bit = data.draw(st.integers(0, 8 * len(content) - 1))
    content[bit // 8] ^= 1 << bit % 8
    file = tmp_path / "flipped"
    file.write_bytes(content)
    wanted = everything(whole, tmp_path)
    try:
        found = everything(file, tmp_path)
    except RegistryError:
        return
    # A manifest isn't authenticated before the passphrase is known: a changed word in it may pass here.
    assert found[1:] == wanted[1:]


def test_changed_part_is_refused_even_where_the_zip_fits(tmp_path: Path) -> None:
    whole = dict(members_of(make(tmp_path / "whole")))
    for name in (DATABASE, SECRETS):
        changed = whole | {name: b"X" + whole[name][1:]}
        refused(make_by_hand(tmp_path / f"{name}-changed", list(changed.items())), "not what the manifest says")


def test_part_of_another_size_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    whole = dict(members_of(make(tmp_path / "whole")))
    longer = whole | {DATABASE: whole[DATABASE] + b"more"}
    refused(make_by_hand(tmp_path / "longer", list(longer.items())), "another size")


@pytest.mark.parametrize("name", ["../evil", "/etc/passwd", "database/../../x", "other", "DATABASE", "secrets/"])
def test_member_with_another_name_is_refused(tmp_path: Path, name: str) -> None:
    members = members_of(make(tmp_path / "whole"))
    refused(make_by_hand(tmp_path / "evil.backup", [*members, (name, b"x")]), "a member that no backup has")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_member_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    members = members_of(make(tmp_path / "whole"))
    refused(make_by_hand(tmp_path / "twice", [*members, members[0]]), "a member that no backup has")


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFDIR, stat.S_IFIFO])
def test_link_folder_or_pipe_is_refused(tmp_path: Path, kind: int) -> None:
    whole = dict(members_of(make(tmp_path / "whole")))
    link = zipfile.ZipInfo(DATABASE)
    link.external_attr = (kind | 0o777) << 16
    members = [(link, b"/etc/passwd"), (SECRETS, whole[SECRETS]), (MANIFEST, whole[MANIFEST])]
    refused(make_by_hand(tmp_path / "link", members), "a member that no backup has")


def test_missing_member_is_refused(tmp_path: Path) -> None:
    whole = members_of(make(tmp_path / "whole"))
    for missing in (DATABASE, SECRETS, MANIFEST):
        file = make_by_hand(tmp_path / f"no-{missing}", [item for item in whole if item[0] != missing])
        refused(file, "no manifest" if missing == MANIFEST else "its members are not those")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("n", 2**21),  # scrypt that would take 2 GiB
        ("n", 2**10),
        ("r", 64),
        ("p", 1000),
        ("salt", "00"),
        ("nonce", "xx" * 12),
    ],
)
def test_key_derivation_beyond_the_bounds_is_refused(tmp_path: Path, name: str, value: object) -> None:
    whole = dict(members_of(make(tmp_path / "whole")))
    said = manifest(database=Part(1, "0" * 64), secrets=Part(1, "0" * 64))
    text = replace(said, key_derivation=replace(HOW, **{name: value})).to_json()  # type: ignore[arg-type]
    refused(make_by_hand(tmp_path / "costly", list((whole | {MANIFEST: text}).items())), f"key_derivation.{name}")


def test_manifest_of_another_format_is_refused(tmp_path: Path) -> None:
    whole = dict(members_of(make(tmp_path / "whole")))
    text = whole[MANIFEST].replace(b'"format": 1', b'"format": 2')
    refused(make_by_hand(tmp_path / "newer", list((whole | {MANIFEST: text}).items())), "format")


def test_manifest_that_is_huge_is_refused_unread(tmp_path: Path) -> None:
    whole = dict(members_of(make(tmp_path / "whole")))
    huge = whole | {MANIFEST: b" " * (5 << 20)}
    refused(make_by_hand(tmp_path / "huge", list(huge.items())), "no manifest")


def test_bomb_of_zeros_is_refused_before_it_is_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    size = 200_000_000
    file = tmp_path / "bomb"

    def zeros(out: Sink) -> None:
        for _ in range(size // 1_000_000):
            out.write(bytes(1_000_000))

    with writing(file) as (archive, _):
        part = archive.add(DATABASE, zeros, compress=True)
        archive.add(MANIFEST, lambda out: add(manifest(database=part).to_json(), out))
    assert file.stat().st_size < size / 100
    monkeypatch.setattr("registry.app.archive.shutil.disk_usage", lambda _: type("Usage", (), {"free": size - 1}))
    with reading(file) as archive_read, pytest.raises(TechnicalError, match="bytes left"):
        archive_read.extract_database(tmp_path / "target", progress)
    assert not (tmp_path / "target").exists()


def test_bomb_that_lies_about_its_size_ends_at_that_size(tmp_path: Path) -> None:
    large = plain(DATABASE)
    large.compress_type = zipfile.ZIP_DEFLATED
    said = manifest(database=Part(1000, "0" * 64)).to_json()
    file = make_by_hand(tmp_path / "liar", [(large, bytes(50_000_000)), (MANIFEST, said)])
    data = bytearray(file.read_bytes())
    position = data.find(b"PK\x01\x02")  # the directory, whose sizes are those that everybody believes
    assert int.from_bytes(data[position + 24 : position + 28], "little") == 50_000_000
    data[position + 24 : position + 28] = (1000).to_bytes(4, "little")
    file.write_bytes(data)
    target = tmp_path / "target"
    with reading(file) as archive, pytest.raises(ValidationError, match="damaged"):
        archive.extract_database(target, progress)
    assert target.stat().st_size <= 1000


def test_existing_target_is_not_followed(tmp_path: Path) -> None:
    file = make(tmp_path / "a.backup")
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (tmp_path / "target").symlink_to(victim)
    with reading(file) as archive, pytest.raises(TechnicalError, match="File exists"):
        archive.extract_database(tmp_path / "target", progress)
    assert victim.read_text() == "precious"


def test_anything_else_is_refused(tmp_path: Path) -> None:
    for number, content in enumerate((b"", b"PK", b"SQLite format 3\0" + bytes(500))):
        file = tmp_path / f"other-{number}"
        file.write_bytes(content)
        refused(file, "no backup, or a damaged one")
