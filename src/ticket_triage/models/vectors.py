"""Raw texts as vectors, for those who only want to know which texts are near each other."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from ticket_triage import features
from ticket_triage.models import graph, pretrained
from ticket_triage.params import Encode


def reader(settings: Encode) -> Callable[[Sequence[str]], np.ndarray] | None:
    """What reads texts with the published encoder, in eight bits: vectors of length one; None in the mode `none`.

    Raises:
        TriageError: the encoder cannot be had.
    """
    if settings.mode == "none":
        return None
    source = pretrained.read(settings.source, settings.sha256)
    runs = graph.quantise(graph.build(source.weights, source.config, unit=True))
    step = pretrained.step(runs, source.tokenizer, settings.tokens)

    def read(texts: Sequence[str]) -> np.ndarray:
        clean = features.build(pd.DataFrame({"text": pd.Series(texts, dtype="str")}))[features.TEXT]
        return np.asarray(step.transform(clean).toarray())

    return read
