"""Where tickets come from: the section `ingest`."""

from typing import Annotated, Literal

from pydantic import Field

from ticket_triage.params.section import Count, Section

GoldFile = Annotated[str, Field(pattern=r"^data/gold/[^/]+$")]  # where DVC sees it change


class Sample(Section):
    """Generated tickets."""

    kind: Literal["sample"]
    path: str
    tickets: Count
    gold: Count
    seed: int


class Twcs(Section):
    """A file with the seven columns of "Customer Support on Twitter"; gold from a file of keys and labels."""

    kind: Literal["twcs"]
    path: str
    gold: GoldFile | None = "data/gold/gold.csv"


class Kaggle(Section):
    """The same, downloaded; `path` names the data set and its checksum."""

    kind: Literal["kaggle"]
    path: str
    gold: GoldFile | None = "data/gold/gold.csv"


class Columns(Section):
    """Which column of a team's file is which of ours; only the text is needed."""

    text: str
    id: str | None = None
    subject: str | None = None
    created_at: str | None = None
    received_at: str | None = None
    channel: str | None = None
    customer: str | None = None
    tier: str | None = None
    category: str | None = None
    priority: str | None = None


class Csv(Section):
    """A team's own tickets; its labels, if any, are its gold, else a file of keys and labels may be named."""

    kind: Literal["csv"]
    path: str
    columns: Columns
    gold: GoldFile | None = None


Source = Annotated[Sample | Twcs | Kaggle | Csv, Field(discriminator="kind")]
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,40}$")]


class Ingest(Section):
    """Where tickets come from."""

    presets: dict[Name, Source]
    pool: Name
    sources: Annotated[dict[Name, Source], Field(min_length=1)]
