import pytest

from ticket_triage.labeling.duplicates import Neighbours, jaccard, shingles

LONG = "my parcel with the blue kettle was left in the rain at the wrong door of the wrong house on monday"


def test_shingles_are_word_trigrams_of_the_words_alone() -> None:
    assert shingles("@shop One, two THREE four! https://x.io") == {"one two three", "two three four"}
    assert shingles("Help!") == {"help"}
    assert shingles("https://x.io") == {""}


def test_jaccard_is_intersection_over_union() -> None:
    assert jaccard(frozenset("ab"), frozenset("bc")) == pytest.approx(1 / 3)


def test_near_duplicates_are_found_and_others_are_not() -> None:
    texts = [
        LONG,
        LONG + " again",
        LONG.replace("blue kettle", "old red teapot"),
        "where is my bag",
        LONG + "!",
    ]
    assert list(Neighbours(texts, 0.8).pairs()) == [(0, 1), (0, 4), (1, 4)]


def test_texts_outside_the_index_are_matched_to_it() -> None:
    index = Neighbours(["no service since six o'clock in our street", LONG], 0.8)
    assert list(
        index.of([LONG + " again", "all is well", "NO service since six o'clock in our street!!"])
    ) == [
        [1],
        [],
        [0],
    ]


def test_an_empty_index_finds_nothing() -> None:
    assert list(Neighbours([], 0.8).of(["a b c d"])) == [[]]
    assert list(Neighbours([], 0.8).pairs()) == []
