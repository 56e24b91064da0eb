import json
from pathlib import Path

import pandas as pd
import pytest

from ticket_triage.files import TriageError
from ticket_triage.models.triage_model import TriageModel
from ticket_triage.schema import ModelRef, Ticket
from ticket_triage.serving.predictor import Predictor
from ticket_triage.serving.scoring import MAX_TEXT, PREDICTED, Tally, score

REF = ModelRef(name="ticket-triage", version="3")
TEXTS = [f"my parcel number {n} is late, please refund the invoice" for n in range(30)]


@pytest.fixture(scope="module")
def model(model_folder: Path) -> TriageModel:
    return TriageModel.load(model_folder)


def table(**columns) -> pd.DataFrame:
    return pd.DataFrame({"ticket_id": [f"t{n}" for n in range(len(TEXTS))], "text": TEXTS, **columns})


def save(frame: pd.DataFrame, path: Path) -> str:
    if path.suffix == ".parquet":
        frame.to_parquet(path)
    elif path.suffix == ".jsonl":
        frame.to_json(path, orient="records", lines=True)
    else:
        frame.to_csv(path, index=False)
    return str(path)


def load(path: Path) -> pd.DataFrame:
    if path.suffix == ".parquet":
        return pd.read_parquet(path)
    return pd.read_json(path, lines=True) if path.suffix == ".jsonl" else pd.read_csv(path)


@pytest.mark.parametrize("source", ["in.csv", "in.jsonl", "in.parquet"])
@pytest.mark.parametrize("target", ["out.csv", "out.jsonl", "out.parquet"])
def test_a_file_gets_the_models_predictions_in_its_order(model, tmp_path, monkeypatch, source, target):
    monkeypatch.setattr("ticket_triage.serving.scoring.ROWS", 7)
    tally = score(model, REF, save(table(), tmp_path / source), str(tmp_path / target))
    found, wanted = load(tmp_path / target), model.predict(table())
    assert list(found.columns) == ["ticket_id", "model", *PREDICTED, "error"]
    assert found["ticket_id"].tolist() == [f"t{n}" for n in range(30)]
    assert set(found["model"]) == {"ticket-triage:3"}
    for name in ("category", "priority", "department", "team", "decision"):
        assert found[name].tolist() == wanted[name].tolist()
    assert found["category_confidence"].to_numpy() == pytest.approx(wanted["category_confidence"], abs=1e-6)
    assert found["error"].isna().all()
    assert tally == Tally(30, int((wanted["decision"] == "review").sum()), 0)


def test_twice_the_same_bytes(model, tmp_path):
    source = save(table(), tmp_path / "in.csv")
    for name in ("a.csv", "b.csv"):
        score(model, REF, source, str(tmp_path / name), reasons=2)
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()


def test_other_columns_of_a_ticket_count_as_they_do_in_a_request(model, tmp_path):
    ticket = Ticket(
        text=TEXTS[0],
        subject="refund",
        created_at="2017-10-31T22:10:47Z",
        received_at="2017-11-01T01:10:47Z",
        tier="gold",
        earlier_tickets=3,
    )
    row = {
        "text": TEXTS[0],
        "subject": "refund",
        "created_at": "Tue Oct 31 22:10:47 +0000 2017",
        "received_at": "2017-11-01 01:10:47",
        "tier": "gold",
        "earlier_tickets": "3.0",
    }
    score(model, REF, save(pd.DataFrame([row]), tmp_path / "in.csv"), str(tmp_path / "out.jsonl"))
    found = json.loads((tmp_path / "out.jsonl").read_text())
    wanted = model.single.answer(dict(ticket))
    assert found["category_confidence"] == pytest.approx(wanted["category_confidence"], abs=1e-6)
    assert found["priority_confidence"] == pytest.approx(wanted["priority_confidence"], abs=1e-6)


@pytest.mark.parametrize("target", ["out.jsonl", "out.parquet", "out.csv"])
def test_with_reasons_come_neighbours_and_in_full_what_each_word_does(model, tmp_path, target):
    rows = pd.DataFrame({"text": [TEXTS[0], ""], "created_at": ["2017-10-31", ""]})
    score(model, REF, save(rows, tmp_path / "in.csv"), str(tmp_path / target), reasons=2, explain="full")
    found = load(tmp_path / target)
    assert list(found.columns) == ["row", "model", *PREDICTED, "reasons", "neighbours", "effects", "error"]
    wanted = Predictor(model, REF).predict(Ticket(text=TEXTS[0], created_at="2017-10-31T00:00:00Z"), "full")
    if target == "out.jsonl":
        first = found.iloc[0]
        assert first["neighbours"] == [one.model_dump() for one in wanted.neighbours]
        assert first["effects"][0] == pytest.approx(wanted.effects[0].model_dump())


def test_values_that_make_no_sense_are_missing_values(model, tmp_path):
    row = {"text": TEXTS[0], "created_at": "yesterday", "earlier_tickets": "many", "tier": ""}
    score(model, REF, save(pd.DataFrame([row]), tmp_path / "a.csv"), str(tmp_path / "a.jsonl"))
    score(model, REF, save(pd.DataFrame([{"text": TEXTS[0]}]), tmp_path / "b.csv"), str(tmp_path / "b.jsonl"))
    assert (tmp_path / "a.jsonl").read_text() == (tmp_path / "b.jsonl").read_text()


