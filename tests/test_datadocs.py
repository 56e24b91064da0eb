"""Data Docs open without the network."""

from pathlib import Path

import pytest

from ticket_triage import datadocs
from ticket_triage.files import TriageError

PAGE = """<html><head><link rel="stylesheet" href="https://cdn.example/style.css"></head><body>
<nav><img src="https://cdn.example/logo.png"></nav>
<div class="container"><div class="row"><div class="col-md-2">Actions</div>
<div class="col-md-10 col-lg-10 col-xs-12 pl-md-4 pr-md-3">
  <script src="https://cdn.example/a.js"></script>
  <script>
    start()
  </script>
  <h5>text</h5> <a href="../../expectations/tickets.html">tickets</a> <a href="#more">more</a>
</div>
</div>
</div>
<footer>advertisement</footer></body></html>"""


def test_only_the_results_are_kept() -> None:
    page = datadocs.offline(PAGE, "tickets")
    assert '<h5>text</h5> tickets <a href="#more">more</a>' in page
    for gone in ("http", "<script", "start()", "Actions", "advertisement", "expectations/"):
        assert gone not in page


def test_an_unknown_layout_is_told() -> None:
    with pytest.raises(TriageError, match="unknown layout"):
        datadocs.offline("<html></html>", "tickets")


def test_the_index_lists_the_suites_in_order_and_replaces_what_was_there(tmp_path: Path) -> None:
    folder = tmp_path / "docs"
    datadocs.write(folder, {"old": (True, PAGE)})
    datadocs.write(folder, {"tickets": (False, PAGE), "gold": (True, PAGE)})
    assert sorted(path.name for path in folder.iterdir()) == ["gold.html", "index.html", "tickets.html"]
    index = (folder / "index.html").read_text("utf-8")
    assert index.index("tickets.html") < index.index("gold.html")
    assert index.index('text-danger"></i>') < index.index('text-success"></i>')
