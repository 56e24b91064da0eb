"""Small pictures as inline SVG: no script, font or date, so they open offline and do not differ by chance.

Colours are CSS variables of the page, which knows whether it is dark.
"""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import numpy as np
import pandas as pd

_WIDTH, _HEIGHT, _EDGE = 360, 240, 36


def heatmap(counts: pd.DataFrame) -> str:
    """A confusion matrix: gold down, answers across; the stronger, the larger the share of the gold label."""
    names, cell = list(counts.index), 44 if len(counts) <= 15 else 14
    left, top = 8 + 7 * max(map(len, names)), 8 + 5 * max(map(len, names))
    matrix = counts.to_numpy(np.int64)
    shares = matrix / matrix.sum(axis=1, keepdims=True).clip(min=1)
    parts = []
    for row, actual in enumerate(names):
        y = top + row * cell
        parts.append(_text(left - 6, y + cell / 2 + 4, actual, "end"))
        x = left + row * cell + cell / 2
        parts.append(_text(x, top - 8, actual, "start", f' transform="rotate(-45 {x:.0f} {top - 8:.0f})"'))
        for column, predicted in enumerate(names):
            count, share = int(matrix[row, column]), float(shares[row, column])
            if not count:
                continue
            hue = "good" if row == column else "bad"
            parts.append(
                f"<g><title>{escape(actual)} answered as {escape(predicted)}: {count} ({share:.0%})</title>"
                f'<rect x="{left + column * cell}" y="{y}" width="{cell - 1}" height="{cell - 1}" rx="3" '
                f'fill="var(--{hue})" fill-opacity="{0.06 + 0.94 * share:.3f}"/>'
            )
            if cell > 20:
                kind = ' class="strong"' if share > 0.55 else ""
                parts.append(
                    _text(left + (column + 0.5) * cell, y + cell / 2 + 4, str(count), "middle", kind)
                )
            parts.append("</g>")
    side = len(names) * cell
    grid = f'<rect x="{left}" y="{top}" width="{side}" height="{side}" class="frame"/>'
    return _svg(left + side + 5 * max(map(len, names)), top + side + 8, [grid, *parts], "Confusion matrix")


def reliability(bins: pd.DataFrame) -> str:
    """Accuracy against confidence, a dot per bin, as large as its tickets, with its interval; on the diagonal all is
    well."""
    most = bins["tickets"].max()
    parts = [_axes("confidence", "accuracy"), f'<path d="{_path([0, 1], [0, 1])}" class="guide"/>']
    parts.append(f'<path d="{_path(bins["confidence"], bins["accuracy"])}" class="line"/>')
    columns = [bins[name] for name in ("tickets", "confidence", "accuracy", "low", "high")]
    for tickets, sure, right, low, high in zip(*columns, strict=True):
        note = f"{tickets} tickets: confidence {sure:.2f}, accuracy {right:.2f} ({low:.2f} to {high:.2f})"
        parts.append(f'<path d="M{_x(sure):.1f} {_y(low):.1f}V{_y(high):.1f}" class="error"/>')
        parts.append(_dot(_x(sure), _y(right), 2 + 6 * (tickets / most) ** 0.5, note))
    return _svg(_WIDTH, _HEIGHT, parts, "Reliability")


def risk_coverage(curve: pd.DataFrame, threshold: float | None = None) -> str:
    """The share of wrong answers against the share of tickets kept, surest first; a mark at the threshold."""
    top = max(0.1, np.ceil(10 * float(curve["risk"].max())) / 10)
    keep = np.unique(np.linspace(0, len(curve) - 1, 200).round().astype(int))
    thin = curve.iloc[keep]
    parts = [
        _axes("share of answers kept, surest first", "wrong among them", top),
        f'<path d="{_path(thin["coverage"], thin["risk"] / top)}" class="line"/>',
    ]
    kept = curve[curve["threshold"] >= threshold] if threshold is not None else curve.head(0)
    if len(kept):
        coverage, risk = float(kept["coverage"].iloc[-1]), float(kept["risk"].iloc[-1])
        parts.append(f'<path d="M{_x(coverage):.1f} {_y(0)}V{_y(1)}" class="guide"/>')
        note = f"from {threshold:.2f}: {coverage:.0%} of answers, {risk:.1%} wrong"
        parts.append(_dot(_x(coverage), _y(risk / top), 5, note))
        parts.append(_text(_x(0.5), _y(0.88), note, "middle", ' class="over"'))
    return _svg(_WIDTH, _HEIGHT, parts, "Risk against coverage")


