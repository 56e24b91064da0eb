"""The generated sample: the Kaggle file's shape, the mix asked for, neither trivial nor hopeless to learn."""

import copy
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score

from ticket_triage import params, taxonomy
from ticket_triage.files import TriageError, text_key
from ticket_triage.schema import GOLD_COLUMNS, PRIORITIES, SENTIMENTS
from ticket_triage.sources.sample import COLUMNS, generate, write_csv

ROOT = Path(__file__).parent.parent
PHRASES = ROOT / "data" / "phrases.yaml"
BOOK = yaml.safe_load(PHRASES.read_text("utf-8"))
WHEN = "%a %b %d %H:%M:%S %z %Y"


@pytest.fixture(scope="module")
def sample() -> tuple[pd.DataFrame, pd.DataFrame]:
    """The tweets and the gold that params.yaml asks for."""
    source = params.read(ROOT / "params.yaml").ingest.sources["sample"]
    return generate(PHRASES, source.tickets, source.gold, source.seed)


@pytest.fixture(scope="module")
def tweets(sample: tuple[pd.DataFrame, pd.DataFrame]) -> pd.DataFrame:
    return sample[0]


@pytest.fixture(scope="module")
def gold(sample: tuple[pd.DataFrame, pd.DataFrame]) -> pd.DataFrame:
    return sample[1]


@pytest.fixture(scope="module")
def read(sample: tuple[pd.DataFrame, pd.DataFrame]) -> pd.DataFrame:
    """Gold with its texts."""
    return sample[1].merge(sample[0][["tweet_id", "text"]], on="tweet_id", validate="one_to_one")


def broken(tmp_path: Path, change) -> Path:
    book = copy.deepcopy(BOOK)
    change(book)
    path = tmp_path / "phrases.yaml"
    path.write_text(yaml.safe_dump(book, allow_unicode=True), "utf-8")
    return path


def test_same_arguments_same_frames() -> None:
    first, again, other = (generate(PHRASES, 300, 100, seed) for seed in (3, 3, 4))
    pd.testing.assert_frame_equal(first[0], again[0])
    pd.testing.assert_frame_equal(first[1], again[1])
    assert not first[0]["text"].equals(other[0]["text"])


@pytest.mark.parametrize(("tickets", "gold"), [(1, 1), (20, 5), (50, 50), (50, 80)])
def test_any_size(tickets: int, gold: int) -> None:
    tweets, labels = generate(PHRASES, tickets, gold, 1)
    assert (tweets["in_response_to_tweet_id"] == "").sum() == tickets
    assert len(labels) == min(tickets, gold)


def test_columns_are_the_kaggle_files_own(tweets: pd.DataFrame) -> None:
    assert tuple(tweets.columns) == COLUMNS
    assert all(isinstance(value, str) for value in tweets.head(50).to_numpy().ravel())
    assert not tweets.isna().any().any()
    assert set(tweets["inbound"]) == {"True", "False"}
    assert tweets["tweet_id"].is_unique


def test_replies_point_both_ways(tweets: pd.DataFrame) -> None:
    parent = tweets.loc[tweets["in_response_to_tweet_id"] != "", ["tweet_id", "in_response_to_tweet_id"]]
    assert set(parent["in_response_to_tweet_id"]) <= set(tweets["tweet_id"])
    down = tweets.assign(child=tweets["response_tweet_id"].str.split(",")).explode("child")
    down = down.loc[down["child"] != "", ["child", "tweet_id"]]
    assert set(zip(down["child"], down["tweet_id"], strict=True)) == set(
        zip(*parent.to_numpy().T, strict=True)
    )
    assert tweets["response_tweet_id"].str.contains(",").any()


