"""What a registered model's tags tell of its champion's moves: which were a contest's, which a person's.

Apart from `champion`, which loads models: the probe reads these tags in every run of the pipeline.
"""

from typing import Any

from ticket_triage import registry
from ticket_triage.registry import CHAMPION

SEEN, BY_HAND = "seen_champion", "chosen_by_hand"  # tags of the registered model
CHANGES, LAST, BEFORE, MOVING = "changes", "last_contest", "changes_before_it", "moving_to"


def probe(pool: str, taxonomy: str, contest: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Which store and registered model this is, and how often it changed before the candidate was judged.

    The count stays the same while `contest` (it names the candidate and the rules) is the last that was held: its own
    outcome must not make the next run hold it anew. A hand that moves the champion, or another contest since,
    changes the count, so that no earlier promotion is taken from DVC's cache for today's.
    """
    name = registry.registered_name(pool, taxonomy)
    tags = registry.tags_of(name)
    now = registry.alias(name, CHAMPION) or ""
    if SEEN in tags and now not in {tags[SEEN], tags.get(MOVING) or tags[SEEN]}:
        tags |= {SEEN: now, BY_HAND: now, LAST: "", CHANGES: str(int(tags.get(CHANGES, 0)) + 1)}
        registry.tag(name, {key: tags[key] for key in (SEEN, BY_HAND, LAST, CHANGES)})
    changes = tags[BEFORE] if tags.get(LAST) == contest else tags.get(CHANGES, 0)
    store = {"registry": registry.registry_id(), "model": name}
    chosen = tags.get(BY_HAND) or None
    return store, store | {"chosen_by_hand": chosen, "changes": int(changes), "contest": contest}


def move(name: str, version: str) -> None:
    """Make `version` the champion; if this is killed half way, the move is not taken for a hand's."""
    registry.tag(name, {MOVING: version})
    registry.set_alias(name, CHAMPION, version)


def settle(name: str, champion: str | None, state: dict[str, Any]) -> None:
    """Note that the contest that `state` (the probe's) names was held, and who serves since."""
    changes = int(registry.tags_of(name).get(CHANGES, 0)) + 1
    note = {
        SEEN: champion or "",
        MOVING: "",
        LAST: state["contest"],
        BEFORE: state["changes"],
        CHANGES: changes,
    }
    registry.tag(name, {key: str(value) for key, value in note.items()})
