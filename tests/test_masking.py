from pathlib import Path

import hypothesis.strategies as st
import pytest
import small_taxonomy
from hypothesis import given

from ticket_triage import taxonomy
from ticket_triage.labeling import functions, masking
from ticket_triage.taxonomy import plain

OWN = taxonomy.read(Path(__file__).parent.parent / "data/taxonomy.yaml")


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("You CHARGED, twice!", "You  !"),
        ("I pay $5 For it", "I pay   For it"),
        ("Où est mon Colis?", "Où est mon  ?"),
        ("@refund https://refund.io/parcel", "@refund https://refund.io/parcel"),
        ("a refund &amp; more", "a   & more"),
        ("nothing of note", "nothing of note"),
        ("", ""),
    ],
)
def test_what_a_rule_goes_by_is_taken_out_and_the_rest_left(text: str, masked: str) -> None:
    assert masking.Masker(small_taxonomy.make()).mask(text) == masked


@given(st.text(alphabet="aé\u0301’&;@İΣß한ガ :/thps$5\n", max_size=40))
def test_the_plain_form_is_aligned(text: str) -> None:
    seen, at = masking.aligned(text)
    assert len(seen) == len(at) and at == sorted(at)
    if "&" not in text:
        assert seen.replace("ς", "σ") == plain(text).replace(
            "ς", "σ"
        )  # a final sigma is known by what follows


def test_no_rule_fires_on_what_is_left() -> None:
    masker = masking.Masker(OWN)
    finder = functions.Finder(OWN)
    of_words = [not name.startswith("patterns.") and name != "question" for name in finder.columns]
    texts = [example for category in OWN.categories for example in category.examples]
    left = [masker.mask(text) for text in texts]
    assert finder.find(texts)[:, of_words].any(axis=1).mean() > 0.5
    assert not finder.find(left)[:, of_words].any()
    assert not any(masker.hears(text) for text in left)
    assert all(masker.hears(text) == (text != rest) for text, rest in zip(texts, left, strict=True))
