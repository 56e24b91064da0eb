from pathlib import Path

import pytest
import yaml

from ticket_triage import taxonomy
from ticket_triage.files import TriageError

SMALL = {
    "name": "small",
    "departments": ["Billing", "General"],
    "teams": ["finance", "front_desk"],
    "urgency_words": ["asap"],
    "safety_words": ["smoke"],
    "categories": [
        {
            "label": "billing_payment",
            "department": "Billing",
            "team": "finance",
            "base_priority": "medium",
            "keywords": ["refund", "charged twice"],
            "patterns": [r"\$\d"],
        },
        {
            "label": "other",
            "department": "General",
            "team": "front_desk",
            "base_priority": "low",
            "keywords": ["lol"],
        },
    ],
}


def written(folder: Path, **changes: object) -> Path:
    path = folder / "taxonomy.yaml"
    path.write_text(yaml.safe_dump({**SMALL, **changes}), "utf-8")
    return path


def with_category(**changes: object) -> list[object]:
    first, second = SMALL["categories"]
    return [{**first, **changes}, second]


def test_the_projects_own_taxonomy_is_sound() -> None:
    own = taxonomy.read(Path("data/taxonomy.yaml"))
    assert len(own.labels) == 11
    assert {category.department for category in own.categories} <= {
        "Technical",
        "Billing",
        "General",
        "Feature Request",
        "Complaint",
    }
    billing = own.category("billing_payment")
    assert (billing.department, billing.team) == ("Billing", "finance")
    assert all(category.keywords and category.patterns and category.examples for category in own.categories)


def test_written_and_read_again_it_is_the_same(tmp_path: Path) -> None:
    first = taxonomy.read(written(tmp_path))
    again = tmp_path / "again.yaml"
    again.write_text(taxonomy.to_yaml(first), "utf-8")
    assert taxonomy.read(again) == first
    assert taxonomy.read(again).digest == first.digest


def test_the_digest_follows_the_content(tmp_path: Path) -> None:
    first = taxonomy.read(written(tmp_path)).digest
    assert taxonomy.read(written(tmp_path, urgency_words=["now"])).digest != first


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"categories": with_category(keywords=["refund", "Refund"])},
            "`Refund` of `billing_payment`.*twice",
        ),
        ({"categories": with_category(keywords=["lol"])}, "`lol` of `other`.*already in `billing_payment`"),
        ({"categories": with_category(keywords=["!!"])}, "`!!` of `billing_payment` has no word"),
        (
            {"categories": with_category(team="finnance")},
            "`billing_payment` names an unknown team `finnance`",
        ),
        ({"categories": with_category(department="Bills")}, "unknown department `Bills`"),
        ({"categories": with_category(keywords=[], patterns=[])}, "`billing_payment` is empty"),
        ({"categories": with_category(patterns=["(oops"])}, r"bad pattern `\(oops`"),
        ({"categories": with_category(patterns=["a*"])}, "matches every text"),
        (
            {"categories": with_category(keyword=["x"])},
            "`categories.billing_payment.keyword` is not a known key",
        ),
        ({"categories": with_category(base_priority="urgent")}, "billing_payment.base_priority` is 'urgent'"),
        ({"categories": with_category(keywords=[404])}, "billing_payment.keywords.0` is 404"),
        ({"categories": with_category(label="other")}, "category `other` is there twice"),
        ({"categories": []}, "categories"),
        ({"safety_words": ["smoke", "Smoke!"]}, "`Smoke!` of `safety_words` is a duplicate"),
        ({"teams": ["finance", "finance", "front_desk"]}, "`finance` is listed twice in `teams`"),
        ({"categorys": []}, "`categorys` is not a known key"),
        ({"name": None}, "`name` is None"),
    ],
)
def test_a_fault_is_refused_by_name(tmp_path: Path, changes: dict[str, object], said: str) -> None:
    with pytest.raises(TriageError, match=said):
        taxonomy.read(written(tmp_path, **changes))


@pytest.mark.parametrize("content", ["a: [", "- 1\n", ""])
def test_what_is_no_taxonomy_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(content, "utf-8")
    with pytest.raises(TriageError, match=r"the taxonomy .*bad.yaml"):
        taxonomy.read(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(TriageError, match=r"cannot read the taxonomy .*nowhere.yaml"):
        taxonomy.read(tmp_path / "nowhere.yaml")


def test_an_unknown_category_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(TriageError, match=r"no category `billing`.*billing_payment, other"):
        taxonomy.read(written(tmp_path)).category("billing")


def test_a_teams_own_labels_make_a_taxonomy(tmp_path: Path) -> None:
    own = taxonomy.from_labels(["why?", "card_arrival", "card_arrival"], "bank")
    assert own.labels == ("card_arrival", "why?")
    assert (own.category("why?").department, own.category("why?").team) == ("General", "support")
    path = tmp_path / "own.yaml"
    path.write_text(taxonomy.to_yaml(own), "utf-8")
    assert taxonomy.read(path) == own


@pytest.mark.parametrize("labels", [[], ["a", " "]])
def test_no_labels_make_no_taxonomy(labels: list[str]) -> None:
    with pytest.raises(TriageError, match="source bank has"):
        taxonomy.from_labels(labels, "bank")


def test_plain_drops_what_keywords_do_not_see() -> None:
    assert taxonomy.plain("@Shop Où est MON colis? https://x.io &amp; can’t wait").split() == [
        *("ou", "est", "mon", "colis?", "&", "can't", "wait")
    ]
    assert taxonomy.words("can't log-in, now!") == ["can't", "log", "in", "now"]
    assert taxonomy.plain("アプリが") == "アプリが"
