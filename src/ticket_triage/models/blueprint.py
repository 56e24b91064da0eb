"""The blocks of features that members are to be fitted on, alike for all families so that a vote of several members
computes each block once."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import TruncatedSVD
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import Normalizer, OneHotEncoder, RobustScaler

from ticket_triage import features
from ticket_triage.models.blocks import Tfidf
from ticket_triage.models.encoder import Encoder
from ticket_triage.models.neighbours import of_examples
from ticket_triage.models.rules import Rules
from ticket_triage.params import Text

NEIGHBOURS = "neighbours"


def make(
    wanted: Sequence[str],
    settings: Text,
    columns: Sequence[str],
    seed: int,
    taxonomy: str,
    encoder: Encoder | None = None,
) -> ColumnTransformer:
    """The unfitted blocks `wanted` (word, char, topics, rules, row) over a feature table with these `columns`.

    With an `encoder` there are the blocks `embedding` and `neighbours` too.
    """
    numeric = [name for name in (*features.NUMERIC, *features.CALENDAR) if name in columns]
    categorical = [name for name in features.CATEGORICAL if name in columns]

    def word() -> Tfidf:
        return Tfidf(
            ngram_range=tuple(settings.word_ngrams),
            min_df=settings.min_df,
            max_features=settings.word_terms,
            sublinear_tf=True,
            dtype=np.float32,
        )

    parts: dict[str, list[tuple[str, Any, Any]]] = {
        "word": [("word", word(), features.TEXT)],
        "char": [
            (
                "char",
                Tfidf(
                    analyzer="char_wb",
                    ngram_range=tuple(settings.char_ngrams),
                    min_df=settings.min_df,
                    max_features=settings.char_terms,
                    sublinear_tf=True,
                    dtype=np.float32,
                ),
                features.TEXT,
            )
        ],
        "topics": [
            (
                "topics",
                Pipeline([("word", word()), ("svd", TruncatedSVD(settings.topics, random_state=seed))]),
                features.TEXT,
            )
        ],
        "rules": [("rules", Rules(taxonomy, settings.rule_weight), features.TEXT)],
        "embedding": [("embedding", encoder, features.TEXT)],
        "row": [
            (
                "numeric",
                Pipeline(
                    [
                        # What is missing in the whole of training is filled too, or its column would vanish.
                        (
                            "fill",
                            SimpleImputer(strategy="constant", fill_value=0.0, keep_empty_features=True),
                        ),
                        # Most values within a unit of zero, as TF-IDF's are: wider ones make linear members crawl.
                        ("scale", RobustScaler(quantile_range=(1.0, 99.0))),
                    ]
                ),
                numeric,
            ),
            (
                "categorical",
                Pipeline(
                    [
                        (
                            "encode",
                            OneHotEncoder(
                                handle_unknown="ignore", min_frequency=settings.min_df, dtype=np.float32
                            ),
                        ),
                        ("norm", Normalizer()),  # at full weight they drown the words
                    ]
                ),
                categorical,
            ),
        ],
    }
    if NEIGHBOURS in wanted and encoder is not None:
        steps = [("embedding", encoder), (NEIGHBOURS, of_examples(taxonomy, encoder))]
        parts[NEIGHBOURS] = [(NEIGHBOURS, Pipeline(steps), features.TEXT)]
    return ColumnTransformer(
        [part for name in wanted for part in parts[name] if len(part[2])], sparse_threshold=1.0
    )
