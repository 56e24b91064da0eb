"""Data Docs that open offline: the pages of Great Expectations without what they fetch from elsewhere.

Its templates load styles, icons and scripts from five hosts; offline they would be a heap of unstyled tables
with dead buttons. Only the results are kept, under a style sheet of their own.
"""

import re
from collections.abc import Mapping
from html import escape
from pathlib import Path

from ticket_triage import files
from ticket_triage.files import TriageError

_RESULTS = re.compile(r'<div class="col-md-10 [^>]*>(.*)</div>\s*</div>\s*</div>\s*<footer>', re.DOTALL)
_SCRIPT = re.compile(r"<script\b.*?</script>", re.DOTALL)
_LINK_OUT = re.compile(r'<a href="(?!#)[^"]*"[^>]*>(.*?)</a>', re.DOTALL)

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ font: 15px/1.45 system-ui, sans-serif; color: #1c2430; max-width: 72rem; margin: 2rem auto; }}
h5, h6 {{ font-size: 1rem; margin: 0; }}
table {{ border-collapse: collapse; width: 100%; margin: .3rem 0 .8rem; }}
th, td {{ text-align: left; vertical-align: top; padding: .35rem .6rem; border-bottom: 1px solid #dde2ea; }}
td:first-child {{ width: 12rem; }}
td table {{ width: auto; }}
td table td:first-child {{ width: auto; }}
.alert {{ background: #eef1f6; padding: .5rem .8rem; border-radius: .3rem; }}
.ge-section {{ margin-bottom: 1.4rem; }}
.badge, code {{ background: #e6eaf1; padding: 0 .35rem; border-radius: .25rem; font-size: .92em; }}
.text-danger {{ color: #b3261e; }}
.text-success {{ color: #1b7f4b; }}
.fa-times::before {{ content: "\\2717"; }}
.fa-check-circle::before {{ content: "\\2713"; }}
.fa-exclamation-triangle::before {{ content: "\\26A0"; }}
.collapse {{ display: none; }}
.collapse:target {{ display: block; }}
.cooltip .top {{ display: none; }}
</style>
</head>
<body>
{body}
</body>
</html>
"""


def offline(page: str, suite: str) -> str:
    """The results of a validation page on a page of its own, which fetches nothing.

    Raises:
        TriageError: the page is not as the pinned version of Great Expectations writes it.
    """
    results = _RESULTS.search(page)
    if not results:
        raise TriageError("the Data Docs page has an unknown layout: install the pinned great-expectations")
    body = _LINK_OUT.sub(r"\1", _SCRIPT.sub("", results[1]))
    body = "\n".join(line.rstrip() for line in body.splitlines() if line.strip())
    return _PAGE.format(title=escape(suite), body=f'<p><a href="index.html">All suites</a></p>\n{body}')


def write(folder: Path, pages: Mapping[str, tuple[bool, str]]) -> None:
    """Write `<suite>.html` for each suite's (success, page), and an `index.html` that lists them in order."""
    rows = "\n".join(_row(suite, success) for suite, (success, _) in pages.items())
    index = f"<h1>Data Docs</h1>\n<p>Were the data as expected?</p>\n<table>\n{rows}\n</table>"
    with files.atomic(folder) as draft:
        draft.mkdir()
        for suite, (_, page) in pages.items():
            (draft / f"{suite}.html").write_text(offline(page, suite), "utf-8")
        (draft / "index.html").write_text(_PAGE.format(title="Data Docs", body=index), "utf-8")


def _row(suite: str, success: bool) -> str:
    mark = "fa-check-circle text-success" if success else "fa-times text-danger"
    name = escape(suite)
    return f'<tr><td><i class="{mark}"></i></td><td><a href="{name}.html">{name}</a></td></tr>'
