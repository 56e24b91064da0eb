"""encode: members that read with a sentence encoder, frozen or fine-tuned, and the rules, which learn nothing."""

from pathlib import Path

from pipelines import STUDIES, progress, run, say
from ticket_triage import params
from ticket_triage.features import TEXT
from ticket_triage.files import md5, read_table, read_text, write_json
from ticket_triage.models import encoding, lookup, shelf, training, tuning
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
    from ticket_triage.registry import runs

    rest = fitting.model_dump(exclude={"families", "members"})
    study = tuning.fingerprint([md5(Path(one)) for one in (features, train, experts)], settings, rest)
    journals = {task: STUDIES / f"{task}-encoder-{study}.log" for task in learnt}
    mood = split.set_index("ticket_id")["gold_sentiment"]
    unlabelled = read_table(Path(others), [TEXT])[TEXT]
    with progress("encoder", encoding.steps(settings, fitting, len(learnt))) as advance:
        made = encoding.make(learnt, mood, unlabelled, settings, fitting, journals, advance)
    looked_up = lookup.write(everything, settings, fitting, made.published, Path(out))
    logged = {}
    for (task, family), folder in encoding.save(made, Path(out)).items():
        example = learnt[task].features.head(5)
        output = shelf.load(folder).predict_proba(example)
        logged[f"model_{task}_{family}"] = runs.Fitted(folder, example, output)
    tags = {"family": FAMILY, "data": md5(Path(train)), "commit": runs.commit()}
    known = encoding.record(made, learnt, fitting)
    run_id = runs.log_training(f"encoder-{settings.mode}", logged, tags=tags, **known)
    scores = {f"{one.task} {one.family}": round(one.found.score, 4) for one in made.members}
    write_json(
        Path(receipt), {"run_id": run_id, "scores": scores, "rules": looked_up, "agreement": made.agreement}
    )
    return say(f"encoder, {settings.mode}; macro-F1 across folds: {encoding.in_words(scores)}")


if __name__ == "__main__":
    run(main)
