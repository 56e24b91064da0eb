"""What the decision log knows of two versions that answered side by side."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import pandas as pd
import sqlalchemy as sa

from ticket_triage.feedback.database import Database
from ticket_triage.feedback.records import BESIDE
from ticket_triage.feedback.tables import CORRECTIONS, DECISIONS
from ticket_triage.schema import ModelRef

READING = 120.0  # seconds that this may take


@dataclass(frozen=True)
class Trial:
    """Answers of champion and challenger.

    Attributes:
        given: a row for each answer that was given: `step` (number of the share at that time, from 0), `variant`,
            `unit` (who was assigned: the customer's pseudonym, or the prediction), `review`, `errors` (degraded),
            `overrides` (a person gave it another label since), `milliseconds` (missing where it was remembered).
        pairs: a row for each ticket that both answered: `unit`, whether they agree in `category` and in `priority`, and
            `champion` and `challenger`: whether it would go to people.
    """

    given: pd.DataFrame
    pairs: pd.DataFrame


def read(
    database: Database, champion: ModelRef, challenger: ModelRef, steps: Sequence[datetime], end: datetime
) -> Trial:
    """All that the two answered in a time.

    Args:
        steps: when each share began, ascending.
        end: of the last.
    """
    table, beside = DECISIONS.c, DECISIONS.alias().c
    during = (table.at >= steps[0], table.at < end, sa.not_(table.shadow))
    said = (
        sa.select(CORRECTIONS.c.prediction_id)
        .where(CORRECTIONS.c.prediction_id == table.prediction_id)
        .where(
            sa.or_(
                CORRECTIONS.c.category.is_distinct_from(table.category) & CORRECTIONS.c.category.is_not(None),
                CORRECTIONS.c.priority.is_distinct_from(table.priority) & CORRECTIONS.c.priority.is_not(None),
            )
        )
        .exists()
    )
    who = sa.func.coalesce(table.customer, table.prediction_id)
    answers = sa.select(
        *(table.at, table.model_name, table.model_version, who, table.decision, table.degraded, said),
        *(table.latency_ms, table.cached),
    ).where(*during)
    both = sa.select(
        *(table.model_name, table.model_version, beside.model_name, beside.model_version, who),
        *(table.category, beside.category, table.priority, beside.priority, table.decision, beside.decision),
    ).where(*during, beside.prediction_id == table.prediction_id + BESIDE, beside.shadow)
    variants = {
        (champion.name, champion.version): "champion",
        (challenger.name, challenger.version): "challenger",
    }
    given, pairs = [], []
    with database.transaction(READING, reads=True) as connection:
        for at, name, version, unit, decision, degraded, overridden, ms, cached in connection.execute(
            answers
        ):
            if variant := variants.get((name, version)):
                step = bisect_right(steps, at) - 1
                row = (step, variant, unit, decision == "review", degraded, overridden)
                given.append((*row, float("nan") if cached else ms))
        for one, other, unit, same_category, same_priority, decision, beside_decision in (
            ((row[0], row[1]), (row[2], row[3]), row[4], row[5] == row[6], row[7] == row[8], row[9], row[10])
            for row in connection.execute(both)
        ):
            sides = {
                variants.get(one): decision == "review",
                variants.get(other): beside_decision == "review",
            }
            if set(sides) == {"champion", "challenger"}:
                pairs.append((unit, same_category, same_priority, sides["champion"], sides["challenger"]))
    columns = ["step", "variant", "unit", "review", "errors", "overrides", "milliseconds"]
    return Trial(
        pd.DataFrame(given, columns=columns),
        pd.DataFrame(pairs, columns=["unit", "category", "priority", "champion", "challenger"]),
    )
