import numpy as np
from scipy import sparse

from ticket_triage.models import saving
from ticket_triage.models.neighbours import Neighbours

AXES = np.array([[1.0, 0.0], [0.0, 1.0], [0.6, 0.8]], dtype=np.float32)


def test_the_nearest_example_of_each_category_counts_and_none_counts_against() -> None:
    near = Neighbours(AXES, ["a", "b", "a"])
    found = near.transform(sparse.csr_matrix([[0.0, 1.0], [-1.0, 0.0]])).toarray()
    assert np.allclose(found, [[0.8, 1.0], [0.0, 0.0]])
    assert near.get_feature_names_out().tolist() == ["neighbours.a", "neighbours.b"]


def test_it_is_saved_and_read(tmp_path) -> None:
    (tmp_path / "n.skops").write_bytes(saving.dumps(Neighbours(AXES, ["a", "b", "a"])))
    again = saving.loads(tmp_path / "n.skops")
    assert np.allclose(again.transform(sparse.csr_matrix([[1.0, 0.0]])).toarray(), [[1.0, 0.0]])


def test_without_examples_it_has_no_columns() -> None:
    near = Neighbours(np.zeros((0, 2), dtype=np.float32), [])
    assert near.transform(sparse.csr_matrix([[1.0, 0.0]])).shape == (1, 0)
