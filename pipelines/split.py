"""Divide the tickets: gold by the committed split where it has their text, the rest of it likewise."""

from pathlib import Path

from pipelines import run
from ticket_triage import files, params, taxonomy
from ticket_triage.labeling import annotations
from ticket_triage.labeling.additions import divide
from ticket_triage.labeling.committed import read_split
from ticket_triage.labeling.gold import check_labels, id_conflicts, join, read_gold
from ticket_triage.labeling.split import WRITTEN, report


def main(
    tickets: str, own_gold: str, labels: str, committed: str, notes: str, out: str, report_path: str
) -> None:
    """Read tickets, their own gold, taxonomy, committed split, annotations; write each part's file, and counts."""
    table = files.read_table(Path(tickets))
    known = taxonomy.read(Path(labels))
    sources = params.load("ingest").sources
    named = {name: getattr(source, "gold", None) for name, source in sources.items()}
    gold = {name: read_gold(Path(path), known) for name, path in named.items() if isinstance(path, str)}
    own = files.read_table(Path(own_gold))
    check_labels(own, known, own_gold)
    joined = join(table, own, gold)
    read = annotations.read(Path(notes))
    parts = divide(joined, read_split(Path(committed)), read, params.load("split"))
    told = annotations.apply(joined, read, known)
    placed = told.assign(half=parts["half"])
    for part in WRITTEN:
        files.write_table(Path(out) / f"{part}.parquet", placed[parts["part"] == part])
    same_id = {name: id_conflicts(table[table["source"] == name], rows) for name, rows in gold.items()}
    files.write_json(Path(report_path), {**report(told, parts), "same_id_other_text": same_id})


if __name__ == "__main__":
    run(main)
