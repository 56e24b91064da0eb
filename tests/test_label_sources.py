"""Whether each source of labels helps."""

from pathlib import Path

import numpy as np
import pandas as pd
import small_taxonomy

from ticket_triage import features, params, taxonomy
from ticket_triage.models import label_sources, training

MEASURE = params.read(Path(__file__).parent.parent / "params.yaml").evaluate


def test_good_labels_are_told_from_bad_ones(
    split_tables: tuple[pd.DataFrame, pd.DataFrame], train_settings: params.Train, tmp_path: Path
) -> None:
    train, _ = split_tables
    gold, rest = train.head(60), train.tail(300)
    table = features.build(train)
    table.insert(0, "ticket_id", train["ticket_id"])
    rules = taxonomy.to_yaml(small_taxonomy.make())
    shuffled = np.random.default_rng(0).permutation(rest["gold_category"])

    def sources(labels: object) -> dict[str, label_sources.Source]:
        weak = pd.DataFrame({"ticket_id": rest["ticket_id"], "category": labels, "priority": None})
        found = label_sources.compare(
            "category",
            "logistic_regression",
            lambda settings: training.select("category", table, gold, weak, rules, settings),
            train_settings,
            MEASURE,
            tmp_path / str(id(labels)),
        )
        assert [one.rows for one in found] == [0, 0, 300, 300, 300, 300]
        return {one.name.removeprefix("gold with second labels, "): one for one in found}

    true, wrong = sources(rest["gold_category"].to_numpy()), sources(shuffled)
    assert true["gold alone"].gain.value == 0
    assert true["weak labels at 0.3"].verdict == "helps"
    assert wrong["weak labels at 0.3"].verdict == "harms"
    assert true["gold with second labels"].settings == {"second_weight": train_settings.second_weight}
