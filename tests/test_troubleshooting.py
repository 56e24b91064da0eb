"""docs/troubleshooting.md: the sentences that it explains are those that the code says."""

import ast
import re

from test_docs import INLINE, ROOT, TOLD, TRACKED


def sentences() -> list[str]:
    """Every text of the code, with … where a value goes."""
    found = []
    for name in TRACKED:
        if name.startswith("src/") and name.endswith(".py"):
            for node in ast.walk(ast.parse((ROOT / name).read_text("utf-8"))):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    found.append(re.sub(r"\{\w+\}", "…", node.value))
                elif isinstance(node, ast.JoinedStr):
                    parts = [str(p.value) if isinstance(p, ast.Constant) else "…" for p in node.values]
                    found.append("".join(parts))
    return found


def test_error_sentences_are_the_codes_own():
    known = sentences()
    elsewhere = (ROOT / "Makefile").read_text("utf-8") + "libgomp.so.1: cannot open shared object file"
    rows = re.findall(r"^\| (`.*?) \| ", TOLD["docs/troubleshooting.md"], re.M)
    assert len(rows) > 30
    for row in rows:
        (said,) = [span[2].strip() for span in INLINE.finditer(row)]
        # What follows the file's name is a sentence of its own.
        wanted = re.compile(re.escape(said.removeprefix("params.yaml: ")).replace("…", ".*"), re.S)
        assert said in elsewhere or any(wanted.fullmatch(text) for text in known), said
