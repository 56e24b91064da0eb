from ticket_triage.schema import ModelRef
from ticket_triage.serving import about
from ticket_triage.serving.predictor import Predictor

REF = ModelRef(name="tickets", version="3")


def test_a_model_says_what_it_is_and_how_many_canaries_it_passed(model):
    said = about.describe(Predictor(model, REF), ["one canary has another answer"])
    assert (said.name, said.version, said.ready) == ("tickets", "3", False)
    assert said.canaries.passed == said.canaries.tickets - 1
    assert said.classes == model.classes and said.taxonomy.digest == model.taxonomy.digest
    assert about.describe(Predictor(model, REF), []).ready


def test_where_no_model_could_be_loaded_the_fault_is_all_there_is():
    said = about.describe(None, ["a file is missing"])
    assert said.model_dump(exclude_none=True) == {"ready": False, "faults": ("a file is missing",)}


def test_every_label_has_somewhere_to_go(model):
    said = about.taxonomy(Predictor(model, REF))
    assert {category.label for category in said.categories} == set(model.taxonomy.labels)
    assert {category.team for category in said.categories} <= set(said.teams)
