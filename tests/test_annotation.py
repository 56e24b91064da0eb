"""A person at a terminal: what is kept of the answers, whatever happens."""

import os
import pty
import select
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
import small_model
from typer.testing import CliRunner

from ticket_triage import taxonomy
from ticket_triage.cli import app
from ticket_triage.files import read_json, write_text
from ticket_triage.labeling import annotations, audit
from ticket_triage.schema import GOLD_COLUMNS

ROOT = Path(__file__).parent.parent
LABELS = taxonomy.from_labels(small_model.WORDS, "small")
TICKETS = small_model.tickets(60, seed=6)
UNLABELLED = small_model.tickets(50, seed=7, labelled=0)
ONE = "1\r21\r"  # billing, no second, medium, negative, the language that was guessed


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder as the pipeline leaves it, without a model."""
    for part, rows in {"train": TICKETS[:30], "validation": TICKETS[30:], "unlabelled": UNLABELLED}.items():
        path = tmp_path / f"data/split/{part}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        rows.to_parquet(path, index=False)
    (tmp_path / "data/validated").mkdir()
    write_text(tmp_path / "data/validated/taxonomy.yaml", taxonomy.to_yaml(LABELS))
    own = TICKETS.rename(columns=lambda name: name.removeprefix("gold_")).reindex(
        columns=["ticket_id", *GOLD_COLUMNS]
    )
    own.astype({"passes": "Int32"}).to_parquet(tmp_path / "data/validated/gold.parquet", index=False)
    (tmp_path / "data/gold").mkdir()
    for name in ("params.yaml", "data/gold/GUIDELINES.md"):
        shutil.copyfile(ROOT / name, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(typed: str, *words: str, annotator: str = "ann") -> str:
    done = CliRunner().invoke(app, ["annotate", "--annotator", annotator, *words], input=typed)
    assert done.exit_code == 0, done.output
    return done.output


def kept(home: Path) -> pd.DataFrame:
    return annotations.read(home / "data/gold/annotations.csv")


def test_answers_are_kept_with_annotator_and_time_and_without_text(home: Path) -> None:
    said = run("1\r23\r" + "42321" + "q")
    table = kept(home)
    assert table["category"].tolist() == ["billing", "praise"]
    assert table["second_category"].fillna("").tolist() == ["", "delivery"]
    assert table["priority"].tolist() == ["medium", "high"]
    assert table["sentiment"].tolist() == ["positive", "neutral"]
    assert table["language"].tolist()[1] == "en"
    assert set(table["annotator"]) == {"ann"} and set(table["how"]) == {"random"}
    assert set(table["text_key"]) <= set(UNLABELLED["text_key"])
    assert "2 tickets annotated" in said and "1 of 50" in said and "3 of 50" in said
    text = UNLABELLED.set_index("text_key").loc[table["text_key"].iloc[0], "text"]
    assert text[:30] in said
    assert text not in (home / "data/gold/annotations.csv").read_text()


def test_the_next_session_goes_on_where_the_last_one_was_left(home: Path) -> None:
    run(ONE + "4\r" + "q")
    assert len(kept(home)) == 1
    (draft,) = (home / "data/.annotating").iterdir()
    left = read_json(draft)["text_key"]
    said = run("211" + "q")
    assert "category praise" in said
    assert kept(home)["text_key"].tolist()[1] == left
    assert kept(home)["category"].tolist() == ["billing", "praise"]
    assert not draft.exists()


def test_undo_takes_back_an_answer_and_a_ticket(home: Path) -> None:
    run("1u2\r21\r" + "u" + "3\r111" + "q")
    table = annotations.standing(kept(home))
    assert table["category"].tolist() == ["outage"]
    assert kept(home)["how"].tolist() == ["random", "withdrawn", "random"]
    assert len(set(kept(home)["text_key"])) == 1


def test_skipped_tickets_come_again_and_labelled_ones_do_not(home: Path) -> None:
    said = run("s" + ONE + "q")
    assert "1 tickets annotated, 1 skipped" in said
    again = run("q")
    assert "1 of 49" in again


def test_another_language_is_typed(home: Path) -> None:
    run("1\r21" + "oSV\r" + "q")
    assert kept(home)["language"].tolist() == ["sv"]


def test_a_second_annotator_sees_no_label_and_kappa_is_told(home: Path) -> None:
    said = run(ONE * 5 + "q", "--again", annotator="bo")
    assert "its labels are not shown" in said and "gold says" not in said
    assert set(kept(home)["how"]) == {"again"}
    assert set(kept(home)["text_key"]) <= set(TICKETS["text_key"])
    told = CliRunner().invoke(app, ["annotate", "--kappa"]).output
    assert "gold and bo" in told and "quadratic" in told
    assert "No ticket has two readings" not in told


def test_disputed_tickets_are_decided_in_sight_of_both_readings(home: Path) -> None:
    run(ONE * 4 + "q", "--again", annotator="bo")
    gold = TICKETS.set_index("text_key")
    table = kept(home)
    differ = [
        key
        for key in table["text_key"]
        if (gold.loc[key, "gold_category"], gold.loc[key, "gold_priority"]) != ("billing", "medium")
    ]
    said = run("2\r311" * len(differ), "--adjudicate", annotator="cy")
    assert "gold:" in said and "bo: billing, medium" in said
    found = annotations.newest(kept(home))
    assert (found.loc[differ, "category"] == "delivery").all()
    assert "all of this queue are done" in run("", "--adjudicate", annotator="cy")


def test_the_audits_list_is_read_in_its_order(home: Path) -> None:
    keys_ = TICKETS["text_key"].tolist()
    rows = [
        ("category", key, "t", "train", "billing", None, "praise", 0.93, 0.01, 0.01) for key in keys_[4:1:-1]
    ]
    pd.DataFrame(rows, columns=audit.COLUMNS).to_csv(home / "review.csv", index=False)
    said = run("4\r111" + "q", "--audit", "review.csv")
    assert "gold says billing, the model praise (93%)" in said and "1 of 3" in said
    assert kept(home)[["text_key", "how"]].values.tolist() == [[keys_[4], "audit"]]
    assert "1 of 2" in run("q", "--audit", "review.csv")


def test_options_that_exclude_each_other_and_names_that_are_taken_are_refused(home: Path) -> None:
    done = CliRunner().invoke(app, ["annotate", "--again", "--adjudicate"])
    assert done.exit_code == 1 and "choose one of" in done.stderr
    done = CliRunner().invoke(app, ["annotate", "--annotator", "gold"])
    assert done.exit_code == 1 and "taken or empty" in done.stderr


class Terminal:
    """The command under a real pseudo-terminal."""

    def __init__(self, home: Path, *words: str) -> None:
        self.master, slave = pty.openpty()
        code = "from ticket_triage.cli import app; app()"
        self.process = subprocess.Popen(
            [sys.executable, "-c", code, "annotate", "--annotator", "ann", *words],
            cwd=home,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={**os.environ, "TERM": "xterm", "COLUMNS": "120", "LINES": "50"},
            start_new_session=True,
        )
        os.close(slave)
        self.seen = ""

    def until(self, words: str, times: int = 1) -> None:
        end = time.monotonic() + 60
        while self.seen.count(words) < times:
            assert time.monotonic() < end, self.seen[-2000:]
            if select.select([self.master], [], [], 0.5)[0]:
                try:
                    self.seen += os.read(self.master, 65536).decode("utf-8", "replace")
                except OSError:  # the other end is closed
                    break
        assert self.seen.count(words) >= times, self.seen[-2000:]

    def type(self, keys: str) -> None:
        os.write(self.master, keys.encode())


def test_killed_in_the_middle_of_a_ticket_no_answer_is_lost(home: Path) -> None:
    terminal = Terminal(home)
    terminal.until("Which team")
    for key, asked, times in (
        ("1", "Does another fit", 1),
        ("\r", "How soon", 1),
        ("2", "The tone", 1),
        ("1", "In which language", 1),
        ("\r", "Which team", 2),
        ("4", "Does another fit", 2),
        ("1", "How soon", 2),
    ):
        terminal.type(key)
        terminal.until(asked, times)
    os.kill(terminal.process.pid, signal.SIGKILL)
    terminal.process.wait()
    assert kept(home)["category"].tolist() == ["billing"]

    terminal = Terminal(home)
    terminal.until("How soon")
    assert "Which team" not in terminal.seen
    for key, asked in (
        ("3", "The tone"),
        ("1", "In which language"),
        ("1", "Which team"),
        ("q", "skipped; kept"),
    ):
        if key == "q":
            terminal.type("ss")
            terminal.until("Which team", 3)
        terminal.type(key)
        terminal.until(asked)
    assert terminal.process.wait(timeout=30) == 0
    table = kept(home)
    assert table[["category", "priority"]].values.tolist() == [["billing", "medium"], ["praise", "high"]]
    assert table["second_category"].tolist()[1] == "billing"
