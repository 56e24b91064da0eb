"""A block's row for a single ticket is, to the bit, its row of the table."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import small_model
import small_taxonomy
from test_single import TICKETS

from ticket_triage import features, params, taxonomy
from ticket_triage.models import blocks, blueprint, compiled, compiling
from ticket_triage.models.compiled import Compiled
from ticket_triage.models.encoder import Encoder
from ticket_triage.models.lookups import Lookups
from ticket_triage.models.rows import Spec
from ticket_triage.models.triage_model import TriageModel
from ticket_triage.schema import TICKET_DTYPES

WANTED = ("word", "char", "topics", "rules", "embedding", "neighbours", "row")
TEXTS = WANTED[:-1]  # blocks that read the text


@pytest.fixture(scope="module")
def fitted(model: TriageModel) -> tuple[list[Spec], dict[str, Any]]:
    settings = params.read(Path(__file__).parents[1] / "params.yaml").train.text
    encoder = next(step for step in model.steps.values() if isinstance(step, Encoder))
    table = features.build(small_model.tickets(120, seed=3), calendar=True)
    rules = taxonomy.to_yaml(small_taxonomy.of_words())
    lean = settings.model_copy(update={"topics": 5})
    made = blueprint.make(WANTED, lean, list(table.columns), 0, rules, encoder).fit(table)
    specs, steps = [], {}
    for name, columns, parts in blocks.unpack(made):
        digests = [f"{name} {number}" for number in range(len(parts))]
        steps |= dict(zip(digests, parts, strict=True))
        specs.append(Spec(name, columns if isinstance(columns, str) else tuple(columns), tuple(digests)))
    return specs, steps


@pytest.mark.parametrize("saved", [False, True])
def test_every_block_of_every_ticket(
    fitted: tuple[list[Spec], dict[str, Any]], saved: bool, tmp_path: Path
) -> None:
    specs, steps = fitted
    made = Compiled(
        {
            digest: compiling.step(steps[digest], [spec.columns] if spec.name in TEXTS else spec.columns)
            for spec in specs
            for digest in spec.steps
        },
        {spec: blocks.names([spec], steps) for spec in specs},
    )
    if saved:
        assert compiled.write(made, tmp_path)
        found = compiled.read(tmp_path)
        assert found is not None and found.names == made.names
        made = found
    widths = {spec.steps[-1]: len(made.names[spec]) for spec in specs}
    lookups = Lookups(specs, made.steps, (*features.NUMERIC, *features.CALENDAR), widths)
    names = list(dict.fromkeys(name for ticket in TICKETS for name in ticket))
    frame = pd.DataFrame(
        {name: pd.Series([one.get(name) for one in TICKETS], dtype=TICKET_DTYPES[name]) for name in names}
    )
    table = features.build(frame, calendar=True)
    whole = blocks.transform(specs, steps, table, {})
    called = blocks.names(specs, steps)
    assert {block for block, _ in called} == {spec.name for spec in specs}
    for number, ticket in enumerate(TICKETS):
        (columns, values), (wanted, expected) = (
            lookups.row(tuple(specs), features.one(ticket, calendar=True), {}),
            blocks.row_of(whole, number),
        )
        assert [called[column] for column in columns] == [called[column] for column in wanted], ticket
        differ = values.astype("f4").tobytes() != expected.astype("f4").tobytes()
        assert not differ, (ticket, {called[c] for c in columns[values != expected]})
