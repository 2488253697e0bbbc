# SPDX-License-Identifier: Apache-2.0
"""Lists on the disk: the old one or the new one, never half of either, and nobody's list by another's."""

import os
import signal
import stat
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

import pytest

from trust_lists.errors import SourceError
from trust_lists.publishing import placing
from trust_lists.publishing.placing import hash_path, place, read_in_place, signed_path, unsigned_path

OLD, NEW = b"<old/>", b"<new/>"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "example-tl.xml"


def hint(path: Path) -> str:
    return hash_path(path).read_text()


def test_a_list_is_written_with_its_digest_in_hexadecimal(path: Path) -> None:
    place(path, OLD, expected=None)
    assert path.read_bytes() == OLD
    assert hash_path(path).name == "example-tl.sha2"
    assert hint(path) == sha256(OLD).hexdigest()
    place(path, NEW, expected=OLD)
    assert (path.read_bytes(), hint(path)) == (NEW, sha256(NEW).hexdigest())
    assert sorted(file.name for file in path.parent.iterdir()) == ["example-tl.sha2", "example-tl.xml"]


def test_others_may_read_what_is_published(path: Path) -> None:
    before = os.umask(0o022)
    try:
        place(path, OLD, expected=None)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o644


@pytest.mark.parametrize(
    ("in_place", "expected", "told"),
    [(OLD, None, "is there already"), (OLD, NEW, "is not the previous issue"), (None, OLD, "was removed meanwhile")],
)
def test_only_the_expected_list_is_replaced(
    path: Path, in_place: bytes | None, expected: bytes | None, told: str
) -> None:
    if in_place is not None:
        path.write_bytes(in_place)
    with pytest.raises(SourceError, match=told) as error:
        place(path, NEW, expected=expected)
    assert error.value.reason_id == "LIST_NOT_THE_PREVIOUS"
    assert read_in_place(path) == in_place
    assert not hash_path(path).exists()


def test_of_many_writers_at_once_one_wins(path: Path) -> None:
    place(path, OLD, expected=None)
    start = threading.Barrier(8)

    def write(number: int) -> str:
        start.wait()
        try:
            place(path, b"%d" % number, expected=OLD)
        except SourceError as error:
            return error.reason_id
        return ""

    with ThreadPoolExecutor(8) as pool:
        refusals = list(pool.map(write, range(8)))
    assert sorted(refusals) == ["", *["LIST_NOT_THE_PREVIOUS"] * 7]
    assert path.read_bytes() == b"%d" % refusals.index("")
    assert hint(path) == sha256(path.read_bytes()).hexdigest()


# The steps after each of which somebody may pull the plug.
STEPS = ("first file written", "second file written", "hint removed", "list replaced", "hint replaced")
KILLED = """
import os, signal, sys
from pathlib import Path
from trust_lists.publishing.placing import place
steps = int(sys.argv[2])

def counted(real):
    def step(*arguments, **more):
        global steps
        found = real(*arguments, **more)
        steps -= 1
        if steps == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return found
    return step

os.fsync = counted(os.fsync)
Path.unlink = counted(Path.unlink)
Path.replace = counted(Path.replace)
place(Path(sys.argv[1]), b"<new/>", expected=b"<old/>")
"""


@pytest.mark.parametrize("step", range(1, len(STEPS) + 1), ids=STEPS)
def test_killed_in_the_middle_it_leaves_the_old_list_or_the_new_one(path: Path, step: int) -> None:
    place(path, OLD, expected=None)
    done = subprocess.run([sys.executable, "-c", KILLED, str(path), str(step)], check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL
    assert path.read_bytes() == (OLD if step < 4 else NEW)
    if hash_path(path).exists():
        assert hint(path) == sha256(path.read_bytes()).hexdigest()

    place(path, b"<next/>", expected=path.read_bytes())
    assert sorted(file.name for file in path.parent.iterdir()) == ["example-tl.sha2", "example-tl.xml"]


def test_a_full_disk_leaves_the_old_list(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place(path, OLD, expected=None)

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(placing.os, "fsync", full)
    with pytest.raises(SourceError, match="No space left") as error:
        place(path, NEW, expected=OLD)
    assert error.value.reason_id == "LIST_NOT_WRITTEN"
    assert (path.read_bytes(), hint(path)) == (OLD, sha256(OLD).hexdigest())
    assert len(list(path.parent.iterdir())) == 2


def test_what_cannot_be_read_or_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cannot be read"):
        read_in_place(tmp_path)
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(SourceError, match="cannot be"):
        place(tmp_path / "file" / "list.xml", NEW, expected=None)


def test_names_of_lists_without_signature() -> None:
    assert unsigned_path(Path("a/list.xml")) == Path("a/list.unsigned.xml")
    assert signed_path(Path("a/list.unsigned.xml")) == Path("a/list.xml")
    assert signed_path(Path("a/list.xml")) == Path("a/list.xml")
