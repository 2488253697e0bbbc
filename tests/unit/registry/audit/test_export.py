# SPDX-License-Identifier: Apache-2.0
"""An export holds the chain as it is, is checked without a database, and any change of its files is found."""

import json
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from registry.audit import chain
from registry.audit.chain import Head
from registry.audit.events import record, record_many
from registry.audit.export import export, manifest_files, verify_file
from registry.audit.signing import ExportKey, ExportSigner
from registry.audit.subjects import erase_subject
from registry.audit.verification import Flaw
from registry.errors import AlreadyExistsError, ConfigurationError, NotFoundError, TechnicalError, ValidationError
from registry.storage.engine import Actor, Database

WHO = "iso6523-actorid-upis::0088:1"
TAG = "sml:registration:create"
EVENT: dict[str, object] = {
    **dict.fromkeys(("actor", "request_id", "tag", "subject", "hash"), ""),
    **dict.fromkeys(("position", "sequence", "at"), 1),
    **dict.fromkeys(("domain_id", "before", "after", "subject_id", "sealed")),
}


@pytest.fixture
def signer(tmp_path: Path) -> ExportSigner:
    return ExportSigner.open(tmp_path / "audit-signing.pem")


@pytest.fixture
def chained(database: Database, actor: Actor) -> Database:
    """Six events, the last two about participants."""
    with database.write(actor) as work:
        record_many(work, "test:thing:make", [(f"thing:{number}", {"ü": number}, None) for number in range(4)])
        record_many(work, TAG, [(WHO, None, {"smp_id": "SMP-ONE"}), ("0088:other", None, None)])
    chain.seal(database)
    return database


def lines(file: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in file.read_bytes().splitlines()]


def sign_again(file: Path, signer: ExportSigner) -> None:
    """As a forger with the key would, who knows how manifests are made."""
    from registry.audit.export import _sha256

    manifest, signature, _ = manifest_files(file)
    said = json.loads(manifest.read_bytes()) | {"sha256": _sha256(file)}
    manifest.write_text(json.dumps(said))
    signature.write_bytes(signer.sign(manifest.read_bytes()))


def test_export_is_whole_and_says_what_it_is(chained: Database, signer: ExportSigner, tmp_path: Path) -> None:
    file = tmp_path / "audit.jsonl"
    made = export(chained, file, signer)
    assert (made.begin, made.end, made.events) == (Head(0, "0" * 64), chain.head(chained), 6)
    assert [line["position"] for line in lines(file)] == [1, 2, 3, 4, 5, 6]
    checked = verify_file(file, signer.public)
    assert checked.manifest == made
    assert checked.chain.finding is None
    assert (checked.chain.events, checked.chain.end) == (6, made.end)
    for path in (file, *manifest_files(file)):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_events_that_are_not_in_the_chain_are_not_exported(
    chained: Database, signer: ExportSigner, actor: Actor, tmp_path: Path
) -> None:
    with chained.write(actor) as work:
        record(work, "test:thing:make", "late")
    assert export(chained, tmp_path / "audit.jsonl", signer).events == 6


def test_parts_continue_each_other(chained: Database, signer: ExportSigner, actor: Actor, tmp_path: Path) -> None:
    first = export(chained, tmp_path / "first.jsonl", signer)
    with chained.write(actor) as work:
        record(work, "test:thing:make", "late")
    chain.seal(chained)
    second = export(chained, tmp_path / "second.jsonl", signer, after=first.end.position)
    assert (second.begin, second.events) == (first.end, 1)
    assert verify_file(tmp_path / "second.jsonl").chain.finding is None
    with pytest.raises(NotFoundError, match="no event at 99"):
        export(chained, tmp_path / "third.jsonl", signer, after=99)


def test_personal_values_are_sealed_unless_they_are_opened(
    chained: Database, signer: ExportSigner, actor: Actor, tmp_path: Path
) -> None:
    sealed, opened, erased = (tmp_path / name for name in ("sealed", "opened", "erased"))
    export(chained, sealed, signer)
    assert b"0088:" not in sealed.read_bytes()  # with the colon it is no accident of hexadecimal digits
    assert b"SMP-ONE" not in sealed.read_bytes()
    assert export(chained, opened, signer, open_sealed=True).opened
    assert lines(opened)[4]["opened"] == {"subject": WHO, "before": None, "after": {"smp_id": "SMP-ONE"}}
    assert "opened" not in lines(opened)[0]
    assert verify_file(opened).chain.finding is None
    with chained.write(actor) as work:
        erase_subject(work, WHO)
    export(chained, erased, signer, open_sealed=True)
    assert ["opened" in line for line in lines(erased)] == [False] * 5 + [True]


@pytest.mark.parametrize("number", range(4))
def test_nothing_is_overwritten(chained: Database, signer: ExportSigner, tmp_path: Path, number: int) -> None:
    file = tmp_path / "audit.jsonl"
    (file, *manifest_files(file))[number].write_text("mine")
    with pytest.raises(AlreadyExistsError):
        export(chained, file, signer)
    assert (file, *manifest_files(file))[number].read_text() == "mine"


def test_folder_that_is_not_there_is_an_error_of_its_own(
    chained: Database, signer: ExportSigner, tmp_path: Path
) -> None:
    with pytest.raises(TechnicalError, match="can't be written"):
        export(chained, tmp_path / "none" / "audit.jsonl", signer)


