"""What lands is read back by pandas in exactly the types of the schema."""

from pathlib import Path

import pandas as pd
import pyarrow as pa

from ticket_triage import schema
from ticket_triage.files import read_table
from ticket_triage.sources import landing


def _types(path: Path) -> dict[str, str]:
    return {str(name): str(dtype) for name, dtype in read_table(path).dtypes.items()}


def test_types_survive_the_file_even_where_all_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    for shape, dtypes in (
        (landing.TICKETS, schema.TICKET_DTYPES),
        (landing.HINDSIGHT, schema.HINDSIGHT_DTYPES),
    ):
        for rows in (0, 3):
            landing.write(path, landing.table({}, shape, rows))
            assert _types(path) == dtypes
    landing.write(path, landing.GOLD.empty_table())
    assert list(_types(path)) == ["ticket_id", *schema.GOLD_COLUMNS]


def test_gold_of_a_source_gets_the_ids_of_its_tickets(tmp_path: Path) -> None:
    labels = pd.DataFrame({name: ["x"] for name in schema.GOLD_COLUMNS} | {"passes": [2], "tweet_id": ["5"]})
    gold = landing.own_gold("sample", labels).to_pandas()
    assert gold.loc[0, ["ticket_id", "category", "passes"]].tolist() == ["sample:5", "x", 2]


def test_a_prefix_joins_numbers_and_strings() -> None:
    assert landing.joined("t:", pa.array([3, 4])).to_pylist() == ["t:3", "t:4"]
    assert landing.joined("t:", pa.array(["a", None])).to_pylist() == ["t:a", None]
