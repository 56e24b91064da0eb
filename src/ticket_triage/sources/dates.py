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

# A pair of bytes, read as one little-endian number, to its value; -1 where it has none.
_DIGITS = np.full(1 << 16, -1, np.int16)
_DIGITS[[ord(f"{n:02}"[0]) | ord(f"{n:02}"[1]) << 8 for n in range(100)]] = range(100)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONTH = np.full(1 << 16, -1, np.int16)  # its last two letters tell a month from the others
_MONTH[[ord(name[1]) | ord(name[2]) << 8 for name in _MONTHS]] = range(12)
_INITIAL = np.array([ord(name[0]) for name in _MONTHS], np.uint8)
_FIXED = {3: " ", 7: " ", 10: " ", 13: ":", 16: ":", 19: " ", 20: "+", 25: " "}


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

    def number(at: int, table: npt.NDArray[np.int16]) -> npt.NDArray[np.int16]:
        values: npt.NDArray[np.int16] = table[np.ndarray((rows,), "<u2", data, start + at, (_WIDTH,))]
        return values

    def letter(at: int) -> npt.NDArray[np.uint8]:
        return np.ndarray((rows,), np.uint8, data, start + at, (_WIDTH,))

    month, day = number(5, _MONTH), number(8, _DIGITS)
    hour, minute, second = number(11, _DIGITS), number(14, _DIGITS), number(17, _DIGITS)
    century, year = number(26, _DIGITS), number(28, _DIGITS)
    good = (month >= 0) & (letter(4) == _INITIAL[month])
    for at, char in _FIXED.items():
        good &= letter(at) == ord(char)
    for part, low, high in ((hour, 0, 23), (minute, 0, 59), (second, 0, 59), (century, 0, 99), (year, 0, 99)):
        good &= (part >= low) & (part <= high)
    good &= (number(21, _DIGITS) == 0) & (number(23, _DIGITS) == 0)
    months = np.where(good, (century.astype(np.int64) * 100 + year - 1970) * 12 + month, 0)
    first = months.min(initial=0)
    starts = np.arange(first, months.max(initial=0) + 2).astype("datetime64[M]").astype("datetime64[D]")
    good &= (day >= 1) & (day <= np.diff(starts).astype(np.int64)[months - first])  # there is no 31 February
    clock = (day.astype(np.int64) - 1) * 86_400 + hour * np.int64(3600) + minute * np.int64(60) + second
    times: Times = starts.astype("datetime64[us]")[months - first] + clock * 1_000_000
    times[~good] = np.datetime64("NaT")
    return times


def _others(texts: pd.Series) -> Times:
    texts = texts.where(texts.str.contains(r"\d"))  # pandas takes the word "now" for a date
    iso = pd.to_datetime(texts.where(texts.str.match(_ISO)), format="ISO8601", utc=True, errors="coerce")
    for form in (_TWITTER, _MAIL):
        iso = iso.fillna(pd.to_datetime(texts.where(iso.isna()), format=form, utc=True, errors="coerce"))
    epoch = texts.str.extract(f"^{_EPOCH}$")["seconds"].astype("float64")
    iso = iso.fillna(pd.to_datetime(epoch, unit="s", utc=True))
    return iso.dt.tz_localize(None).to_numpy("datetime64[us]")
