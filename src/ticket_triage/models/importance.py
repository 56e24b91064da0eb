"""Which features a task's members go by, over all tickets."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from ticket_triage.models import compiling
from ticket_triage.models.reasons import Names


def importances(members: Sequence[tuple[Any, float, bool, Names]]) -> pd.DataFrame:
    """Columns `feature` and `weight`, strongest first, from (estimator, weight, linear, names) of each member.

    Linear members: standard deviation of a feature's coefficients over the classes. Trees: impurity or gain.
    """
    total: dict[str, float] = defaultdict(float)
    for estimator, weight, linear, names in members:
        raw = (
            compiling.linear_of(estimator).weights.std(axis=1)
            if linear
            else np.asarray(estimator.feature_importances_)
        )
        size = float(raw.sum()) or 1.0
        for (block, name), value in zip(names, raw, strict=True):
            if value and block != "embedding":
                total[name if block != "char" else f"…{name}…"] += weight * float(value) / size
    ranked = sorted(total.items(), key=lambda item: (-item[1], item[0]))
    return pd.DataFrame(ranked, columns=["feature", "weight"])
