"""Dates as sources write them, in UTC; what is not surely a date is missing and counted, never guessed."""

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

Times = npt.NDArray[np.datetime64]  # datetime64[us] in UTC, NaT where missing

_TWITTER = "%a %b %d %H:%M:%S %z %Y"  # Tue Oct 31 22:10:47 +0000 2017
_WIDTH = 30
_MAIL = "%a, %d %b %Y %H:%M:%S %z"
_ISO = r"\d{4}([-/]?)\d{2}\1\d{2}(?!\d)"
_SLICE = 50_000  # rows worked on at once, so that the processor's cache holds them
_EPOCH = r"(?P<seconds>\d{9,10})(?P<thousandths>\d{3})?(?:\.\d+)?"

# In Twitter's form everything has its place. Two characters, read as one number, are looked up in a table
# of what they are worth, or so little that no sum with it can be right.
_NOTHING = -500_000_000


def _worth(values: dict[str, int]) -> npt.NDArray[np.int32]:
    table = np.full(1 << 16, _NOTHING, np.int32)
    table[[int.from_bytes(pair.encode(), "little") for pair in values]] = list(values.values())
    return table


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONTH = _worth({name[1:]: number for number, name in enumerate(_MONTHS)})  # two letters tell them apart
_INITIAL = np.array([ord(name[0]) for name in _MONTHS], np.uint8)
_CENTURY = _worth({f"{n:02}": 1200 * n for n in range(100)})  # in months
_YEAR = _worth({f"{n:02}": 12 * n for n in range(100)})
_DAY = _worth({f"{n:02}": n - 1 for n in range(1, 32)})
_HOUR = _worth({f"{n:02}": 3600 * n for n in range(24)})  # in seconds
_MINUTE = _worth({f"{n:02}": 60 * n for n in range(60)})
_SECOND = _worth({f"{n:02}": n for n in range(60)})
_FIXED = {3: " ", 7: " ", 10: " ", 13: ":", 16: ":", 19: " +00", 22: "000 "}


def parse(texts: pa.ChunkedArray) -> Times:
    """Times of strings in Twitter's form, ISO 8601 (UTC if no zone is given), mail's, or seconds since 1970.

    Days and months between slashes are left missing: nobody can tell 03/04 from 04/03.
    """
    times = np.full(len(texts), np.datetime64("NaT", "us"))
    usual = pc.fill_null(pc.equal(pc.binary_length(texts), _WIDTH), False)
    which = np.flatnonzero(usual.to_numpy())
    if which.size:
        same_width = (texts if which.size == len(texts) else texts.filter(usual)).combine_chunks()
        slices = (same_width[start : start + _SLICE] for start in range(0, which.size, _SLICE))
        times[which] = np.concatenate([_twitter(part) for part in slices])
    left = np.flatnonzero(np.isnat(times) & texts.is_valid().to_numpy())
    if left.size:
        distinct = texts.take(pa.array(left)).combine_chunks().dictionary_encode()
        values = pd.Series(distinct.dictionary.to_pylist(), dtype="str").str.strip()
        times[left] = _others(values)[distinct.indices.to_numpy()]
    return times


def _twitter(texts: pa.LargeStringArray) -> Times:
    """Strings of 30 bytes each; missing where they are not of Twitter's form with the zone +0000."""
    rows = len(texts)
    start = np.frombuffer(texts.buffers()[1], np.int64)[texts.offset] if rows else 0
    data = texts.buffers()[2]

    def read(at: int, width: int) -> npt.NDArray[np.unsignedinteger]:
        return np.ndarray((rows,), f"<u{width}", data, start + at, (_WIDTH,))

    months = _CENTURY[read(26, 2)] + _YEAR[read(28, 2)] + _MONTH[read(5, 2)]
    clock = _HOUR[read(11, 2)] + _MINUTE[read(14, 2)] + _SECOND[read(17, 2)]
    day = _DAY[read(8, 2)]
    good = (months >= 0) & (clock >= 0) & (day >= 0) & (read(4, 1) == _INITIAL[months % 12])
    for at, text in _FIXED.items():
        good &= read(at, len(text)) == int.from_bytes(text.encode(), "little")
    months = np.where(good, months - 1970 * 12, 0)
    first = months.min(initial=0)
    starts = np.arange(first, months.max(initial=0) + 2).astype("datetime64[M]").astype("datetime64[D]")
    good &= day < np.diff(starts).astype(np.int32)[months - first]  # there is no 31 February
    seconds = day * np.int64(86_400) + clock
    times: Times = starts.astype("datetime64[us]")[months - first] + (seconds * 1_000_000).view(
        "timedelta64[us]"
    )
    times[~good] = np.datetime64("NaT", "us")
    return times


def _others(texts: pd.Series) -> Times:
    texts = texts.where(texts.str.contains(r"\d"))  # pandas takes the word "now" for a date
    iso = pd.to_datetime(texts.where(texts.str.match(_ISO)), format="ISO8601", utc=True, errors="coerce")
    for form in (_TWITTER, _MAIL):
        iso = iso.fillna(pd.to_datetime(texts.where(iso.isna()), format=form, utc=True, errors="coerce"))
    epoch = texts.str.extract(f"^{_EPOCH}$")["seconds"].astype("float64")
    iso = iso.fillna(pd.to_datetime(epoch, unit="s", utc=True))
    return iso.dt.tz_localize(None).to_numpy("datetime64[us]")
