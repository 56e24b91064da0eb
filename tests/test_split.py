import pandas as pd
import pytest
from gold_tickets import SIZES, VOCABULARY, changed, tickets

from ticket_triage.files import TriageError
from ticket_triage.labeling import split


def test_parts_have_their_sizes_and_halves() -> None:
    parts = split.split(tickets(), None, SIZES)
    counts = parts["part"].value_counts()
    assert abs(counts["test"] - 100) <= 2  # a quarter, since there are too few for 1,500
    assert abs(counts["validation"] - 80) <= 2
    assert abs(counts["newest"] - 24) <= 4
    halves = parts.loc[parts["part"] == "validation", "half"].value_counts()
    assert abs(halves["thresholds"] - halves["conformal"]) <= 2
    assert parts.loc[parts["part"] != "validation", "half"].isna().all()


def test_labels_and_missing_dates_are_spread_evenly() -> None:
    table = tickets(800)
    table = table.assign(part=split.split(table, None, SIZES)["part"]).query(
        "part not in ('newest', 'held_back')"
    )
    for share in (table["gold_category"] == "a", table["gold_priority"] == "low", table["created_at"].isna()):
        by_part = share.groupby(table["part"]).mean()
        assert by_part.max() - by_part.min() < 0.04


def test_the_order_of_the_rows_does_not_matter_and_the_seed_does() -> None:
    table = tickets(labelled=0.8)
    parts = split.split(table, None, SIZES)
    shuffled = split.split(table.sample(frac=1, random_state=5), None, SIZES)
    pd.testing.assert_frame_equal(shuffled.loc[table.index], parts)
    other = split.split(table, None, SIZES.model_copy(update={"seed": 2}))
    assert (other["part"] != parts["part"]).any()


def test_the_newest_slice_is_newer_than_all_the_rest() -> None:
    table = tickets()
    parts = split.split(table, None, SIZES)
    part = parts["part"]
    dates = table["created_at"].groupby(part).agg(["min", "max"])
    assert dates.loc["newest", "min"] > dates.loc[["train", "validation", "test"], "max"].max()
    assert table.loc[part == "newest", "created_at"].notna().all()
    older = table[parts["reason"] == "gold of a held-out group"]
    assert len(older)
    assert older["customer"].isin(table.loc[part == "newest", "customer"]).all()


def test_no_newest_slice_is_kept_when_none_is_wanted() -> None:
    parts = split.split(tickets(), None, SIZES.model_copy(update={"newest": 0.0}))
    assert set(parts["part"]) == {"train", "validation", "test"}


def test_one_customer_and_near_duplicates_stay_together() -> None:
    table = tickets()
    text = " ".join(VOCABULARY[:20])
    table = changed(
        table, text={3: text, 50: text + " again", 90: text + " please"}, customer={90: "x", 200: "x"}
    )
    parts = split.split(table, None, SIZES)
    assert len(set(parts.loc[[3, 50, 90, 200], "part"])) == 1
    known = table[table["customer"].notna() & (parts["part"] != "held_back")]
    assert (
        parts["part"].loc[known.index].groupby(known["customer"]).agg(lambda own: len(set(own))) == 1
    ).all()


def test_a_gold_text_counts_once() -> None:
    table = changed(tickets(), text={3: "the same words", 50: "The SAME words!"})
    parts = split.split(table, None, SIZES).loc[[3, 50]]
    assert sorted(parts["part"] == "held_back") == [False, True]
    assert parts["reason"].dropna().tolist() == ["copy of a gold text"]


def test_committed_texts_keep_their_part_and_their_groups_do_not_reach_train() -> None:
    table = tickets()
    text = " ".join(VOCABULARY[:20])
    table = changed(
        table,
        text={
            3: text,
            50: text + " again",
            7: text + " never",
            90: "quite another text",
            91: "one more text",
        },
        customer={8: "tester", 10: "tester", 90: "trainer", 91: "trainer"},
    )
    committed = pd.DataFrame(
        [("test", None), ("validation", "conformal"), ("train", None)], columns=["part", "half"]
    ).assign(text_key=table["text_key"].loc[[3, 8, 90]].to_numpy())
    parts = split.split(table, committed, SIZES)
    assert parts["part"].loc[[3, 8, 90]].tolist() == ["test", "validation", "train"]
    assert parts.loc[8, "half"] == "conformal"
    assert parts["part"].loc[[50, 7, 10]].tolist() == ["held_back"] * 3
    assert parts.loc[91, "part"] == "train"


def test_unlabelled_tickets_like_held_out_ones_are_held_back() -> None:
    table = tickets(labelled=0.7)
    first = split.split(table, None, SIZES)["part"]
    free = table.index[first == "unlabelled"][:3]
    held_out = table.index[(first == "test") & table["customer"].notna()][0]
    trained = table.index[first == "train"][0]
    table = changed(
        table,
        text={
            free[0]: table.loc[held_out, "text"] + " so there",
            free[2]: table.loc[trained, "text"] + " so there",
        },
        customer={free[1]: table.loc[held_out, "customer"], free[0]: None, free[2]: None},
    )
    parts = split.split(table, None, SIZES)
    assert parts.loc[free, "part"].tolist() == ["held_back", "held_back", "unlabelled"]
    assert parts.loc[free[:2], "reason"].tolist() == [
        "like a held-out ticket",
        "customer of a held-out ticket",
    ]


def test_without_gold_everything_is_unlabelled() -> None:
    parts = split.split(tickets(20, labelled=0), None, SIZES)
    assert set(parts["part"]) == {"unlabelled"}


def test_one_customer_for_all_is_refused() -> None:
    with pytest.raises(TriageError, match="leave the column `customer` unmapped"):
        split.split(tickets(40).assign(customer="ACME"), None, SIZES)


def test_the_report_counts_every_ticket() -> None:
    table = changed(tickets(labelled=0.5), text={3: "a b c", 4: "a b c"})
    parts = split.split(table, None, SIZES)
    report = split.report(table, parts)
    assert sum(report["parts"].values()) == len(table)
    assert sum(report["halves"].values()) == report["parts"]["validation"]
    assert sum(report["held_back"].values()) == report["parts"].get("held_back", 0)