def test_rows_that_cannot_be_answered_go_to_review_and_say_why(model, tmp_path):
    texts = ["my parcel is late", None, "", "  \n", 5, "x" * (MAX_TEXT + 1), "half \ud83d a pair"]
    lines = [json.dumps({"id": n, "text": text}) for n, text in enumerate(texts)] + ["{"]
    (tmp_path / "in.jsonl").write_text("\n".join(lines))
    tally = score(model, REF, str(tmp_path / "in.jsonl"), str(tmp_path / "out.jsonl"), reasons=1)
    found = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text("utf-8").splitlines()]
    assert [row["id"] for row in found] == [0, 1, 2, 3, 4, 5, 6, None]
    assert [row["error"] for row in found] == [
        None,
        "no text",
        "no text",
        "no text",
        "the text is not a string",
        f"the text has {MAX_TEXT + 1} characters, at most {MAX_TEXT} are read",
        None,
        "the line is not JSON",
    ]
    assert {row["decision"] for row in found if row["error"]} == {"review"}
    assert all(row["category"] is None for row in found if row["error"])
    assert all(row["category"] for row in found if not row["error"])
    assert (tally.tickets, tally.faults) == (8, 6)


def test_a_file_of_nothing_but_faults(model, tmp_path):
    source = save(pd.DataFrame({"id": [1, 2], "text": ["", ""]}), tmp_path / "in.csv")
    assert score(model, REF, source, str(tmp_path / "o.csv"), reasons=3).faults == 2


@pytest.mark.parametrize("target", ["out.csv", "out.parquet"])
def test_a_header_without_rows_gives_a_table_without_rows(model, tmp_path, target):
    (tmp_path / "in.csv").write_text("id,text\n")
    assert score(model, REF, str(tmp_path / "in.csv"), str(tmp_path / target)) == Tally()
    found = load(tmp_path / target)
    assert list(found.columns) == ["id", "model", *PREDICTED, "error"] and found.empty


def test_ids_are_those_named_else_those_known_else_the_rows_number(model, tmp_path):
    source = save(table(case=[f"c{n}" for n in range(30)]), tmp_path / "in.csv")
    score(model, REF, source, str(tmp_path / "o.csv"), ids=["case", "ticket_id"])
    assert list(pd.read_csv(tmp_path / "o.csv").columns[:3]) == ["case", "ticket_id", "model"]
    source = save(table().rename(columns={"ticket_id": "x", "text": "body"}), tmp_path / "in.parquet")
    score(model, REF, source, str(tmp_path / "o.parquet"), text="body")
    assert pd.read_parquet(tmp_path / "o.parquet")["row"].tolist() == list(range(1, 31))


def test_ids_of_parquet_keep_their_type(model, tmp_path):
    source = save(table(id=range(30)), tmp_path / "in.parquet")
    score(model, REF, source, str(tmp_path / "o.parquet"), ids=["id"])
    assert pd.read_parquet(tmp_path / "o.parquet")["id"].dtype == "int64"


def test_reasons_where_asked_for(model, tmp_path):
    score(model, REF, save(table(), tmp_path / "in.csv"), str(tmp_path / "o.parquet"), reasons=2)
    reasons = pd.read_parquet(tmp_path / "o.parquet")["reasons"]
    assert reasons.map(len).between(1, 4).all()
    assert set(reasons[0][0]) == {"task", "feature", "kind", "weight"}


def test_a_missing_column_is_named_with_those_there_are(model, tmp_path):
    source = save(table(), tmp_path / "in.csv")
    with pytest.raises(TriageError, match=r"no column 'body', it has ticket_id, text: .* --text"):
        score(model, REF, source, str(tmp_path / "o.csv"), text="body")
    with pytest.raises(TriageError, match=r"no column 'nr'.* --id"):
        score(model, REF, source, str(tmp_path / "o.csv"), ids=["nr"])
    with pytest.raises(TriageError, match="of their own"):
        score(model, REF, source, str(tmp_path / "o.csv"), ids=["category"])
    assert not (tmp_path / "o.csv").exists()


def test_input_is_not_written_over(model, tmp_path):
    source = save(table(), tmp_path / "in.csv")
    with pytest.raises(TriageError, match="both input and output"):
        score(model, REF, source, str(tmp_path / "." / "in.csv"))


def test_input_cut_in_the_middle_leaves_no_output(model, tmp_path, monkeypatch):
    import gzip

    monkeypatch.setattr("ticket_triage.serving.scoring.ROWS", 100)
    packed = gzip.compress(("id,text\n" + "".join(f"{n},parcel {n} is late\n" for n in range(3000))).encode())
    (tmp_path / "in.csv.gz").write_bytes(packed[:-2000])
    with pytest.raises(TriageError, match="cannot read"):
        score(model, REF, str(tmp_path / "in.csv.gz"), str(tmp_path / "out.csv"))
    assert [path.name for path in tmp_path.iterdir()] == ["in.csv.gz"]


def test_progress_is_told(model, tmp_path, monkeypatch):
    monkeypatch.setattr("ticket_triage.serving.scoring.ROWS", 10)
    told: list[tuple[int, float | None]] = []
    source = save(table(), tmp_path / "in.parquet")
    score(model, REF, source, str(tmp_path / "o.csv"), progress=lambda *step: told.append(step))
    assert told == [(10, pytest.approx(1 / 3)), (20, pytest.approx(2 / 3)), (30, 1.0)]
