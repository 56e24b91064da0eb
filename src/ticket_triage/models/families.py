"""The catalogue of model families: an entry here and a search space in `params.yaml` make a family."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import xgboost
from scipy.special import softmax
from sklearn.base import BaseEstimator
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import MultinomialNB
from sklearn.tree import DecisionTreeClassifier

from ticket_triage import params
from ticket_triage.files import TriageError
from ticket_triage.models import saving
from ticket_triage.models.encoder import FAMILIES as ENCODERS

RULES = "rules"
BALANCE = "balance"  # every family's: class weights are frequencies to the power of minus this


@dataclass(frozen=True)
class Family:
    """How to make an unfitted classifier of integer labels 0..k-1 from hyperparameters and a seed."""

    make: Callable[..., Any]
    linear: bool = False  # its evidence for a class is a sum over features, so reasons are exact
    more: Callable[[], Iterable[str]] = tuple  # hyperparameters besides those that its class lists
    suffix: str = ".skops"


class LightGBMTrees:
    """LightGBM's saved trees; rows of `X` may be sparse."""

    def __init__(self, path: Path) -> None:
        self._booster = lightgbm.Booster(model_file=str(path))

    def predict_proba(self, X: Any) -> np.ndarray:
        """Probabilities, shape (rows, classes)."""
        return _two_columns(self._booster.predict(X, num_threads=1))

    @property
    def text(self) -> str:
        """The model as LightGBM writes it."""
        return str(self._booster.model_to_string(num_iteration=-1))

    @property
    def scores(self) -> int:
        """How many trees speak in each round: one for each class, or one for two classes."""
        return int(self._booster.num_model_per_iteration())

    @property
    def n_features_in_(self) -> int:
        """Columns of `X`."""
        return int(self._booster.num_feature())

    @property
    def feature_importances_(self) -> np.ndarray:
        """Total gain of each feature."""
        return np.asarray(self._booster.feature_importance("gain"))


class XGBoostTrees:
    """XGBoost's saved trees; rows of `X` may be sparse."""

    def __init__(self, path: Path) -> None:
        self._booster = xgboost.Booster(model_file=str(path))
        self._booster.set_param({"nthread": 1})

    def predict_proba(self, X: Any) -> np.ndarray:
        """Probabilities, shape (rows, classes), from XGBoost's scores: its own are rounded to seven digits."""
        scores = np.asarray(self._booster.inplace_predict(X, predict_type="margin"), dtype=np.float64)
        scores = scores if scores.ndim == 2 and scores.shape[1] > 1 else np.column_stack([0 * scores, scores])
        return np.asarray(softmax(scores, axis=1))

    @property
    def json(self) -> bytes:
        """The model as XGBoost writes it."""
        return bytes(self._booster.save_raw("json"))

    @property
    def feature_importances_(self) -> np.ndarray:
        """Total gain of each feature."""
        gains = self._booster.get_score(importance_type="total_gain")
        return np.array([gains.get(f"f{n}", 0.0) for n in range(self._booster.num_features())])


def _two_columns(probabilities: Any) -> np.ndarray:
    found = np.asarray(probabilities, dtype=np.float64)
    return found if found.ndim == 2 else np.column_stack([1 - found, found])


def _of_lightgbm() -> list[str]:
    """Every parameter of the library, by its own account: what its scikit-learn class is given besides goes there."""
    empty = lightgbm.Booster(
        {"verbose": -2}, lightgbm.Dataset(np.zeros((2, 1)), [0, 1], params={"verbose": -2})
    )
    return re.findall(r"^\[(\w+): ", empty.model_to_string(), re.MULTILINE)


CATALOGUE: dict[str, Family] = {
    RULES: Family(lambda seed: BaseEstimator(), linear=True),  # learns nothing: `lookup` makes it
    "naive_bayes": Family(lambda seed, **values: MultinomialNB(**values), linear=True),
    "logistic_regression": Family(
        lambda seed, **values: LogisticRegression(random_state=seed, **values), linear=True
    ),
    **dict.fromkeys(
        ENCODERS, Family(lambda seed, **values: LogisticRegression(random_state=seed, **values), linear=True)
    ),
    "decision_tree": Family(lambda seed, **values: DecisionTreeClassifier(random_state=seed, **values)),
    "random_forest": Family(
        lambda seed, **values: RandomForestClassifier(random_state=seed, n_jobs=1, **values)
    ),
    "lightgbm": Family(
        # One thread: with more, a busy machine was up to sixty times slower.
        lambda seed, **values: lightgbm.LGBMClassifier(
            random_state=seed, n_jobs=1, deterministic=True, force_row_wise=True, verbose=-1, **values
        ),
        more=_of_lightgbm,
        suffix=".txt",
    ),
    "xgboost": Family(
        lambda seed, **values: xgboost.XGBClassifier(
            random_state=seed, n_jobs=1, tree_method="hist", **values
        ),
        suffix=".ubj",
    ),
}


def get(name: str) -> Family:
    """The family of that name.

    Raises:
        TriageError: there is none.
    """
    if name not in CATALOGUE:
        raise TriageError(f"`{name}` is not a model family; there are {', '.join(CATALOGUE)}")
    return CATALOGUE[name]


def check(name: str, space: params.Family) -> None:
    """Refuse hyperparameters that the family does not have; boosters would take them and do nothing.

    Raises:
        TriageError: one is unknown; all that are get named.
    """
    known = {*get(name).make(0).get_params(), *get(name).more(), BALANCE}
    unknown = [
        f"`train.families.{name}.{part}.{key}`"
        for part, values in (("fixed", space.fixed), ("search", space.search))
        for key in values
        if key not in known
    ]
    if unknown:
        raise TriageError(
            f"{', '.join(unknown)}: {name} has no such hyperparameter; it has {', '.join(sorted(known))}"
        )


def save(estimator: Any, path: Path) -> None:
    """Write a fitted classifier: boosted trees in their own format, all else by skops."""
    if path.suffix == ".txt":
        estimator.booster_.save_model(str(path), num_iteration=-1)
    elif path.suffix == ".ubj":
        estimator.get_booster().save_model(str(path))
    else:
        path.write_bytes(saving.dumps(estimator))


def load(path: Path) -> Any:
    """Read what `save` wrote, as an object with `predict_proba`."""
    if path.suffix == ".txt":
        return LightGBMTrees(path)
    if path.suffix == ".ubj":
        return XGBoostTrees(path)
    return saving.loads(path)