def test_times_ascend_in_a_conversation_and_authors_take_turns(tweets: pd.DataFrame) -> None:
    when = pd.to_datetime(tweets["created_at"], format=WHEN)
    assert (when.dt.strftime(WHEN) == tweets["created_at"]).all()
    at = pd.Series(when.to_numpy(), index=tweets["tweet_id"])
    replies = tweets[tweets["in_response_to_tweet_id"] != ""]
    assert (at[replies["tweet_id"]].to_numpy() > at[replies["in_response_to_tweet_id"]].to_numpy()).all()
    handles = {brand["handle"] for brand in BOOK["brands"]}
    assert set(tweets.loc[tweets["inbound"] == "False", "author_id"]) == handles
    assert tweets.loc[tweets["inbound"] == "True", "author_id"].str.fullmatch(r"\d+").all()
    first = tweets[tweets["in_response_to_tweet_id"] == ""]
    assert (first["inbound"] == "True").all()
    assert 0.1 < first["author_id"].duplicated().mean() < 0.4
    assert 0.05 < (first["response_tweet_id"] == "").mean() < 0.25


def test_categories_are_the_taxonomys() -> None:
    assert set(BOOK["categories"]) == set(taxonomy.read(ROOT / "data" / "taxonomy.yaml").labels)


def test_thirty_brands_and_six_industries() -> None:
    assert len({brand["name"] for brand in BOOK["brands"]}) >= 25
    assert len({brand["industry"] for brand in BOOK["brands"]}) == 6


def test_days_and_hours_have_a_rhythm_and_an_outage_is_a_burst(tweets: pd.DataFrame) -> None:
    first = tweets[tweets["in_response_to_tweet_id"] == ""]
    when = pd.to_datetime(first["created_at"], format=WHEN)
    assert when.dt.hour.between(12, 20).mean() > 2 * when.dt.hour.between(0, 6).mean()
    weekend = when.dt.dayofweek >= 5
    assert (~weekend).sum() / 5 > 1.1 * weekend.sum() / 2
    burst = BOOK["world"]["bursts"][0]
    hours = when.dt.floor("h")[first["text"].str.contains(burst["brand"], regex=False)].value_counts()
    assert abs(hours.index[0].tz_localize(None) - burst["starts"]) < pd.Timedelta(hours=burst["hours"])
    assert hours.iloc[0] > 5


def test_gold_labels(tweets: pd.DataFrame, gold: pd.DataFrame, read: pd.DataFrame) -> None:
    assert list(gold.columns) == ["tweet_id", *GOLD_COLUMNS]
    first = tweets[tweets["in_response_to_tweet_id"] == ""]
    assert set(gold["tweet_id"]) <= set(first["tweet_id"])
    assert (read["text"].map(text_key) == read["text_key"]).all()
    assert set(gold["category"]) == set(BOOK["categories"])
    assert set(gold["second_category"].dropna()) <= set(BOOK["categories"])
    assert (gold["second_category"] != gold["category"]).all()
    assert set(gold["priority"]) == set(PRIORITIES)
    assert set(gold["sentiment"]) == set(SENTIMENTS)
    assert set(gold["passes"]) == {1, 2}
    assert gold["text_key"].duplicated().any()
    assert len(gold[list(GOLD_COLUMNS)].drop_duplicates()) == gold["text_key"].nunique()


def test_mix_is_like_the_real_one(gold: pd.DataFrame) -> None:
    share = gold["category"].value_counts(normalize=True)
    for name, wanted in BOOK["world"]["categories"].items():
        assert share[name] == pytest.approx(wanted, abs=0.02)
    priority = gold["priority"].value_counts(normalize=True)
    assert priority["medium"] == pytest.approx(0.55, abs=0.04)
    assert priority["low"] == pytest.approx(0.35, abs=0.04)
    assert priority["high"] == pytest.approx(0.10, abs=0.03)
    language = gold["language"].value_counts(normalize=True)
    assert language["en"] > 0.85
    assert language["es"] == pytest.approx(0.05, abs=0.015)
    assert language["fr"] == pytest.approx(0.04, abs=0.015)