def band(
    xs: "pd.Series[float]",
    ys: "Sequence[pd.Series[float]]",
    marks: Sequence[tuple[str, float, float]],
    names: tuple[str, str],
) -> str:
    """A line over shares with a band, and named marks.

    Args:
        ys: value, low, high.
        marks: (name, x, y); those far above the line are cut off at the top.
        names: of the axes.
    """
    value, low, high = ys
    percent = float(high.max()) <= 1
    top = _round(float(max(high.max(), 1e-9)))
    scaled = [(part / top).clip(upper=1) for part in (value, low, high)]
    around = [*zip(xs, scaled[2], strict=True), *reversed(list(zip(xs, scaled[1], strict=True)))]
    parts = [
        _axes(*names, top, percent),
        f'<path d="{_path(*zip(*around, strict=True))}Z" class="band"/>',
        f'<path d="{_path(xs, scaled[0])}" class="line"/>',
    ]
    for number, (name, x, y) in enumerate(sorted(marks, key=lambda mark: mark[1])):
        across, up = _x(x), _y(min(1.0, y / top))
        parts.append(_dot(across, up, 4.5, f"{name}: {x:.0%}, {y:.3g}"))
        anchor = "start" if x < 0.2 else "end" if x > 0.8 else "middle"
        below = number % 2 == 0 and up + 24 < _y(0)  # neighbours do not collide, nor do they with the axis
        parts.append(_text(across, up + (18 if below else -9), name, anchor))
    return _svg(_WIDTH, _HEIGHT, parts, f"{names[1]} against {names[0]}")


def learning_curve(curve: Mapping[str, Any]) -> str:
    """Quality against labels learnt from: points with intervals, the law through them, dashed where it foretells, and
    what it says of all labels.

    Args:
        curve: `points` (rows, value, low, high), `law`, `rows` of all labels, `more`, `now`, as in forecast.json.
    """
    points, (a, b, c) = curve["points"], curve["law"]
    last, end = points[-1]["rows"], curve["rows"] + curve["more"]
    most = _round(end)
    top = max(0.05, *(point["high"] for point in points), curve["now"][2])
    top = min(1.0, np.ceil(10 * top) / 10)
    parts = [_axes("labels learnt from", "macro-F1", top, percent=False, most=most)]
    for start, stop, kind in ((points[0]["rows"], last, "line"), (last, end, "guide")):
        xs = np.linspace(start, stop, 40)
        path = _path([x / most for x in xs], [float(a - b * x**-c) / top for x in xs])
        parts.append(f'<path d="{path}" class="{kind}"/>')
    for point in points:
        x, note = point["rows"] / most, f"{point['rows']} labels: {point['value']:.3f}"
        parts.append(
            f'<path d="M{_x(x):.1f} {_y(point["low"] / top):.1f}V{_y(point["high"] / top):.1f}" class="span"/>'
        )
        parts.append(_dot(_x(x), _y(point["value"] / top), 4, note))
    here, now = _x(curve["rows"] / most), _y(curve["now"][0] / top)
    parts.append(f'<path d="M{here:.1f} {now:.1f}V{_y(0)}" class="guide"/>')
    parts.append(
        _text(here, now + 22, f"all {curve['rows']:,}: {curve['now'][0]:.3f}", "middle", ' class="over"')
    )
    return _svg(_WIDTH, _HEIGHT, parts, "Learning curve")


def bars(names: Sequence[str], values: Sequence[float]) -> str:
    """Horizontal bars of shares; the longest fills the width, negative ones are of the other colour."""
    longest = max((abs(value) for value in values), default=0) or 1
    left, row = 8 + 6.6 * max((len(name) for name in names), default=0), 20
    parts = []
    for number, (name, value) in enumerate(zip(names, values, strict=True)):
        y, hue = number * row, "good" if value >= 0 else "bad"
        length = max(1.0, 200 * abs(value) / longest)
        parts.append(_text(left - 8, y + 14, name, "end"))
        parts.append(
            f'<rect x="{left:.0f}" y="{y + 4}" width="{length:.1f}" height="12" rx="3" fill="var(--{hue})"/>'
        )
        parts.append(_text(left + length + 6, y + 14, f"{_share(value)}", "start"))
    return _svg(left + 260, len(names) * row + 4, parts, "Bars")


