"""Fitted scikit-learn objects as files: skops with a closed list of trusted types, the same bytes for equal objects."""

import io
import re
import zipfile
from pathlib import Path
from typing import Any

import sklearn.utils

from ticket_triage.files import TriageError

# A file that asks for any other type of scikit-learn's or ours is refused.
# `Tree` trusts node indices unchecked: the hash in the manifest is checked before a file is opened.
TRUSTED = (
    "ticket_triage.models.blocks.Tfidf",
    "ticket_triage.models.encoder.Encoder",
    "ticket_triage.models.neighbours.Neighbours",
    "ticket_triage.models.rules.Rules",
    "numpy.dtype",
    "sklearn.decomposition._truncated_svd.TruncatedSVD",
    "sklearn.ensemble._forest.RandomForestClassifier",
    "sklearn.feature_extraction.text.TfidfTransformer",
    "sklearn.impute._base.SimpleImputer",
    "sklearn.linear_model._logistic.LogisticRegression",
    "sklearn.naive_bayes.MultinomialNB",
    "sklearn.preprocessing._data.Normalizer",
    "sklearn.preprocessing._data.RobustScaler",
    "sklearn.preprocessing._encoders.OneHotEncoder",
    "sklearn.tree._classes.DecisionTreeClassifier",
    "sklearn.tree._tree.Tree",
)


def _skops() -> Any:
    """skops, which at its import would import all of scikit-learn, for a second, to trust every class of it."""
    found, sklearn.utils.all_estimators = sklearn.utils.all_estimators, list
    try:
        from skops import io as skops_io
    finally:
        sklearn.utils.all_estimators = found
    return skops_io


skops_io = _skops()

_ID = re.compile(rb'("__id__": |"file": ")(\d+)')
_EPOCH = (1980, 1, 1, 0, 0, 0)


def dumps(value: Any) -> bytes:
    """Serialise a fitted estimator or transformer, without pickle.

    skops names objects by their address in memory; here they are numbered in order, so that equal objects give
    equal bytes.
    """
    numbers: dict[bytes, bytes] = {}

    def renumber(match: re.Match[bytes]) -> bytes:
        return match[1] + numbers.setdefault(match[2], str(len(numbers)).encode())

    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(skops_io.dumps(value))) as source:
        schema = _ID.sub(renumber, source.read("schema.json"))
        entries = {"schema.json": schema}
        for name in source.namelist():
            if name != "schema.json":
                stem, dot, suffix = name.partition(".")
                number = numbers.get(stem.encode(), stem.encode()).decode()
                entries[f"{number}{dot}{suffix}"] = source.read(name)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(entries):
            info = zipfile.ZipInfo(name, _EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, entries[name])
    return target.getvalue()


def loads(path: Path) -> Any:
    """Read what `dumps` wrote.

    Raises:
        TriageError: the file is damaged or holds a type that is not trusted.
    """
    try:
        data = Path(path).read_bytes()
        return skops_io.loads(data, trusted=list(TRUSTED))
    except Exception as error:  # skops raises types of its own and of zipfile, json and NumPy for a bad file
        raise TriageError(f"cannot load {path}: {error}") from error
