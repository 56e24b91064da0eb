"""A person at a terminal: a ticket, its questions one after another, every answer kept at once."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table

from ticket_triage.annotation.questions import OTHER, QUIT, SKIP, UNDO, Question
from ticket_triage.annotation.queue import Item
from ticket_triage.files import read_json, write_json
from ticket_triage.labeling import annotations
from ticket_triage.labeling.annotations import WITHDRAWN, Annotation

_ENTER, _BACK = ("\r", "\n"), ("\x7f", "\b")
_WHY = {
    annotations.UNSURE: "the model is unsure of it",
    annotations.RANDOM: "drawn at random",
    annotations.AUDIT: "its label is contradicted",
    annotations.AGAIN: "labelled before; its labels are not shown",
    annotations.ADJUDICATED: "readings differ: yours decides",
}


class Left(Exception):
    """The person leaves."""


class Session:
    """Asks for `items` in turn. An answer is on the disk before the next question is asked.

    A ticket whose questions are all answered is a line of `path`; answers to a ticket that is not done lie in `draft`,
    and there the next session, whose first ticket it must be, finds them.

    Args:
        key: waits for a key and returns it.
    """

    def __init__(
        self,
        items: Sequence[Item],
        questions: Sequence[Question],
        hints: Mapping[str, str],
        *,
        annotator: str,
        path: Path,
        draft: Path,
        key: Callable[[], str],
        console: Console,
    ) -> None:
        self.items, self.questions, self.hints = list(items), questions, hints
        self.annotator, self.path, self.draft = annotator, path, draft
        self.key, self.console = key, console
        self.saved: set[int] = set()
        self.skipped: set[int] = set()
        self.counts: dict[str, Counter[str]] = {}
        self._count()

    def run(self) -> None:
        """Go through the tickets until there is none left or the person quits."""
        at = 0
        try:
            while at < len(self.items):
                at += self._read(at)
        except (Left, KeyboardInterrupt, EOFError):
            pass
        self.console.print(
            f"\n{len(self.saved)} tickets annotated, {len(self.skipped)} skipped; kept in {self.path}."
        )

    def _read(self, at: int) -> int:
        """Ask all of one ticket; 1 to go on, -1 to go back to the one before, 0 to ask it again."""
        item = self.items[at]
        answers = read_json(self.draft)["answers"] if self.draft.exists() else []
        while len(answers) < len(self.questions):
            question = self.questions[len(answers)]
            self._show(at, item, answers)
            said = self._answer(question, item, answers)
            if said == QUIT:
                raise Left
            if said == SKIP:
                self.draft.unlink(missing_ok=True)
                self.skipped.add(at)
                return 1
            if said == UNDO:
                if not answers:
                    return self._back(at)
                answers = answers[:-1]
            else:
                answers = [*answers, said]
            write_json(self.draft, {"text_key": item.text_key, "how": item.how, "answers": answers})
        given = {q.name: a or None for q, a in zip(self.questions, answers, strict=True)}
        self._keep(item, given, item.how)
        self.draft.unlink(missing_ok=True)
        self.saved.add(at)
        self.skipped.discard(at)
        return 1

    def _back(self, at: int) -> int:
        """Take the ticket before back, if it was done in this session."""
        self.draft.unlink(missing_ok=True)
        if not at:
            return 0
        if at - 1 in self.saved:
            self._keep(self.items[at - 1], {}, WITHDRAWN)
            self.saved.discard(at - 1)
        self.skipped.discard(at - 1)
        return -1

    def _keep(self, item: Item, given: Mapping[str, str | None], how: str) -> None:
        labels = {name: given.get(name) for name in annotations.LABELS}
        now = datetime.now(UTC).isoformat(timespec="microseconds")
        one = Annotation(item.text_key, annotator=self.annotator, at=now, how=how, **labels)
        annotations.append(self.path, one)
        self._count()

    def _count(self) -> None:
        """How many readings each label has, of all annotators."""
        left = annotations.standing(annotations.read(self.path))
        self.counts = {question.name: Counter(left[question.name].dropna()) for question in self.questions}

    def _answer(self, question: Question, item: Item, answers: Sequence[str]) -> str:
        """A label, "" for none, or SKIP, UNDO, QUIT."""
        typed = ""
        while True:
            key = self.key()
            if not key or key in ("\x03", "\x04"):
                raise Left
            if key in _BACK:
                if not typed:
                    return UNDO
                typed = typed[:-1]
            elif key in (SKIP, UNDO, QUIT) and not typed:
                return key
            elif key in _ENTER:
                if question.name == "language" and not typed:
                    return item.language
                if question.none and not typed:
                    return ""
            elif question.name == "language" and key == OTHER and not typed:
                return self._code(item)
            else:
                typed += key
                label = question.labels.get(typed)
                if label is not None and not (question.none and label == answers[0]):
                    return label
                if len(typed) >= question.width:
                    typed = ""

    def _code(self, item: Item) -> str:
        """A language that has no key, typed."""
        self.console.print("two letters (ISO 639-1), Enter: ", end="")
        typed = ""
        while (key := self.key()) not in _ENTER or len(typed) != 2:
            if not key or key in ("\x03", "\x04"):
                raise Left
            if key in _BACK:
                typed = typed[:-1]
            elif key.isascii() and key.isalpha() and len(typed) < 2:
                typed += key.lower()
                self.console.print(key.lower(), end="")
        return typed

    def _show(self, at: int, item: Item, answers: Sequence[str]) -> None:
        question = self.questions[len(answers)]
        if self.console.is_terminal:
            self.console.clear()
        self.console.rule(f"{at + 1} of {len(self.items)} · {_WHY[item.how]} · {self.annotator}")
        self.console.print(Panel(escape(item.text), padding=(1, 2)))
        for line in item.told:
            self.console.print(f"[dim]{escape(line)}[/]")
        given = zip(self.questions, answers, strict=False)
        told = ", ".join(f"{q.name.replace('_', ' ')} [bold]{a or 'none'}[/]" for q, a in given)
        self.console.print(told)
        self.console.print(f"[bold]{question.says}[/]")
        table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
        for column in (2, None, 5, None):
            table.add_column(width=column, no_wrap=True, overflow="ellipsis")
        counts = self.counts[question.name]
        for key, label in question.labels.items():
            if question.none and label == answers[0]:
                continue
            table.add_row(
                f"[bold]{key}[/]", label, f"[dim]{counts[label] or ''}[/]", self.hints.get(label, "")
            )
        self.console.print(table)
        enter = {
            "language": f"Enter {item.language}   {OTHER} another   ",
            "second_category": "Enter none   ",
        }
        keys = f"{enter.get(question.name, '')}{UNDO} undo   {SKIP} skip   {QUIT} quit"
        self.console.print(f"[dim]{keys}[/]")
