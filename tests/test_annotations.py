"""The file of annotations, and what of it is gold."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
import small_model
import small_taxonomy

from ticket_triage import taxonomy
from ticket_triage.files import TriageError
from ticket_triage.labeling import annotations
from ticket_triage.labeling.annotations import Annotation

LABELS = taxonomy.from_labels(small_model.WORDS, "small")
TICKETS = small_model.tickets(40, seed=8, labelled=0.5).assign(gold_sentiment=None, gold_passes=pd.NA)
TICKETS = TICKETS.astype({"gold_passes": "Int32", "gold_sentiment": "str"})
KEYS = TICKETS["text_key"].tolist()


def one(key: str, category: str | None, at: int, who: str = "ann", how: str = "random") -> Annotation:
    given = ("medium", "neutral", "en") if category else (None, None, None)
    return Annotation(key, category, None, *given, who, f"2024-01-01T00:00:{at:02d}+00:00", how)


def table(*rows: Annotation) -> pd.DataFrame:
    return pd.DataFrame([vars(row) for row in rows], columns=annotations.COLUMNS).astype("str")


def test_what_is_appended_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "deep/annotations.csv"
    assert annotations.read(path).empty
    rows = [
        one(KEYS[0], "billing", 1),
        one(KEYS[1], "praise", 2, "bo, jr."),
        one(KEYS[0], None, 3, how="withdrawn"),
    ]
    for row in rows:
        annotations.append(path, row)
    pd.testing.assert_frame_equal(annotations.read(path), table(*rows))
    assert not [text for text in TICKETS["text"] if text in path.read_text("utf-8")]


def test_a_line_that_was_cut_off_costs_that_line_alone(tmp_path: Path) -> None:
    path = tmp_path / "annotations.csv"
    annotations.append(path, one(KEYS[0], "billing", 1))
    with path.open("a") as stream:
        stream.write(f"{KEYS[1]},prai")
    assert len(annotations.read(path)) == 1
    annotations.append(path, one(KEYS[2], "outage", 2))
    assert annotations.read(path)["text_key"].tolist() == [KEYS[0], KEYS[2]]


def test_a_killed_writer_loses_nothing_that_it_had_appended(tmp_path: Path) -> None:
    path, told = tmp_path / "annotations.csv", tmp_path / "told"
    script = (
        "import sys; from pathlib import Path; from ticket_triage.labeling import annotations as a\n"
        "for n in range(10**6):\n"
        "    a.append(Path(sys.argv[1]), a.Annotation(f'{n:016x}', 'billing', None, 'low', None, None, 'ann',\n"
        "             f'2024-01-01T00:00:00.{n:06d}+00:00', 'random'))\n"
        "    print(n, file=sys.stderr, flush=True)\n"
    )
    with told.open("w") as stream:
        process = subprocess.Popen([sys.executable, "-c", script, str(path)], stderr=stream)
        while told.stat().st_size < 200 and process.poll() is None:
            time.sleep(0.01)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    said = int(told.read_text().splitlines()[-2])
    kept = annotations.read(path)
    assert len(kept) > said
    assert kept["text_key"].tolist() == [f"{n:016x}" for n in range(len(kept))]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("a,b\n1,2\n", "need the columns"),
        (
            ",".join(annotations.COLUMNS) + "\nnokey,a,,low,,,ann,2024-01-01,random\n",
            "line 2 of the annotations",
        ),
        (
            ",".join(annotations.COLUMNS) + f"\n{KEYS[0]},a,,low,,,ann,never,random\n",
            "line 2 of the annotations",
        ),
        (
            ",".join(annotations.COLUMNS) + f"\n{KEYS[0]},a,,low,,,ann,2024-01-01,x\n",
            "line 2 of the annotations",
        ),
    ],
)
def test_a_damaged_file_is_refused_by_line(tmp_path: Path, content: str, said: str) -> None:
    (tmp_path / "annotations.csv").write_text(content)
    with pytest.raises(TriageError, match=said):
        annotations.read(tmp_path / "annotations.csv")


def test_the_newest_reading_counts_and_an_adjudication_more_than_it() -> None:
    rows = [one(KEYS[0], "billing", 1), one(KEYS[0], "praise", 2, "bo"), one(KEYS[1], "outage", 3)]
    found = annotations.newest(table(*rows))
    assert found.loc[KEYS[0], "category"] == "praise"
    assert found.loc[[KEYS[0], KEYS[1]], "passes"].tolist() == [2, 1]
    decided = [
        *rows,
        one(KEYS[0], "delivery", 4, how="adjudicated"),
        one(KEYS[0], "praise", 5, "cy", "again"),
    ]
    assert annotations.newest(table(*decided)).loc[KEYS[0], "category"] == "delivery"


def test_what_was_withdrawn_uncovers_what_stood_before() -> None:
    rows = [one(KEYS[0], "billing", 1), one(KEYS[0], "praise", 2), one(KEYS[0], None, 3, how="withdrawn")]
    assert annotations.newest(table(*rows)).loc[KEYS[0], "category"] == "billing"
    gone = table(*rows, one(KEYS[0], None, 4, how="withdrawn"))
    assert annotations.newest(gone).empty
    assert annotations.first(gone).empty


def test_annotations_take_the_place_of_gold_and_of_nothing_else() -> None:
    labelled = TICKETS.index[TICKETS["gold_category"].notna()][0]
    bare = TICKETS.index[TICKETS["gold_category"].isna()][0]
    notes = table(
        one(KEYS[labelled], "praise", 1), one(KEYS[bare], "outage", 2), one("f" * 16, "of another pool", 3)
    )
    found = annotations.apply(TICKETS, notes, LABELS)
    assert found.loc[[labelled, bare], "gold_category"].tolist() == ["praise", "outage"]
    assert found.loc[labelled, "gold_second_category"] is None or pd.isna(
        found.loc[labelled, "gold_second_category"]
    )
    assert found.loc[bare, "gold_passes"] == 1
    rest = TICKETS.index.difference([labelled, bare])
    pd.testing.assert_frame_equal(found.loc[rest], TICKETS.loc[rest])
    assert list(found.dtypes) == list(TICKETS.dtypes)
    with pytest.raises(TriageError, match="the annotations: `category` holds 'outage', 'praise'"):
        annotations.apply(
            TICKETS, notes, small_taxonomy.make(categories=small_taxonomy.make().categories[:2])
        )
