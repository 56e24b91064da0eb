"""The contest for the champion's place: candidates enter, are judged on the gold test, take the place or not."""

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from ticket_triage import evaluation, moves, promotion
from ticket_triage.champion import NOTED, REASONS, told, urgent
from ticket_triage.evaluation import comparison, timing, versus
from ticket_triage.files import TriageError, atomic, read_json, sha256, write_json, write_text
from ticket_triage.models.loading import flat
from ticket_triage.models.triage_model import OutdatedModel, TriageModel
from ticket_triage.params import Evaluate, Promote
from ticket_triage.registry import runs, versions
from ticket_triage.registry.versions import CHAMPION

OPENINGS = "test_openings"  # tag of the registered model
VERDICT, TIME = "verdict", "ms."  # tags of a version; the second begins those of its members


def enter(model: Path, metrics: dict[str, float], store: dict[str, str]) -> dict[str, Any]:
    """Register the candidate, or find the version that it already is."""
    digest = sha256(model)
    data = read_json(model / "model.json")["info"]["data"]
    tags = {
        "data": data,
        "commit": runs.commit(),
        **{k: f"{v:.4f}" for k, v in metrics.items() if "macro_f1" in k},
    }
    example = pd.DataFrame({"text": ["I was charged twice for my order #4411"]})
    loaded = TriageModel.load(model)
    taken = {
        f"{TIME}{row['task']}.{row['family']}": round(float(row["milliseconds"]), 3)
        for row in timing.members(loaded).to_dict("records")
    }
    version = versions.register(
        store["model"],
        model,
        digest,
        example,
        flat(loaded, example),
        metrics=metrics | taken,
        tags=tags | {name: str(value) for name, value in taken.items()},
    )
    return {
        "model": store["model"],
        "version": version,
        "digest": digest,
        "data": data,
        "registry": store["registry"],
    }


def hold(
    candidate: dict[str, Any],
    state: dict[str, Any],
    parts: dict[str, pd.DataFrame],
    hindsight: pd.DataFrame,
    settings: Promote,
    measure: Evaluate,
    out: Path,
) -> dict[str, Any]:
    """Judge the candidate against the champion on the gold test and move the alias if it wins.

    A pair is judged once: a candidate that was judged before does not take the place of a champion that a person
    chose since. Writes promote.json, report.html and flips.csv (the tickets whose label would change, by key) below
    `out` and returns what promote.json holds.
    """
    name, version = candidate["model"], candidate["version"]
    champion = versions.alias(name, CHAMPION)
    known = versions.tags_of(name, version)
    moved, page, changed = False, "", pd.DataFrame(columns=list(comparison.FLIPS))
    with atomic(out) as draft:
        draft.mkdir()
        if champion == version:
            reasons = known.get(REASONS, f"version {version} is the champion already").split("\n")
        elif champion and champion == state["chosen_by_hand"] and VERDICT in known:
            reasons = [
                f"version {champion} was chosen by hand and stays; version {version} was judged before."
            ]
        else:
            verdict, page, changed = _judge(name, version, champion, parts, hindsight, settings, measure)
            reasons, moved = list(verdict.reasons), verdict.promote
            tags = {
                VERDICT: "promoted" if moved else "refused",
                REASONS: "\n".join(reasons),
                "against": champion or "",
            }
            versions.tag(name, tags, version)
        if moved:
            moves.move(name, version)
            champion = version
        moves.settle(name, champion, state)
        figures = told(name, champion) if champion else {}
        receipt = {
            "model": name,
            "champion": champion,
            "candidate": version,
            "promoted": moved,
            "reasons": reasons,
            "test": figures.get("macro_f1", {}),
            "told": figures,
            "urgent": urgent(name, champion) if champion else "",
            "test_openings": int(versions.tags_of(name).get(OPENINGS, 0)),
            "changes": state["changes"],
            "registry": state["registry"],
        }
        write_json(draft / "promote.json", receipt)
        write_text(draft / "report.html", page or versus.notice("Promotion", reasons))
        write_text(draft / "flips.csv", changed.to_csv(index=False, lineterminator="\n"))
    if champion is None:
        raise TriageError(
            f"no model serves: {' '.join(reasons)} See {out / 'report.html'}. More gold helps; or lower "
            "`promote.policy.floors`, or leave a task out of `train.tasks`, in params.yaml."
        )
    return receipt


def _judge(
    name: str,
    version: str,
    champion: str | None,
    parts: dict[str, pd.DataFrame],
    hindsight: pd.DataFrame,
    settings: Promote,
    measure: Evaluate,
) -> tuple[promotion.Verdict, str, pd.DataFrame]:
    """Open the test part for the versions, say which is better, draw the page of both, and name what changes."""
    opened = {version: _open(name, version)}
    outdated: tuple[str, ...] = ()
    if champion:
        try:
            opened[champion] = _open(name, champion)
        except OutdatedModel:
            outdated = (
                f"version {champion} was made by code that this one cannot run, so it is not compared with.",
            )
            champion = None
    openings = int(versions.tags_of(name).get(OPENINGS, 0)) + len(opened)
    versions.tag(name, {OPENINGS: str(openings)})

    def pair(part: str, title: str) -> comparison.Pair:
        ours, *theirs = (
            evaluation.evaluate(model, parts[part], hindsight, measure, on=title, digest=digest)
            for model, digest in opened.values()
        )
        return comparison.compare(
            ours,
            theirs[0] if theirs else None,
            bootstrap=settings.bootstrap,
            confidence=settings.policy.confidence,
            seed=settings.seed,
        )

    pairs = [pair("test", "the gold test")]
    if all(evaluation.has_gold(parts["newest"], model.tasks).any() for model, _ in opened.values()):
        pairs.append(pair("newest", "the newest tickets"))
    called = f"version {champion}" if champion else None
    verdict = promotion.judge(pairs[0], settings.policy, f"version {version}", called)
    verdict = replace(verdict, reasons=(*outdated, *verdict.reasons))
    page = versus.page(
        verdict.promote,
        verdict.reasons,
        pairs,
        candidate=f"version {version}",
        champion=called,
        openings=openings,
        guarded=settings.policy.guarded,
        times=_times(name, version),
    )
    headline = {f"test.{key}": f"{value:.4f}" for key, value in pairs[0].candidate.headline().items()}
    named = {one for tags in NOTED.values() for one in tags}
    versions.tag(name, {key: value for key, value in headline.items() if key in named}, version)
    return verdict, page, comparison.flips(pairs[0])


def _times(name: str, version: str) -> dict[tuple[str, str], float]:
    """Milliseconds of each member, by task and family, as measured when the version was registered."""
    found = {}
    for key, value in versions.tags_of(name, version).items():
        if key.startswith(TIME):
            task, _, family = key.removeprefix(TIME).partition(".")
            found[task, family] = float(value)
    return found


def _open(name: str, version: str) -> tuple[TriageModel, str]:
    with tempfile.TemporaryDirectory() as room:
        folder = versions.fetch(name, version, Path(room))
        return TriageModel.load(folder), sha256(folder)
