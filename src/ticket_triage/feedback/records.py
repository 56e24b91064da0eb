"""What the decision log keeps of a prediction, and of what a person said of it."""

from typing import Any, Literal

from pydantic import AwareDatetime, ConfigDict, Field, model_validator
from pydantic_core import from_json

from ticket_triage.schema import TASKS, Frozen, ModelRef

Variant = Literal["champion", "challenger"]
BESIDE = "-beside"  # after the id of a decision: the other version's answer to the same ticket
ID = rf"^[0-9a-f]{{32}}({BESIDE})?$"


class Decision(Frozen):
    """A prediction as it was made: enough to make it again.

    `ticket` is the masked input exactly as the model saw it, `answer` the prediction without its id, model and latency;
    `customer` is a keyed hash, never the customer. A `shadow` answer was logged and not given.
    """

    prediction_id: str
    at: AwareDatetime
    model: ModelRef
    variant: Variant = "champion"
    shadow: bool = False
    caller: str | None = None
    request_id: str | None = None
    customer: str | None = None
    ticket: dict[str, Any]
    answer: dict[str, Any]
    latency_ms: float
    cached: bool = False
    degraded: bool = False


class Correction(Frozen):
    """What a person says the labels of a prediction should have been; never changed, only followed by another."""

    correction_id: str
    prediction_id: str
    at: AwareDatetime
    category: str | None = None
    priority: str | None = None
    by: str | None = None
    note: str | None = None

    def overrides(self, decision: Decision) -> bool:
        """Whether it says another label than was answered."""
        said = {task: getattr(self, task) for task in TASKS}
        return any(
            label is not None and label != (decision.answer[task] or {}).get("label")
            for task, label in said.items()
        )


def _any_label(schema: dict[str, Any]) -> None:
    names = ("category", "priority")
    schema["anyOf"] = [{"required": [name], "properties": {name: {"type": "string"}}} for name in names]


class Feedback(Frozen):
    """What a person says the labels of a prediction should have been; personal data in it is masked."""

    model_config = ConfigDict(json_schema_extra=_any_label)

    prediction_id: str = Field(pattern=ID, examples=["0f8fad5bd9cb469fa16570867728950e"])
    category: str | None = Field(default=None, min_length=1, max_length=200)
    priority: str | None = Field(default=None, min_length=1, max_length=200)
    by: str | None = Field(default=None, min_length=1, max_length=200)
    note: str | None = Field(default=None, min_length=1, max_length=2_000)

    @model_validator(mode="after")
    def _says_something(self) -> "Feedback":
        if self.category is None and self.priority is None:
            raise ValueError("say a category or a priority")
        return self


Record = Decision | Correction
UNREADABLE = (
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
)  # what `parse` raises of a line that is no record
_LARGE = {"ticket", "answer"}


def line_of(record: Record) -> bytes:
    """A record as it lies in the spool."""
    kind = b"decision" if isinstance(record, Decision) else b"correction"
    return b'{"%b":%b}' % (kind, record.model_dump_json().encode())


def decision_line(one: Decision, ticket: bytes, answer: bytes) -> bytes:
    """`line_of` for a decision whose `ticket` and `answer` are there as JSON already."""
    head = one.model_dump_json(exclude=_LARGE).encode()
    return b'{"decision":%b,"ticket":%b,"answer":%b}}' % (head[:-1], ticket, answer)


def parse(line: bytes) -> Record:
    """The record that `line_of` wrote.

    Raises:
        UNREADABLE: it is none.
    """
    ((kind, content),) = from_json(line).items()
    kinds: dict[str, type[Record]] = {"decision": Decision, "correction": Correction}
    return kinds[kind].model_validate(content)
