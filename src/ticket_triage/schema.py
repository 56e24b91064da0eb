"""The words of the house as types: the ticket, what is known of it later, its labels, and the answer to it."""

from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

Task = Literal["category", "priority"]
Urgency = Literal["low", "normal", "high", "critical"]  # what the customer says, or who took the ticket
Sentiment = Literal["negative", "neutral", "positive"]
Explain = Literal["short", "full"]  # how much is said of why: full asks the model again without each word
TASKS: tuple[Task, ...] = ("category", "priority")

PRIORITIES = ("low", "medium", "high")  # in ascending order
SENTIMENTS = ("negative", "neutral", "positive")

# The ticket table, in this order; every source is brought to it and every stage after `ingest` sees only it.
TICKET_DTYPES = {
    "ticket_id": "str",  # "<source>:<the source's own id>", unique in a pool
    "source": "str",
    "text": "str",  # as the source has it; cleaning is the features' work, so that serving does the same
    "text_key": "str",  # see files.text_key
    "subject": "str",
    "created_at": "datetime64[us, UTC]",
    "received_at": "datetime64[us, UTC]",  # when the team got it, where that differs from created_at
    "channel": "str",
    "customer": "str",
    "tier": "str",
    "earlier_tickets": "Int32",  # of the same customer, strictly earlier
}
TICKET_COLUMNS = tuple(TICKET_DTYPES)

# Of "Customer Support on Twitter", in the file's order.
TWCS_COLUMNS = (
    "tweet_id",
    "author_id",
    "inbound",
    "created_at",
    "text",
    "response_tweet_id",
    "in_response_to_tweet_id",
)

# Known only after the ticket was answered: allowed in labelling and in reports, never in features.
HINDSIGHT_DTYPES = {
    "ticket_id": "str",
    "brand": "str",  # who answered
    "first_reply": "str",
    "minutes_to_reply": "float64",
    "turns": "Int32",  # messages of the conversation, the ticket included
    "last_customer_message": "str",
}
HINDSIGHT_COLUMNS = tuple(HINDSIGHT_DTYPES)

GOLD_COLUMNS = (
    "text_key",
    "category",
    "second_category",
    "priority",
    "sentiment",
    "language",
    "passes",
)

# In the split files a ticket row is followed by its gold label, empty where there is none.
GOLD_PREFIX = "gold_"

# What a source calls itself when it has no id of a customer, a date, ... is a missing value, never "".


class Frozen(BaseModel):
    """A value: cannot be changed, and refuses a field that it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _no_text(value: Any) -> Any:
    if isinstance(value, str | bool):  # pydantic would take "3" and true
        raise ValueError("input should be a number")
    return value


def _no_number(value: Any) -> Any:
    if isinstance(value, int | float):  # pydantic would guess whether it is seconds or milliseconds
        raise ValueError("input should be a text, such as 2026-03-02T09:15:00Z")
    return value


Count = Annotated[int, Field(ge=0, le=1_000_000), BeforeValidator(_no_text)]
Time = Annotated[AwareDatetime, BeforeValidator(_no_number)]


def _any_name_of_text(schema: dict[str, Any]) -> None:
    properties = schema["properties"]
    properties["ticket"] = {**properties["text"], "description": "another name of `text`", "title": "Ticket"}
    schema.pop("required", None)
    schema["anyOf"] = [
        {"required": [name], "properties": {name: {"type": "string", "minLength": 1}}}
        for name in ("text", "ticket", "description")
    ]


class Ticket(Frozen):
    """A ticket as an application sends it: only the text is needed, which may also be called `ticket`.

    A `description` without a text is the text, with one it follows it. A `language` that is given is believed; a ticket
    whose `urgency` is high or critical is not called low, and is escalated.
    """

    model_config = ConfigDict(json_schema_extra=_any_name_of_text)

    text: str = Field(min_length=1, max_length=20_000, examples=["I was charged twice for my order #4411"])
    subject: str | None = Field(default=None, max_length=1_000)
    description: str | None = Field(default=None, max_length=20_000)
    created_at: Time | None = None
    received_at: Time | None = None
    channel: str | None = Field(default=None, max_length=100)
    customer: str | None = Field(default=None, max_length=200)
    tier: str | None = Field(default=None, max_length=100)
    earlier_tickets: Count | None = None
    language: str | None = Field(default=None, max_length=35, examples=["en", "pt-BR"])
    urgency: Urgency | None = None

    @model_validator(mode="before")
    @classmethod
    def _named(cls, given: Any) -> Any:
        if not isinstance(given, dict) or "text" in given:
            return given
        for name in ("ticket", "description"):
            if isinstance(given.get(name), str):
                return {"text": given[name], **{key: value for key, value in given.items() if key != name}}
        return given


class Question(Frozen):
    """How a ticket's answer is asked for, beside the ticket."""

    explain: Explain = "short"


class ModelRef(Frozen):
    """The exact registered version that answered; "latest" is not a version."""

    name: str
    version: str


class Figure(Frozen):
    """A figure measured on gold and its interval, at the confidence that evaluation asks for."""

    value: float
    low: float
    high: float


URGENT = "priority: of cross-fitted gold high"  # how the sentence on urgent tickets called low begins


class Measured(Frozen):
    """What a version was worth: figures by task and name; `on` says on what, null if it was never measured."""

    on: str | None = None
    figures: dict[Task, dict[str, Figure]] = {}
    urgent: str | None = None  # what was found of urgent tickets that it calls low; begins with URGENT


class Answer(Frozen):
    """A label, the calibrated probability that it is right, 0 to 1, and the labels that may be right.

    `prediction_set` begins with the most probable label; it is null where the model had too little gold to say how
    often such a set holds the right one.
    """

    label: str
    confidence: float = Field(ge=0, le=1)
    prediction_set: tuple[str, ...] | None


class Reason(Frozen):
    """Something that pushed the answer: `weight` is its share of the evidence, positive if it spoke for the label."""

    task: Task
    feature: str
    kind: Literal["text", "feature", "rule"]
    weight: float


class Neighbour(Frozen):
    """A gold ticket that the model learnt from and that this one is like: `similarity` is a cosine.

    `excerpt` is the beginning of its text, personal data masked; a label that was not given is null.
    """

    key: str
    similarity: float = Field(gt=0, le=1)
    category: str | None
    priority: str | None
    excerpt: str


class Effect(Frozen):
    """A word of the ticket, and by how much the probability of the answer is higher with it than without."""

    task: Task
    word: str
    change: float


class Prediction(Frozen):
    """The answer to one ticket; a task that the model was not trained for is null.

    `degraded`: a part of the model could not answer, so others, or the experts' rules alone, did; always for review.
    `language` is an ISO 639-1 code, `und` where it cannot be told; `latency_ms` is from the ticket read to the answer.
    `effects` are null unless `explain=full` asked for them.
    """

    prediction_id: str
    model: ModelRef
    category: Answer | None
    priority: Answer | None
    department: str | None
    team: str | None
    decision: Literal["auto", "review"]
    review_reasons: tuple[str, ...]
    escalation: tuple[str, ...]
    reasons: tuple[Reason, ...]
    neighbours: tuple[Neighbour, ...] = ()
    effects: tuple[Effect, ...] | None = None
    degraded: bool = False
    sentiment: Sentiment | None = None
    language: str | None = None
    latency_ms: float | None = None
