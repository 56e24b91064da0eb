import numpy as np

from ticket_triage import params
from ticket_triage.models import vectors


def test_raw_texts_become_vectors_of_length_one(encode_settings: params.Encode) -> None:
    read = vectors.reader(encode_settings)
    assert read is not None
    found = read(["my parcel is late @shop", "MY PARCEL IS LATE @shop", "", "thanks"])
    assert np.allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
    assert np.allclose(found[0], found[1], atol=1e-5)  # read as models read them: clean
    assert read([]).shape == (0, found.shape[1])


def test_without_an_encoder_nothing_reads(encode_settings: params.Encode) -> None:
    assert vectors.reader(encode_settings.model_copy(update={"mode": "none"})) is None
