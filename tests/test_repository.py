"""What is in Git is small, and names no machine, index or secret."""

import re

import pytest
from test_docs import ROOT, TRACKED

# Put together here, or this file would be the first to hold them.
ABROAD = re.compile(
    "|".join(
        (
            r"(?<![\w.~-])/(?:work|home|Users|root|opt|mnt)/\w",
            r"[A-Z]:\\Users",
            r"--(?:extra-)?index" + "-url",
            r"(?:files\.python" + r"hosted|py" + r"pi)\.org",
            r"https?://[^\s/@]*:[^\s/@]+@",
        )
    )
)


@pytest.mark.parametrize("name", TRACKED)
def test_tracked_files_are_small_and_name_no_machine(name: str):
    content = (ROOT / name).read_bytes()
    assert len(content) <= 1 << 20
    assert name == "tests/test_repository.py" or not (
        hit := ABROAD.search(content.decode("utf-8", "replace"))
    ), hit
