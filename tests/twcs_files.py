"""Small files in the shape of twcs.csv, with invented messages."""

from pathlib import Path

import pandas as pd

from ticket_triage import params, sources
from ticket_triage.files import read_table

HEADER = "tweet_id,author_id,inbound,created_at,text,response_tweet_id,in_response_to_tweet_id"
Tables = dict[str, pd.DataFrame]


def tweet(
    number: object,
    author: str,
    text: str | None,
    parent: object = None,
    *,
    at: str | None = "10:00:00",
    inbound: object = None,
    answers: str = "",
) -> str:
    """A row; whoever has a number for a name is a customer."""
    cells = [
        number,
        author,
        author.isdigit() if inbound is None else inbound,
        f"Wed Nov 01 {at} +0000 2017" if at and at[0].isdigit() else at,
        text,
        answers,
        parent,
    ]
    return ",".join("" if cell is None else '"' + str(cell).replace('"', '""') + '"' for cell in cells)


def land(folder: Path, *rows: str, header: str = HEADER) -> tuple[Tables, dict[str, object]]:
    """The tables of a source `t` with these rows, and its receipt."""
    path = folder / "twcs.csv"
    path.write_bytes("\n".join([header, *rows, ""]).encode())
    receipt = sources.ingest("t", params.Twcs(kind="twcs", path=str(path)), folder / "t")
    return {part.stem: read_table(part) for part in (folder / "t").glob("*.parquet")}, receipt
