"""What members learn from, with which blocks and by which searches: train, encode, refit."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from ticket_triage.params.section import Count, Section, Share
from ticket_triage.schema import Task


class Range(Section):
    """What Optuna may try for one hyperparameter: from `low` to `high` or one of `choices`; `default` comes first."""

    default: Any
    low: float | int | None = None
    high: float | int | None = None
    log: bool = False
    choices: list[Any] | None = None

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        if self.choices is None and (self.low is None or self.high is None or self.low > self.high):
            raise ValueError("a range needs `low` and `high` in that order, or `choices`")
        if self.choices is not None:
            if self.default not in self.choices:
                raise ValueError("`default` is not one of `choices`")
        elif not isinstance(self.default, int | float) or not (self.low or 0) <= self.default <= (
            self.high or 0
        ):
            raise ValueError("`default` lies outside `low` to `high`")
        if self.log and (self.low or 0) <= 0:
            raise ValueError("`log` needs a `low` above 0")
        return self


Block = Literal["word", "char", "topics", "rules", "row", "embedding", "neighbours"]


class Family(Section):
    """A family's blocks of features, the hyperparameters that are fixed, and those that are searched."""

    blocks: Annotated[list[Block], Field(min_length=1)]
    fixed: dict[str, Any] = Field(default={})
    search: dict[str, Range]


class Text(Section):
    """The fitted text features, alike for all families so that a vote computes them once."""

    min_df: Count
    word_ngrams: tuple[int, int] = Field(strict=False)
    word_terms: Count
    char_ngrams: tuple[int, int] = Field(strict=False)
    char_terms: Count
    topics: Count
    rule_weight: Annotated[float, Field(gt=0)]


class Shares(Section):
    """Weights of the losses of the tasks and of sentiment, which is learnt beside them."""

    category: Annotated[float, Field(ge=0)]
    priority: Annotated[float, Field(ge=0)]
    sentiment: Annotated[float, Field(ge=0)]


class Tune(Section):
    """How an encoder is fine-tuned."""

    epochs: Count
    batch: Count
    rate: Annotated[float, Field(gt=0)]
    head_rate: Annotated[float, Field(gt=0)]
    decay: Annotated[float, Field(ge=0)]
    balance: Share
    shares: Shares
    precision: Literal["float32", "bfloat16"]
    unlabelled: Annotated[int, Field(ge=0)]


class Rules(Section):
    """What evidence of each kind adds to the log-odds of the member `rules`, which learns nothing."""

    keywords: Annotated[float, Field(ge=0)]
    patterns: Annotated[float, Field(ge=0)]
    alarms: Annotated[float, Field(ge=0)]
    question: Annotated[float, Field(ge=0)]
    neighbours: Annotated[float, Field(ge=0)]


class Encode(Section):
    """The members that read with a sentence encoder."""

    mode: Literal["none", "frozen", "tuned", "both"]
    source: str
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    tokens: Count
    min_agreement: Share
    rules: Rules
    head: Family
    tune: Tune

    @model_validator(mode="after")
    def _read(self) -> Self:
        if "embedding" not in self.head.blocks:
            raise ValueError("`head.blocks` lacks `embedding`")
        return self


class Train(Section):
    """How every member is fitted; `families` holds each one's search space."""

    tasks: list[Task]
    members: list[str]
    trials: Count
    folds: Annotated[int, Field(ge=2)]
    timeout: float | None
    max_rows: Count
    weak_weight: Share
    second_weight: Share
    min_gold: Count
    seed: int
    text: Text
    families: dict[str, Family]

    @model_validator(mode="after")
    def _known(self) -> Self:
        if strange := [name for name in self.members if name not in self.families]:
            raise ValueError(
                f"`members` names {', '.join(strange)}, and `families` has no such family; it has "
                f"{', '.join(self.families)}"
            )
        if {"encoder", "frozen_encoder", "rules"} & set(self.families) or any(
            {"embedding", "neighbours"} & set(family.blocks) for family in self.families.values()
        ):
            raise ValueError(
                "the families encoder and rules and the blocks `embedding` and `neighbours` have a section of their "
                "own, `encode`"
            )
        return self

    def of(self, family: str) -> dict[str, Any]:
        """All that the outcome of one family's search depends on."""
        rest = self.model_dump(exclude={"families", "members", "tasks"})
        return rest | {"family": family, "space": self.families[family].model_dump()}


class Refit(Section):
    """Whether the members of the finished vote are fitted anew on validation too."""

    with_validation: bool
