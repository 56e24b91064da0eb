"""What trade the brands of the public data set are in; a report is sliced by it."""

from functools import cache
from pathlib import Path

import yaml


@cache
def by_brand() -> dict[str, str]:
    """Industry by the handle of a brand, of those known."""
    text = Path(__file__).with_name("industries.yaml").read_text("utf-8")
    return {brand: industry for industry, brands in yaml.safe_load(text).items() for brand in brands}
