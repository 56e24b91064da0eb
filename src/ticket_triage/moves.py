"""What a registered model's tags tell of its champion's moves: which were a contest's, which a person's.

Apart from `champion`, which loads models: the probe reads these tags in every run of the pipeline.
"""

from collections.abc import Sequence
from typing import Any

from ticket_triage.registry import documents, versions
from ticket_triage.registry.store import registry_id
from ticket_triage.registry.versions import CHAMPION, PREVIOUS

SEEN, BY_HAND = "seen_champion", "chosen_by_hand"  # tags of the registered model
DOCUMENT = "rollout"  # of a version; and the document beside the registered model
CHANGES, LAST, BEFORE, MOVING = "changes", "last_contest", "changes_before_it", "moving_to"


def probe(pool: str, taxonomy: str, contest: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Which store and registered model this is, and how often it changed before the candidate was judged.

    The count stays the same while `contest` (it names the candidate and the rules) is the last that was held: its own
    outcome must not make the next run hold it anew. A hand that moves the champion, or another contest since,
    changes the count, so that no earlier promotion is taken from DVC's cache for today's.
    """
    name = versions.registered_name(pool, taxonomy)
    tags = versions.tags_of(name)
    now = versions.alias(name, CHAMPION) or ""
    if SEEN in tags and now not in {tags[SEEN], tags.get(MOVING) or tags[SEEN]}:
        tags |= {SEEN: now, BY_HAND: now, LAST: "", CHANGES: str(int(tags.get(CHANGES, 0)) + 1)}
        versions.tag(name, {key: tags[key] for key in (SEEN, BY_HAND, LAST, CHANGES)})
    changes = tags[BEFORE] if tags.get(LAST) == contest else tags.get(CHANGES, 0)
    store = {"registry": registry_id(), "model": name}
    chosen = tags.get(BY_HAND) or None
    return store, store | {"chosen_by_hand": chosen, "changes": int(changes), "contest": contest}


def move(name: str, version: str) -> None:
    """Make `version` the champion; if this is killed half way, the move is not taken for a hand's."""
    versions.tag(name, {MOVING: version})
    versions.set_alias(name, CHAMPION, version)


def settle(name: str, champion: str | None, state: dict[str, Any]) -> None:
    """Note that the contest that `state` (the probe's) names was held, and who serves since."""
    changes = int(versions.tags_of(name).get(CHANGES, 0)) + 1
    note = {
        SEEN: champion or "",
        MOVING: "",
        LAST: state["contest"],
        BEFORE: state["changes"],
        CHANGES: changes,
    }
    versions.tag(name, {key: str(value) for key, value in note.items()})


def choose(name: str, version: str, why: str) -> None:
    """Make `version` the champion as a person does; the one that was becomes `previous`, to roll back to."""
    before = versions.alias(name, CHAMPION)
    if before == version:
        return
    if before:
        versions.set_alias(name, PREVIOUS, before)
    versions.set_alias(name, CHAMPION, version)
    versions.tag(name, {"chosen": why}, version)


def served(name: str, entries: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Add changes of who served to those that the registry keeps, and return all, oldest first.

    Each version's tag `rollout` says what came of it last.

    Args:
        entries: with a unique `id`, `at` as ISO time, `action`, `share`, `why`, and the versions `champion` and
            `challenger`, each with `name` and `version`, or None.
    """
    known = {entry["id"]: entry for entry in (documents.read(name, DOCUMENT) or {"entries": []})["entries"]}
    new = [entry for entry in entries if entry["id"] not in known]
    if new:
        everything = sorted([*known.values(), *new], key=lambda entry: str(entry["at"]))
        documents.keep(name, DOCUMENT, {"entries": everything})
        last = {
            entry["challenger"]["version"]: entry for entry in everything if _of(entry["challenger"], name)
        }
        for version, entry in last.items():
            if versions.tags_of(name, version):
                said = f"{entry['at']}: {entry['action']} at {entry['share']:.0%}, {entry['why']}"
                versions.tag(name, {DOCUMENT: said[:5_000]}, version)
        return everything
    return list(known.values())


def _of(ref: dict[str, str] | None, name: str) -> bool:
    return ref is not None and ref["name"] == name