@pytest.mark.parametrize(
    ("trait", "pattern", "least"),
    [
        ("link", r"https://t\.co/\w{10}", 0.15),
        ("hashtag", r"(?:^|\s)#[a-zA-Z]", 0.08),
        ("emoji", "[\U0001f300-\U0001faff]", 0.08),
        ("entity", "&amp;|&gt;", 0.015),
        ("mojibake", "â€™|Ã", 0.001),
        ("numeric handle", r"@1158\d\d", 0.10),
        ("e-mail or phone", r"\w@[\w.]*example|555-?\s?\d|7700 900", 0.008),
        ("card", r"4000[ -]?00|5200 82", 0.001),
        ("shouting", r"\b[A-Z]{3,} [A-Z]{3,} [A-Z]{2,}\b", 0.01),
    ],
)
def test_traits_of_tweets(read: pd.DataFrame, trait: str, pattern: str, least: float) -> None:
    assert least < read["text"].str.contains(pattern).mean() < 0.5, trait


def test_some_texts_come_again_and_some_nearly(tweets: pd.DataFrame) -> None:
    texts = tweets.loc[tweets["in_response_to_tweet_id"] == "", "text"]
    assert 0.005 < texts.duplicated().mean() < 0.05
    seen = set(texts)
    shorter = (
        cut for text in texts for cut in (text.rsplit(" ", 1)[0], text.split(" ", 1)[-1]) if " " in cut
    )
    assert sum(cut in seen for cut in shorter) > 50


def test_a_bag_of_words_learns_it_but_not_by_heart(read: pd.DataFrame) -> None:
    rows = np.random.default_rng(0).permutation(len(read))
    cut = int(0.7 * len(rows))
    train, test = read.iloc[rows[:cut]], read.iloc[rows[cut:]]
    words = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True).fit(train["text"])
    seen, unseen = words.transform(train["text"]), words.transform(test["text"])
    for task in ("category", "priority"):
        for strength in (1, 4):
            model = LogisticRegression(C=strength, class_weight="balanced", tol=1e-3)
            answers = model.fit(seen, train[task]).predict(unseen)
            assert 0.75 < f1_score(test[task], answers, average="macro") < 0.90


def test_csv_has_every_text_as_it_was(tmp_path: Path) -> None:
    tweets, _ = generate(PHRASES, 200, 10, 5)
    write_csv(tweets, tmp_path / "twcs.csv")
    again = pd.read_csv(tmp_path / "twcs.csv", dtype=str, keep_default_na=False)
    assert again.to_numpy().tolist() == tweets.to_numpy().tolist()


def test_missing_category_is_named(tmp_path: Path) -> None:
    path = broken(tmp_path, lambda book: book["categories"].pop("praise"))
    with pytest.raises(TriageError, match="category `praise` has a share but no statements"):
        generate(path, 20, 5, 1)


def test_language_without_statements_is_named(tmp_path: Path) -> None:
    path = broken(tmp_path, lambda book: book["categories"]["complaint"]["statements"].pop("fr"))
    with pytest.raises(TriageError, match="`complaint` has no statement for `VeloraCares` in language `fr`"):
        generate(path, 20, 5, 1)


def test_wrong_key_is_named(tmp_path: Path) -> None:
    path = broken(tmp_path, lambda book: book["world"]["rates"].update(typoo=0.1))
    with pytest.raises(TriageError, match=r"world\.rates\.typoo"):
        generate(path, 20, 5, 1)


@pytest.mark.parametrize("text", ["my {gadget} is gone", "my [phone is gone", "{loop}"])
def test_phrase_that_cannot_be_read_is_shown(tmp_path: Path, text: str) -> None:
    def change(book) -> None:
        book["slots"]["loop"] = ["a {loop}"]
        book["categories"]["other"]["statements"]["en"][0]["low"].append(text)

    with pytest.raises(TriageError, match="phrase"):
        generate(broken(tmp_path, change), 20, 5, 1)


def test_missing_book_is_named(tmp_path: Path) -> None:
    with pytest.raises(TriageError, match=r"none\.yaml"):
        generate(tmp_path / "none.yaml", 20, 5, 1)
