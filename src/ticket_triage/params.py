"""`params.yaml` as typed, frozen values; a key that nobody knows is refused by name."""

from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from ticket_triage.files import TriageError
from ticket_triage.schema import Task

PATH = Path("params.yaml")

GoldFile = Annotated[str, Field(pattern=r"^data/gold/[^/]+$")]  # where DVC sees it change
Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=1)]
Day = Annotated[date, Field(strict=False)]


class Section(BaseModel):
    """One section of the file."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


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
    fixed: dict[str, Any] = {}
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


Minutes = Annotated[float, Field(ge=0)]


class Costs(Section):
    """What a mistake that nobody saw and a review cost, in minutes of work."""

    missed_urgent: Minutes
    wrong_category: Minutes
    wrong_priority: Minutes
    review: Minutes


class Capacity(Section):
    """Tickets an hour."""

    reviewers_can: Annotated[float, Field(ge=0)]
    incoming: Annotated[float, Field(gt=0)]


class Assemble(Section):
    """How members become one triage model."""

    decide_by: Literal["promise", "costs", "capacity"]
    costs: Costs
    capacity: Capacity
    promised_precision: dict[Task, Share]
    promise_risk: Share
    class_thresholds: bool
    coverage: dict[Task, Share]
    max_missed_high: Share
    fallback_threshold: Share
    min_calibration: Count
    min_gain: Annotated[float, Field(ge=0)]
    canaries: Count
    neighbours: Annotated[int, Field(ge=0)]
    excerpt: Annotated[int, Field(ge=0)]
    reference: Count
    seed: int


class Audit(Section):
    """Which gold labels are worth reading again."""

    filter: Literal[
        "prune_by_class",
        "prune_by_noise_rate",
        "both",
        "confident_learning",
        "predicted_neq_given",
        "low_normalized_margin",
        "low_self_confidence",
    ]
    score: Literal["self_confidence", "normalized_margin", "confidence_weighted_entropy"]
    min_confidence: Share
    shown: Count


class Refit(Section):
    """Whether the members of the finished vote are fitted anew on validation too."""

    with_validation: bool


class Evaluate(Section):
    """How sure a figure must be said to be."""

    bootstrap: Count
    confidence: Share
    min_slice: Count
    recall_high: Share
    deletion: Count
    seed: int


class Register(Section):
    """Nothing to choose yet."""


# `auto_precision` and its like are at each model's own thresholds: one that routes more, as promised, is less precise.
Guarded = Literal[
    "macro_f1",
    "accuracy",
    "accuracy_second",
    "ece",
    "aurc",
    "log_loss",
    "auto_share",
    "auto_precision",
    "auto_precision_strict",
    "sure_share",
    "sure_precision",
    "recall_high",
    "precision_high",
    "precision_at_recall",
    "missed_high",
]


class Policy(Section):
    """When a candidate takes the champion's place."""

    guarded: Annotated[tuple[Guarded, ...], Field(strict=False)]
    floors: dict[Task, Share]
    max_loss: Share
    max_missed_high: Share
    confidence: Share


class Promote(Section):
    """How candidate and champion are compared."""

    policy: Policy
    bootstrap: Count
    seed: int


class Package(Section):
    """The Bento."""

    name: str


class Drift(Section):
    """Effect sizes from which a column counts as drifted, and the share of such columns that is an alarm.

    A predicted label that is as far as `prediction` is an alarm by itself.
    """

    numeric: Annotated[float, Field(gt=0)]
    categorical: Annotated[float, Field(gt=0)]
    prediction: Annotated[float, Field(gt=0)]
    share: Share


class Monitor(Section):
    """Which tickets are compared with the champion's reference."""

    window_days: Count
    max_rows: Count
    seed: int
    drift: Drift


class Params(Section):
    """The whole file."""

    ingest: Ingest
    validate_: Validate = Field(alias="validate")
    split: Split
    forecast: Forecast
    annotate: Annotate
    label: Label
    features: Features
    encode: Encode
    train: Train
    assemble: Assemble
    refit: Refit
    audit: Audit
    evaluate: Evaluate
    register_: Register = Field(alias="register")
    promote: Promote
    package: Package
    monitor: Monitor


def read(path: Path = PATH) -> Params:
    """Read and check the whole file.

    Raises:
        TriageError: it is missing, is not YAML, or a key or value is wrong; every wrong one is named.
    """
    try:
        text = Path(path).read_text("utf-8")
    except OSError as error:
        raise TriageError(f"cannot read {path}: {error.strerror}") from error
    return parse(text, path)


def parse(text: str, path: Path) -> Params:
    """Check the text of a `params.yaml`; `path` is for the sentences. Raises as `read`."""
    try:
        raw = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise TriageError(f"{path} is not YAML: {' '.join(str(error).split())}") from error
    try:
        return Params.model_validate(raw)
    except ValidationError as error:
        faults = "; ".join(_say(fault) for fault in error.errors())
        raise TriageError(f"{path}: {faults}") from error


def _say(fault: Any) -> str:
    where = ".".join(str(part) for part in fault["loc"]) or "the file"
    if fault["type"] == "extra_forbidden":
        return f"`{where}` is not a known key"
    if fault["type"] == "missing":
        return f"`{where}` is missing"
    if fault["type"] == "union_tag_invalid":
        return f"`{where}.kind` is {fault['ctx']['tag']!r}, known kinds are {fault['ctx']['expected_tags']}"
    if fault["type"] == "value_error" and isinstance(
        fault["input"], dict
    ):  # of a section: too long to repeat
        return f"`{where}`: {fault['ctx']['error']}"
    return f"`{where}` is {fault['input']!r}: {fault['msg'][0].lower()}{fault['msg'][1:]}"


def load(section: str) -> Any:
    """One section of `params.yaml` in the working folder, typed: `load("train").trials`."""
    params = read()
    return getattr(params, section if section in Params.model_fields else f"{section}_")
