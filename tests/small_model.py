"""Invented tickets and a small fitted model with a triage model's manner, for tests of what looks at one."""

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from ticket_triage.files import text_key
from ticket_triage.models.calibration import Threshold

WORDS = {
    "billing": "invoice charged refund twice card payment price fee",
    "delivery": "parcel late order courier lost package door address",
    "outage": "internet down slow router signal offline tower wifi",
    "praise": "thanks great lovely helpful kind happy staff brilliant",
}
URGENT = "now urgent today stranded hacked emergency"


def tickets(rows: int = 300, seed: int = 0, labelled: float = 1.0) -> pd.DataFrame:
    """A split file: texts of four categories, some words of another, urgent ones sooner; gold beside them."""
    generator = np.random.default_rng(seed)
    filler = ["hello", "the", "my", "your", "with", "again", "please", "team", "week"]
    found = []
    for number in range(rows):
        category, other = generator.choice(list(WORDS), 2, replace=False)
        urgent = generator.random() < 0.3
        words = [*generator.choice(WORDS[category].split(), 3), *generator.choice(WORDS[other].split(), 2)]
        words += [
            *generator.choice(filler, generator.integers(1, 20)),
            *generator.choice(URGENT.split(), 2 * urgent),
        ]
        generator.shuffle(words)
        gold = generator.random() < labelled
        found.append(
            {
                "ticket_id": f"shop:{number}",
                "source": "shop" if number % 2 else "bank",
                "text": " ".join([*words, str(number)]),
                "text_key": text_key(" ".join([*words, str(number)])),
                "created_at": pd.Timestamp("2017-10-01", tz="UTC") + pd.Timedelta(hours=6 * number),
                "channel": None,
                "gold_category": category if gold else None,
                "gold_second_category": other if gold and generator.random() < 0.3 else None,
                "gold_priority": ("high" if urgent else "low" if category == "praise" else "medium")
                if gold
                else None,
                "gold_language": "en" if number % 3 else "es",
                "half": "thresholds" if number % 2 else "conformal",
            }
        )
    return pd.DataFrame(found)


def hindsight(frame: pd.DataFrame) -> pd.DataFrame:
    """Who answered the first half of them."""
    half = frame.head(len(frame) // 2)
    brands = ["Acme" if number % 3 else "Globex" for number in range(len(half))]
    return pd.DataFrame({"ticket_id": half["ticket_id"], "brand": brands})


@dataclass
class SmallModel:
    """What evaluation needs of a triage model, truly fitted on `tickets`."""

    fitted: dict[str, Any]
    threshold: float = 0.6
    info: dict[str, Any] = field(default_factory=lambda: {"training": "small", "training_keys": ["a"]})
    taxonomy: Any = field(default_factory=lambda: SimpleNamespace(labels=tuple(WORDS)))

    @classmethod
    def fit(
        cls, frame: pd.DataFrame, tasks: tuple[str, ...] = ("category", "priority"), **more: Any
    ) -> "SmallModel":
        """Fit one regression per task."""
        fitted = {}
        for task in tasks:
            pipeline = make_pipeline(TfidfVectorizer(), LogisticRegression(C=3, max_iter=500))
            fitted[task] = pipeline.fit(frame["text"], frame[f"gold_{task}"])
        return cls(fitted, **more)

    @property
    def tasks(self) -> tuple[str, ...]:
        return tuple(self.fitted)

    @property
    def classes(self) -> dict[str, tuple[str, ...]]:
        return {task: tuple(pipeline.classes_) for task, pipeline in self.fitted.items()}

    @property
    def heads(self) -> dict[str, Any]:
        voter = SimpleNamespace(family="logistic_regression", weight=1.0, score=0.8, gain=0.1)
        threshold = Threshold(value=self.threshold, why="chosen for the test")
        rest = {"threshold": threshold, "sets": None, "guard": None}
        return {task: SimpleNamespace(voters=(voter,), **rest) for task in self.fitted}

    def predict_proba(self, frame: pd.DataFrame) -> dict[str, pd.DataFrame]:
        return {
            task: pd.DataFrame(pipeline.predict_proba(frame["text"]), frame.index, list(pipeline.classes_))
            for task, pipeline in self.fitted.items()
        }

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        found = pd.DataFrame(index=frame.index)
        unsure: list[list[str]] = [[] for _ in range(len(frame))]
        for task, proba in self.predict_proba(frame).items():
            found[task], found[f"{task}_confidence"] = proba.idxmax(axis=1), proba.max(axis=1)
            found[f"{task}_set"] = None
            for row in np.flatnonzero(found[f"{task}_confidence"] < self.threshold):
                unsure[row].append(f"{task}: not sure")
        found["review_reasons"] = pd.Series(unsure, frame.index, dtype=object)
        return found.assign(decision=["review" if why else "auto" for why in unsure])

    def judged(self, frame: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, pd.DataFrame]]:
        return self.predict(frame), self.predict_proba(frame)

    def importance(self, task: str) -> pd.DataFrame:
        vectors, regression = self.fitted[task]
        weight = np.abs(regression.coef_).sum(axis=0)
        frame = pd.DataFrame({"feature": vectors.get_feature_names_out(), "weight": weight / weight.sum()})
        return frame.sort_values("weight", ascending=False, ignore_index=True)