# Checking


def test_expected_head_is_compared(chained: Database, signer: ExportSigner, tmp_path: Path) -> None:
    file = tmp_path / "audit.jsonl"
    made = export(chained, file, signer)
    assert verify_file(file, expected=made.end).chain.finding is None
    finding = verify_file(file, expected=Head(2, "f" * 64)).chain.finding
    assert finding is not None
    assert (finding.flaw, finding.position) == (Flaw.FORKED, 2)


@pytest.mark.parametrize("number", range(3))
def test_changed_file_manifest_or_signature_is_refused(
    chained: Database, signer: ExportSigner, tmp_path: Path, number: int
) -> None:
    file = tmp_path / "audit.jsonl"
    export(chained, file, signer)
    changed = (file, *manifest_files(file))[number]
    content = bytearray(changed.read_bytes())
    content[30] ^= 1
    changed.write_bytes(content)
    with pytest.raises(ValidationError) as caught:
        verify_file(file, signer.public)
    assert [reason.id for reason in caught.value.reasons] == ["AUDIT-EXPORT"]


@pytest.mark.parametrize("number", range(4))
def test_missing_file_is_said(chained: Database, signer: ExportSigner, tmp_path: Path, number: int) -> None:
    file = tmp_path / "audit.jsonl"
    export(chained, file, signer)
    (file, *manifest_files(file))[number].unlink()
    with pytest.raises(NotFoundError, match="can't be read"):
        verify_file(file)


def test_key_of_somebody_else_is_refused(chained: Database, signer: ExportSigner, tmp_path: Path) -> None:
    export(chained, tmp_path / "audit.jsonl", signer)
    other = ExportSigner.open(tmp_path / "other.pem")
    with pytest.raises(ValidationError, match=other.public.fingerprint):
        verify_file(tmp_path / "audit.jsonl", other.public)


@pytest.mark.parametrize(
    ("change", "flaw", "position"),
    [
        (lambda rows: rows[2].update(actor="forged"), Flaw.CHANGED, 3),
        (lambda rows: rows.pop(2), Flaw.MISSING, 3),
        (lambda rows: rows.pop(), Flaw.CUT_OFF, 6),
        (lambda rows: rows.insert(2, rows[1]), Flaw.FORKED, 2),
        (lambda rows: rows[4].update(sealed="00"), Flaw.CHANGED, 5),
    ],
    ids=["changed", "missing", "cut off", "doubled", "sealed"],
)
def test_chain_that_was_forged_with_the_key_is_found(
    chained: Database,
    signer: ExportSigner,
    tmp_path: Path,
    change: Callable[[list[dict[str, object]]], object],
    flaw: Flaw,
    position: int,
) -> None:
    file = tmp_path / "audit.jsonl"
    export(chained, file, signer)
    rows = lines(file)
    change(rows)
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    sign_again(file, signer)
    finding = verify_file(file).chain.finding
    assert finding is not None
    assert (finding.flaw, finding.position) == (flaw, position)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "{}",
        "[]",
        "7",
        "no json",
        '{"position": "1"}',
        json.dumps(EVENT | {"sealed": "x"}),
        json.dumps(EVENT | {"sequence": 1.0}),
        json.dumps(EVENT | {"position": True}),
        json.dumps(EVENT | {"hash": None}),
        json.dumps(EVENT | {"actor": None}),
        "[" * 100_000,
    ],
    ids=range(12),
)
def test_line_that_is_no_event_is_refused(chained: Database, signer: ExportSigner, tmp_path: Path, line: str) -> None:
    file = tmp_path / "audit.jsonl"
    export(chained, file, signer)
    file.write_text(line + "\n")
    sign_again(file, signer)
    with pytest.raises(ValidationError, match="line 1 is not an event"):
        verify_file(file)


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b'{"format": "other"}', b"\xff", b"[" * 90_000], ids=range(6))
def test_manifest_that_is_none_is_refused(
    chained: Database, signer: ExportSigner, tmp_path: Path, content: bytes
) -> None:
    file = tmp_path / "audit.jsonl"
    export(chained, file, signer)
    manifest, signature, _ = manifest_files(file)
    manifest.write_bytes(content)
    signature.write_bytes(signer.sign(content))
    with pytest.raises(ValidationError, match="manifest"):
        verify_file(file)


# Keys


def test_key_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    file = tmp_path / "key.pem"
    made = ExportSigner.open(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert ExportSigner.open(file).public.fingerprint == made.public.fingerprint
    assert ExportKey.from_pem(made.public.pem).signed(b"content", made.sign(b"content"))
    assert list(tmp_path.iterdir()) == [file]


def test_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "key.pem"
    ExportSigner.open(file)
    file.chmod(0o640)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        ExportSigner.open(file)


@pytest.mark.parametrize("content", [b"", b"no key", b"-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n"])
def test_file_without_a_key_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "key.pem"
    file.write_bytes(content)
    file.chmod(0o600)
    with pytest.raises(ConfigurationError):
        ExportSigner.open(file)
    with pytest.raises(ConfigurationError):
        ExportKey.from_pem(content)


def test_key_that_can_not_be_made_is_an_error_of_its_own(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="can't be read"):
        ExportSigner.open(tmp_path / "none" / "key.pem")
