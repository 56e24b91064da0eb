"""Which tickets are compared with what the champion learnt from."""

import pandas as pd

from ticket_triage.files import TriageError


def told(tickets: pd.DataFrame, days: int) -> str:
    """Which tickets `window` takes, in words."""
    if tickets["created_at"].isna().all():
        return "the last in the order of their file: no ticket has a date, so old and new ones are not told apart"
    return f"the {days} days before the newest"


def window(tickets: pd.DataFrame, days: int, max_rows: int, seed: int) -> pd.DataFrame:
    """The tickets of the last `days` days before the newest one, at most `max_rows` of them, drawn at random.

    Where no ticket has a date, the last `max_rows` in their order are the newest. Rows keep their order.

    Raises:
        TriageError: there are no tickets.
    """
    if tickets.empty:
        raise TriageError("there are no tickets to compare with the champion's reference")
    created = tickets["created_at"]
    if created.isna().all():
        return tickets.tail(max_rows).reset_index(drop=True)
    newest: pd.DataFrame = tickets[created > created.max() - pd.Timedelta(days=days)]
    if len(newest) > max_rows:
        newest = newest.sample(max_rows, random_state=seed).sort_index()
    return newest.reset_index(drop=True)
