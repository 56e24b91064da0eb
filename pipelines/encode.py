"""encode: members that read with a sentence encoder, frozen or fine-tuned, and the rules, which learn nothing."""

from pathlib import Path

from pipelines import STUDIES, progress, run, say
from ticket_triage import params
from ticket_triage.features import TEXT
from ticket_triage.files import md5, read_table, read_text, write_json
from ticket_triage.models import encoding, lookup, training, tuning
from ticket_triage.models.encoder import FAMILY
from ticket_triage.schema import TASKS


def main(features: str, others: str, train: str, experts: str, out: str, receipt: str) -> None:
    """Write a member's folder for each task and family, and the receipt that names the MLflow run."""
    settings, fitting = params.load("encode"), params.load("train")
    rows, split, rules = read_table(Path(features)), read_table(Path(train)), read_text(Path(experts))
    learnt = {task: training.select(task, rows, split, None, rules, fitting) for task in TASKS}
    everything, why = learnt, encoding.skip(learnt, settings, fitting, Path(out))
    learnt = {task: one for task, one in learnt.items() if task not in why}
    if not learnt:
        lookup.write(everything, settings, fitting, None, Path(out))
        write_json(Path(receipt), {"run_id": None, "skipped": why})
        return say(f"no encoder: {why[TASKS[0]]}")
    # MLflow takes seconds to import, and without an encoder there is no run to record.
    from ticket_triage.registry.training import record

    files, rest = (features, train, experts), fitting.model_dump(exclude={"families", "members"})
    journals = {task: tuning.journal(STUDIES / f"{task}-encoder", files, settings, rest) for task in learnt}
    mood, unlabelled = training.Lesson(learnt, split).mood, read_table(Path(others), [TEXT])[TEXT]
    with progress("encoder", encoding.steps(settings, fitting, len(learnt))) as advance:
        made = encoding.make(learnt, mood, unlabelled, settings, fitting, journals, advance)
    told = {"rules": lookup.write(everything, settings, fitting, made.published, Path(out))}
    saved = encoding.save(made, Path(out)).items()
    logged = {f"model_{task}_{family}": (folder, learnt[task].features) for (task, family), folder in saved}
    tags = {"family": FAMILY, "data": md5(Path(train))}
    run_id = record(f"encoder-{settings.mode}", logged, tags=tags, **encoding.record(made, learnt, fitting))
    scores = {f"{one.task} {one.family}": round(one.found.score, 4) for one in made.members}
    write_json(Path(receipt), {"run_id": run_id, "scores": scores, **told, "agreement": made.agreement})
    return say(f"encoder, {settings.mode}; macro-F1 across folds: {encoding.in_words(scores)}")


if __name__ == "__main__":
    run(main)
