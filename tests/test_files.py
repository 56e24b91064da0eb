"""Nothing half-written, and a sentence when something cannot be had."""

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from ticket_triage import files
from ticket_triage.files import TriageError


def test_an_atomic_write_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    files.write_json(path, {"a": 1})
    with pytest.raises(RuntimeError), files.atomic(path) as draft:
        draft.write_text("half")
        raise RuntimeError
    assert files.read_json(path) == {"a": 1}
    assert [child.name for child in tmp_path.iterdir()] == ["report.json"]


def test_a_folder_takes_the_place_of_a_folder_whole(tmp_path: Path) -> None:
    for content in ("old", "new"):
        with files.atomic(tmp_path / "model") as draft:
            draft.mkdir()
            (draft / content).write_text(content)
    assert [child.name for child in (tmp_path / "model").iterdir()] == ["new"]


def test_what_a_killed_process_left_is_swept_away_and_a_living_one_s_is_not(tmp_path: Path) -> None:
    script = (
        "import os, signal, sys; from pathlib import Path; from ticket_triage import files\n"
        "with files.atomic(Path(sys.argv[1])) as draft:\n"
        "    draft.write_text('half'); os.kill(os.getpid(), signal.SIGKILL)"
    )
    path = tmp_path / "report.json"
    subprocess.run([sys.executable, "-c", script, str(path)])
    assert len(list(tmp_path.iterdir())) == 1
    with files.atomic(path) as draft:
        draft.write_text("{}")
        with files.atomic(path) as other:
            other.write_text("[]")
        assert draft.exists()
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_is_a_sentence_and_leaves_no_part(tmp_path: Path) -> None:
    # A limit on a file's size fails as a full disk does, in the middle of a write.
    script = (
        "import resource, signal, sys; from pathlib import Path; from ticket_triage import files;"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096));\n"
        "try: files.write_text(Path(sys.argv[1]), 'x' * 10000)\n"
        "except files.TriageError as error: print(error)"
    )
    path = tmp_path / "big.txt"
    done = subprocess.run(
        [sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith(f"cannot write {path}: ")
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(TriageError, match=r"cannot write .*file/report\.json"):
        files.write_json(tmp_path / "file/report.json", {})


def test_an_experiment_in_a_copy_of_the_repository_keeps_its_records_in_the_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder, expected in (("plain", "plain"), ("repo/.dvc/tmp/exps/standalone/x", "repo")):
        (tmp_path / folder).mkdir(parents=True)
        monkeypatch.chdir(tmp_path / folder)
        assert files.workspace() == tmp_path / expected


@pytest.mark.parametrize("read", [files.read_json, files.read_table, files.read_text])
def test_a_missing_file_says_what_to_do(tmp_path: Path, read) -> None:
    with pytest.raises(TriageError, match=r"none does not exist: run `dvc repro`"):
        read(tmp_path / "none")


def test_damaged_files_are_named(tmp_path: Path) -> None:
    path = tmp_path / "bad"
    path.write_bytes(b"\xff{")
    for read in (files.read_json, files.read_table, files.read_text):
        with pytest.raises(TriageError, match=r"cannot read .*bad"):
            read(path)


def test_a_table_comes_back_and_equal_ones_are_equal_bytes(tmp_path: Path) -> None:
    frame = pd.DataFrame({"a": ["x", None], "b": [1.5, 2.5]})
    for name in ("one", "two"):
        files.write_table(tmp_path / name, frame)
    pd.testing.assert_frame_equal(files.read_table(tmp_path / "one"), frame.astype({"a": "str"}))
    assert files.sha256(tmp_path / "one") == files.sha256(tmp_path / "two")


def test_the_hash_of_a_folder_sees_names_and_contents(tmp_path: Path) -> None:
    seen = set()
    for name, content in (("a", "1"), ("a", "2"), ("b", "2")):
        folder = tmp_path / f"{name}{content}"
        folder.mkdir()
        (folder / name).write_text(content)
        seen.add(files.sha256(folder))
    assert len(seen) == 3


def test_md5_is_dvcs(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"1\n")
    assert files.md5(path) == "b026324c6904b2a9cb4b88d6d61c81d1"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("@shop Where is it?? https://t.co/x", "where is it"),
        ("ÉTÉ,  chaud", "été chaud"),
        ("line\r\nbreak", "line break"),
    ],
)
def test_texts_that_normalise_alike_share_a_key(one: str, other: str) -> None:
    assert files.text_key(one) == files.text_key(other)
    assert len(files.text_key(one)) == 16


def test_a_lone_surrogate_has_a_key_too() -> None:
    assert files.text_key("a\ud800b")
