"""What `ticket-triage annotate` does: the tickets of this pool, a queue of them, and a session."""

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pandas as pd
from rich.console import Console

from ticket_triage import params, taxonomy
from ticket_triage.annotation import queue
from ticket_triage.annotation.keyboard import keyboard
from ticket_triage.annotation.questions import ask, hints
from ticket_triage.annotation.session import Session
from ticket_triage.files import TriageError, read_json, read_table
from ticket_triage.labeling import annotations
from ticket_triage.labeling.gold import read_gold
from ticket_triage.schema import GOLD_COLUMNS

if TYPE_CHECKING:
    from ticket_triage.models.triage_model import TriageModel

Mode = Literal["fresh", "audit", "again", "adjudicate"]
OPEN = ("train", "validation", "unlabelled")  # the test is not for looking at


def annotate(
    data: Path,
    path: Path,
    guidelines: Path,
    *,
    mode: Mode,
    listed: Path | None,
    annotator: str,
    settings: params.Annotate,
    console: Console,
) -> None:
    """Let a person read tickets at a terminal.

    Args:
        data: the folder that the stages write into.
        path: the file of annotations.
        listed: the review list of the mode `audit`.

    Raises:
        TriageError: a file is missing, or the annotator is called what only gold may be called.
    """
    if annotator == annotations.GOLD or not annotator.strip():
        raise TriageError(f"--annotator {annotator!r} is taken or empty: give a name of your own")
    tickets = {part: read_table(data / f"split/{part}.parquet") for part in OPEN}
    every = pd.concat(list(tickets.values()), ignore_index=True)
    notes = annotations.read(path)
    if mode == "again":
        chosen = queue.again(every, notes, annotator, settings)
    elif mode == "audit":
        chosen = queue.audited(every, queue.read_list(listed or Path()), notes)
    elif mode == "adjudicate":
        chosen = queue.disputed(every, notes, before(data))
    else:
        with console.status("choosing tickets"):
            chosen = queue.fresh(tickets["unlabelled"], notes, _model(data, console), settings)
    draft = data / f".annotating/{annotator}-{mode}.json"
    chosen = _unfinished(chosen, every, notes, annotator, draft)
    if chosen.empty:
        console.print("There is no ticket to read: all of this queue are done.")
        return
    known = taxonomy.read(data / "validated/taxonomy.yaml")
    with keyboard() as key:
        session = Session(
            queue.items(chosen),
            ask(known),
            hints(known, guidelines),
            annotator=annotator,
            path=path,
            draft=draft,
            key=key,
            console=console,
        )
        session.run()
    console.print("`make pipeline` takes them as gold; `ticket-triage annotate --kappa` shows who agrees.")


def before(data: Path) -> pd.DataFrame:
    """The gold labels that no annotation gave: of the sources' gold files and their own; GOLD_COLUMNS."""
    known = taxonomy.read(data / "validated/taxonomy.yaml")
    sources = params.load("ingest").sources.values()
    named = sorted({path for one in sources if isinstance(path := getattr(one, "gold", None), str)})
    own = read_table(data / "validated/gold.parquet")
    every = [own[list(GOLD_COLUMNS)], *(read_gold(Path(path), known)[list(GOLD_COLUMNS)] for path in named)]
    return pd.concat([one.astype({"passes": "Int32"}) for one in every]).drop_duplicates("text_key")


def kappa(data: Path, path: Path, settings: params.Evaluate, console: Console) -> None:
    """Print how far annotators agree with each other and with gold."""
    from ticket_triage.annotation import agreement  # scikit-learn takes a while

    agreement.show(console, agreement.readers(annotations.read(path), before(data)), settings)


def _model(data: Path, console: Console) -> "TriageModel | None":
    folder = data / "models/triage"
    if not folder.is_dir():
        return None
    from ticket_triage.models.triage_model import OutdatedModel, TriageModel  # who has none need not wait

    try:
        return TriageModel.load(folder)
    except OutdatedModel as error:
        console.print(f"Tickets are drawn at random: {error}")
        return None


def _unfinished(
    chosen: pd.DataFrame, every: pd.DataFrame, notes: pd.DataFrame, annotator: str, draft: Path
) -> pd.DataFrame:
    """The queue with the ticket first that an earlier session did not finish."""
    if not draft.exists():
        return chosen
    left = read_json(draft)
    key, how, answers = left["text_key"], left["how"], [answer or None for answer in left["answers"]]
    read = annotations.standing(notes)
    mine = read[(read["text_key"] == key) & (read["annotator"] == annotator)]
    kept = mine[list(annotations.LABELS)].astype("object").where(mine[list(annotations.LABELS)].notna(), None)
    found = every[every["text_key"] == key].head(1)
    if answers in kept.to_numpy().tolist() or found.empty:
        draft.unlink()  # it became a line just before that session ended
        return chosen
    again = chosen[chosen["text_key"] == key]
    first = again if len(again) else found.assign(how=how)[["text_key", "text", "how"]]
    ordered: pd.DataFrame = pd.concat([first, chosen[chosen["text_key"] != key]], ignore_index=True)
    return ordered