def whiskers(rows: Sequence[tuple[str, float, float, float]]) -> str:
    """A dot with its interval for each (name, value, low, high), under each other on one scale."""
    known = [bound for _, *bounds in rows for bound in bounds if np.isfinite(bound)] or [0.0, 1.0]
    low, high = np.floor(20 * min(known)) / 20, np.ceil(20 * max(known)) / 20
    scale = 240 / max(high - low, 0.05)
    left = 8 + 6.6 * max(len(name) for name, *_ in rows)
    bottom = 30 * len(rows)
    parts = [f'<path d="M{left:.0f} {bottom}H{left + 240:.0f}" class="axis"/>']
    for tick in (low, (low + high) / 2, high):
        parts.append(
            _text(left + (tick - low) * scale, bottom + 16, f"{tick:.3f}".rstrip("0").rstrip("."), "middle")
        )
    for number, (name, value, start, end) in enumerate(rows):
        y = 30 * number + 15
        parts.append(_text(left - 8, y + 4, name, "end"))
        if np.isfinite(value):
            first, last = left + (start - low) * scale, left + (end - low) * scale
            parts.append(f'<path d="M{first:.1f} {y}H{last:.1f}" class="span"/>')
            note = f"{value:.3f} ({start:.3f} to {end:.3f})"
            parts.append(_dot(left + (value - low) * scale, y, 5, note))
    return _svg(left + 270, bottom + 24, parts, "Intervals")


def _x(share: float) -> float:
    return _EDGE + share * (_WIDTH - _EDGE - 10)


def _y(share: float) -> float:
    return _HEIGHT - _EDGE - share * (_HEIGHT - _EDGE - 10)


def _path(xs: "Sequence[float] | pd.Series[float]", ys: "Sequence[float] | pd.Series[float]") -> str:
    return "M" + "L".join(f"{_x(x):.1f} {_y(y):.1f}" for x, y in zip(xs, ys, strict=True))


def _share(value: float) -> str:
    return f"{100 * value:.{2 if abs(value) < 0.0995 else 0}f}%"


def _round(top: float) -> float:
    """The end of an axis whose quarters are round numbers, not below `top`."""
    size = 10.0 ** np.floor(np.log10(top / 4))
    return float(
        4 * size * next(step for step in (1, 1.25, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10) if step * size >= top / 4)
    )


def _axes(x: str, y: str, top: float = 1.0, percent: bool = True, most: float | None = None) -> str:
    """Both axes in quarters: `x` up to `most`, or in shares, `y` up to `top`."""
    parts = [f'<path d="M{_x(0)} {_y(1)}V{_y(0)}H{_x(1)}" class="axis"/>']
    for share in (0, 0.25, 0.5, 0.75, 1):
        across = f"{share:.0%}" if most is None else f"{share * most:,.0f}"
        parts.append(_text(_x(share), _y(0) + 14, across, "middle"))
        height = f"{round(100 * share * top, 1):g}%" if percent else f"{share * top:.3g}"
        parts.append(_text(_x(0) - 4, _y(share) + 4, height, "end"))
    parts.append(_text(_x(0.5), _HEIGHT - 6, x, "middle"))
    parts.append(_text(_x(0) + 6, _y(1) + 4, y, "start"))
    return "".join(parts)


def _dot(x: float, y: float, size: float, note: str) -> str:
    title = f"<title>{escape(note)}</title>"
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{size:.1f}" class="dot">{title}</circle>'


def _text(x: float, y: float, words: str, anchor: str, more: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{more}>{escape(words)}</text>'


def _svg(width: float, height: float, parts: Sequence[str], title: str) -> str:
    inside = "".join(parts)
    return (
        f'<svg viewBox="0 0 {width:.0f} {height:.0f}" style="max-width:{width * 1.25:.0f}px" role="img" '
        f'aria-label="{escape(title)}">{inside}</svg>'
    )
