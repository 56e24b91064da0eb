"""The download fails in a sentence with the way around it; its checksum is held against the expected one."""

import hashlib
import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ticket_triage.files import TriageError, sha256
from ticket_triage.sources import kaggle

ROOT = Path(__file__).parent.parent
POINTER = ROOT / "data" / "kaggle.yaml"


def test_the_pointer_that_comes_with_the_project() -> None:
    where = kaggle.pointer(POINTER)
    assert where["dataset"] == "thoughtvector/customer-support-on-twitter"
    assert where["sha256"] == "cd297fcfa1bf6f99938be242e8e578980bc6d1b96adc8691abec9a39175b03c0"
    assert kaggle.member(POINTER) == "twcs.csv"


def test_without_a_network_the_steps_by_hand_are_told(tmp_path: Path) -> None:
    script = (
        "from pathlib import Path\n"
        "from ticket_triage import params, sources\n"
        "from ticket_triage.files import TriageError\n"
        f"source = params.Kaggle(kind='kaggle', path={str(POINTER)!r})\n"
        "try:\n"
        f"    sources.ingest('kaggle', source, Path({str(tmp_path / 'out')!r}))\n"
        "except TriageError as error:\n"
        "    print(error)\n"
    )
    nobody = "http://127.0.0.1:9"  # a proxy that is not there: no network, even on a machine that has one
    environment = os.environ | {
        "HTTPS_PROXY": nobody,
        "https_proxy": nobody,
        "KAGGLEHUB_CACHE": str(tmp_path),
    }
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert "cannot download thoughtvector/customer-support-on-twitter from Kaggle" in done.stdout
    assert "https://www.kaggle.com/datasets/thoughtvector/customer-support-on-twitter" in done.stdout
    assert "`make pipeline SOURCE=twcs TWCS=path/to/twcs.csv`" in done.stdout
    assert len(done.stdout.splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_another_checksum_is_a_warning_and_both_are_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file.csv").write_bytes(b"a,b\n1,2\n")
    found = sha256(tmp_path / "file.csv")
    assert found == hashlib.sha256(b"a,b\n1,2\n").hexdigest()
    (tmp_path / "right.yaml").write_text(f"dataset: a/b\nfile: file.csv\nsha256: {found}\n")
    with caplog.at_level(logging.WARNING):
        assert kaggle.check(tmp_path / "right.yaml", found)
        assert not caplog.records
        assert not kaggle.check(POINTER, found)
    assert found in caplog.text
    assert kaggle.pointer(POINTER)["sha256"] in caplog.text


@pytest.mark.parametrize("content", ["", "dataset: a/b\n", "dataset: a/b\nfile: f\nsha256: 5\n", "a: [\n"])
def test_a_wrong_pointer_is_refused_by_name(tmp_path: Path, content: str) -> None:
    (tmp_path / "kaggle.yaml").write_text(content)
    with pytest.raises(TriageError, match=r"kaggle\.yaml"):
        kaggle.pointer(tmp_path / "kaggle.yaml")
