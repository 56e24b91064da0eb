"""What becomes of tickets and labels before anything is learnt: from validate to features."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from ticket_triage.params.section import Count, Section, Share

Day = Annotated[date, Field(strict=False)]


class Validate(Section):
    """What a table must be like to go on."""

    taxonomy: str
    max_quarantined: Share
    text_length: tuple[int, int] = Field(strict=False)
    dates: tuple[Day, Day] = Field(strict=False)
    max_bad_raw: Share
    max_empty_texts: Share
    max_duplicate_texts: Share
    main_languages: list[str]
    min_main_languages: Share


class Split(Section):
    """How gold is divided."""

    test: Count
    newest: Share
    validation: Share
    near_duplicate: Share
    seed: int


class Forecast(Section):
    """How the learning curve is drawn, and when gold is called thin."""

    blocks: Annotated[list[Literal["word", "char"]], Field(min_length=1)]
    C: Annotated[float, Field(gt=0)]
    max_iter: Count
    folds: Annotated[int, Field(ge=2)]
    fractions: Annotated[list[Annotated[float, Field(gt=0, le=1)]], Field(min_length=4)]
    draws: Count
    max_rows: Count
    more: Count
    bootstrap: Count
    confidence: Share
    poor_f1: Share
    steep: Share
    min_judged: Count
    seed: int


class Annotate(Section):
    """Which tickets a person is asked to read."""

    tickets: Count
    candidates: Count
    random_share: Share
    seed: int


class Similarity(Section):
    """When a ticket is near enough to an expert's example, and how many tickets are compared: each costs 4 ms."""

    threshold: Share
    margin: Share
    most: Annotated[int, Field(ge=0)]


class Prior(Section):
    """When what a brand is mostly written about is believed."""

    smoothing: Annotated[float, Field(ge=0)]
    min_share: Share
    confidence: Annotated[float, Field(gt=0, lt=1)]


class Label(Section):
    """How votes come about and become weak labels."""

    label_model: Literal["dawid_skene", "majority"]
    min_votes: Count
    similarity: Similarity
    prior: Prior


class Features(Section):
    """Which features the models see."""

    calendar: bool
