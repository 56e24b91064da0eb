"""A lock file that a kill cut off, at every place where it can be."""

from pathlib import Path

import pytest
import yaml

from pipelines import lock

STAGE = """  {name}:
    cmd: python -m pipelines.{name}
    deps:
    - path: params.yaml
      hash: md5
      md5: 0f2a0ed98f573fb167ea5a2f5f7bca5d
      size: 82282
    outs:
    - path: data/{name}
      hash: md5
      md5: 0f2a0ed98f573fb167ea5a2f5f7bca5d
      size: 82282
"""
WHOLE = "schema: '2.0'\nstages:\n" + "".join(STAGE.format(name=name) for name in ("ingest", "label", "split"))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "dvc.lock"


def test_wherever_it_is_cut_off_whole_stages_are_kept(path: Path) -> None:
    for end in range(0, len(WHOLE), 5):
        path.write_text(WHOLE[:end])
        lock.mend(path, say=lambda _: None)
        whole = [name for name in ("ingest", "label", "split") if STAGE.format(name=name) in WHOLE[:end]]
        kept = yaml.safe_load(path.read_text()).get("stages", {}) if path.exists() else {}
        assert set(whole) <= set(kept)
        assert all(kept[name] == yaml.safe_load(WHOLE)["stages"][name] for name in whole)


@pytest.mark.parametrize(
    "broken",
    [
        WHOLE.replace("  label:\n", "<<<<<<< HEAD\n  label:\n=======\n  other:\n>>>>>>> theirs\n"),
        "<<<<<<< HEAD\n" + WHOLE,
        "<<<<<<< HEAD\n",
        WHOLE.replace("schema", "scheme"),
    ],
)
def test_what_a_merge_or_a_hand_broke_is_left_to_who_broke_it(path: Path, broken: str) -> None:
    said: list[str] = []
    path.write_text(broken)
    lock.mend(path, said.append)
    assert path.read_text() == broken
    assert said == []


def test_a_whole_file_is_left_alone_and_a_broken_one_is_told(path: Path) -> None:
    said: list[str] = []
    lock.mend(path, said.append)
    path.write_text(WHOLE)
    lock.mend(path, said.append)
    assert path.read_text() == WHOLE
    assert said == []
    path.write_text(WHOLE[: WHOLE.rindex(": data")])
    lock.mend(path, said.append)
    assert path.read_text() == WHOLE[: -len(STAGE.format(name="split"))]
    assert "26 of its lines" in said[0]
