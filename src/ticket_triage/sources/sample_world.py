"""The invented world of the generated sample: when tickets come, from whom, to which brand, about what."""

from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from ticket_triage.sources.sample_phrases import Book

Ints = NDArray[np.int64]

FIRST_CUSTOMER = 200_000  # customers are numbers from here on, above the brands' own
DAY = 86_400


def happenings(book: Book, n: int, rng: np.random.Generator) -> tuple[Ints, Ints, Ints]:
    """Tickets in order of time: seconds since the world began, number of brand, number of category."""
    world = book.world
    days = np.array([world.weekdays[(world.starts + timedelta(days=i)).weekday()] for i in range(world.days)])
    hours = np.array(world.hours)
    seconds = DAY * pick(days, n, rng) + 3600 * pick(hours, n, rng) + rng.integers(0, 3600, n)
    names = list(world.categories)
    category = pick(np.array([world.categories[name] for name in names]), n, rng)
    brand = np.zeros(n, dtype=np.int64)
    for i, name in enumerate(names):
        weights = book.categories[name].industries
        sums = {x: sum(b.weight for b in book.brands if b.industry == x) for x in weights}
        share = [weights.get(b.industry, 0) * b.weight / sums.get(b.industry, 1) for b in book.brands]
        here = np.flatnonzero(category == i)
        brand[here] = pick(np.array(share), len(here), rng)
    handles = [b.handle for b in book.brands]
    for burst in world.bursts:
        hit = rng.random(n) < burst.share
        start = (
            (burst.starts.date() - world.starts).days * DAY
            + burst.starts.hour * 3600
            + burst.starts.minute * 60
        )
        within = rng.triangular(0, 0.15, 1, n) * burst.hours * 3600
        seconds = np.where(hit, start + within.astype(np.int64), seconds)
        brand = np.where(hit, handles.index(burst.brand), brand)
        category = np.where(hit, names.index(burst.category), category)
    order = np.argsort(seconds, kind="stable")
    return seconds[order], brand[order], category[order]


def customers(book: Book, n: int, rng: np.random.Generator) -> Ints:
    """Number of the customer of each ticket; some come back."""
    fresh = rng.random(n) >= book.world.rates.returning
    fresh[:1] = True
    seen = np.cumsum(fresh)
    return FIRST_CUSTOMER + np.where(fresh, seen - 1, (rng.random(n) * seen).astype(np.int64))


def by_category(book: Book, field: str, category: Ints, rng: np.random.Generator) -> list[str]:
    """A label for each ticket, drawn by the weights that its category has in `field`."""
    labels = np.full(len(category), "", dtype=object)
    for i, name in enumerate(book.world.categories):
        weights: dict[str, float] = getattr(book.categories[name], field)
        here = np.flatnonzero(category == i)
        labels[here] = np.array(list(weights), dtype=object)[
            pick(np.array(list(weights.values())), len(here), rng)
        ]
    return [str(label) for label in labels]


def pick(weights: NDArray[np.float64], n: int, rng: np.random.Generator) -> Ints:
    """`n` positions, drawn by these weights."""
    sums = np.cumsum(weights)
    drawn: Ints = np.searchsorted(sums, rng.random(n) * sums[-1], side="right")
    return np.minimum(drawn, len(sums) - 1)  # rounding may reach the end
