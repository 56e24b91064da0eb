"""What a run of the pipeline came to, in words: a label and a sentence for each thing to know."""

from collections.abc import Iterator, Mapping
from typing import Any

from ticket_triage.schema import TASKS


def rows(receipts: Mapping[str, Any], labelled: int) -> Iterator[tuple[str, str]]:
    """Rows, quality on gold, champion, Bento and drift, as (label, sentence); the label is empty where it goes on.

    Args:
        receipts: what the stages validate, split, forecast, promote, package and monitor wrote, by their names.
        labelled: how many tickets have a weak label.
    """
    counts, promotion, drift = receipts["validate"], receipts["promote"], receipts["monitor"]
    yield "Rows in", f"{sum(counts['raw'].values()):,} raw, {counts['tickets']['rows']:,} tickets"
    yield "Quarantined", f"{sum(counts[table]['quarantined'] for table in ('tickets', 'gold')):,}"
    yield "Labelled", f"{receipts['split']['gold']:,} gold, {labelled:,} with a weak label"
    yield "Gold is", ", ".join(f"{receipts['forecast'][task]['verdict']} for {task}" for task in TASKS)
    for task in TASKS:
        found = promotion["test"].get(task)
        score = "macro-F1 on the gold test {:.3f} ({:.3f} to {:.3f})".format(*found) if found else ""
        yield task.capitalize(), score or "not trained: no gold for it"
        if found and (line := _routing(promotion["told"], task)):
            yield "", line
    if urgent := promotion["urgent"]:
        yield "Urgent", urgent
    yield "Champion", f"version {promotion['champion']} of {promotion['model']}"
    yield "Why", " ".join(promotion["reasons"])
    yield "Bento", receipts["package"]["bento"]
    yield "Drift", f"{drift['verdict']}: {drift['drifted']} of {drift['columns']} columns; {drift['window']}"
    yield "Gold test opened", f"{promotion['test_openings']} times so far"


def _routing(told: Mapping[str, Any], task: str) -> str:
    """How much a task is sure of and how right that is, in a sentence."""
    figures = [told[name].get(task) for name in ("sure_share", "sure_precision", "sure_precision_strict")]
    if not all(figures):
        return ""
    share, either, strict = figures
    return (
        f"sure of {share[0]:.0%}; right in {either[0]:.1%} of those ({either[1]:.1%} to {either[2]:.1%}), "
        f"by the first label alone {strict[0]:.1%}; calibration error {told['ece'][task][0]:.3f}"
    )
