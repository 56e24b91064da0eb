"""Gold that is added later gets a part, and moves nothing."""

import pandas as pd
from gold_tickets import SIZES, changed, tickets

from ticket_triage.labeling import annotations
from ticket_triage.labeling.additions import divide
from ticket_triage.labeling.split import split

TABLE = tickets(count=700, labelled=0.5)
NONE = pd.DataFrame(columns=annotations.COLUMNS, dtype="str")
BEFORE = split(TABLE, None, SIZES)
FREE = TABLE[BEFORE["part"] == "unlabelled"]


def notes(keys: list[str], how: str = "random", start: int = 0) -> pd.DataFrame:
    rows = [
        (
            key,
            "b",
            None,
            "low",
            "neutral",
            "en",
            "ann",
            f"2024-01-{1 + n // 60:02d}T00:{n % 60:02d}:00+00:00",
            how,
        )
        for n, key in enumerate(keys, start)
    ]
    return pd.DataFrame(rows, columns=annotations.COLUMNS).astype("str")


def test_without_annotations_all_is_as_split_says() -> None:
    pd.testing.assert_frame_equal(divide(TABLE, None, NONE, SIZES), BEFORE)


def test_drawn_ones_are_dealt_out_in_the_shares_of_the_rest_and_chosen_ones_are_for_training() -> None:
    keys = FREE["text_key"].tolist()
    drawn = divide(TABLE, None, notes(keys), SIZES)
    counts = drawn.loc[FREE.index, "part"].value_counts(normalize=True)
    assert counts["test"] > 0.1 and counts["validation"] > 0.08 and counts["train"] > 0.4
    assert set(drawn.loc[FREE.index, "half"].dropna()) == {"thresholds", "conformal"}
    others = TABLE.index.difference(FREE.index)
    pd.testing.assert_frame_equal(drawn.loc[others], BEFORE.loc[others])
    chosen = divide(TABLE, None, notes(keys, "unsure"), SIZES)
    assert set(chosen.loc[FREE.index, "part"]) <= {"train", "held_back"}


def test_what_has_its_part_keeps_it_whatever_is_added() -> None:
    keys = FREE["text_key"].tolist()
    few = divide(TABLE, None, notes(keys[:60]), SIZES)
    more = divide(TABLE, None, pd.concat([notes(keys[:60]), notes(keys[60:], start=60)]), SIZES)
    placed = few.index[few["part"].isin(["train", "validation", "test", "newest"])]
    pd.testing.assert_frame_equal(few.loc[placed], more.loc[placed])
    corrected = TABLE.index[BEFORE["part"] == "test"][:20]
    fixed = divide(TABLE, None, notes(TABLE.loc[corrected, "text_key"].tolist(), "audit"), SIZES)
    pd.testing.assert_frame_equal(fixed, BEFORE)


def test_the_split_in_git_comes_first() -> None:
    keys = FREE["text_key"].tolist()[:9]
    given = ["train", "validation", "test"] * 3
    committed = pd.DataFrame(
        {"text_key": keys, "part": given, "half": [None, "thresholds", None] * 3}, dtype="str"
    )
    found = divide(TABLE, committed, notes(keys), SIZES)
    at = TABLE.index[TABLE["text_key"].isin(keys)]
    placed = found.loc[at, "part"].to_numpy()
    assert [part in (want, "held_back") for part, want in zip(placed, given, strict=True)] == [True] * 9


def test_one_like_a_trained_ticket_is_trained_on_and_one_like_two_parts_is_for_nothing() -> None:
    train, test = (TABLE.index[BEFORE["part"] == part] for part in ("train", "test"))
    alike = int(FREE.index[0])
    table = changed(TABLE, text={alike: TABLE.loc[train[0], "text"] + " w1"})
    found = divide(table, None, notes([table.loc[alike, "text_key"]]), SIZES)
    assert found.loc[alike, "part"] == "train"
    near_test = changed(TABLE, text={alike: TABLE.loc[test[0], "text"] + " w1"})
    found = divide(near_test, None, notes([near_test.loc[alike, "text_key"]]), SIZES)
    assert found.loc[alike, "part"] == "held_back"


def test_unlabelled_tickets_like_an_added_held_out_one_are_held_back() -> None:
    keys = FREE["text_key"].tolist()
    parts = divide(TABLE, None, notes(keys[:100]), SIZES)
    held = next(at for at in FREE.index[:100] if parts.loc[at, "part"] == "test")
    other = int(FREE.index[-1])
    table = changed(TABLE, text={other: TABLE.loc[held, "text"] + " w1"})
    found = divide(table, None, notes(keys[:100]), SIZES)
    assert found.loc[held, "part"] == "test"
    assert found.loc[other, ["part", "reason"]].tolist() == ["held_back", "like a held-out ticket"]
