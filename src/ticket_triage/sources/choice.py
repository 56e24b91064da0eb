"""Choosing the sources: `params.yaml` rewritten with its comments kept."""

import io
import re
from pathlib import Path
from typing import Any

import yaml
from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from ticket_triage import params
from ticket_triage.files import TriageError, write_text

EXPERTS, OWN_LABELS = "data/taxonomy.yaml", "data/own_labels.yaml"


def _yaml() -> YAML:
    writer = YAML()
    writer.width, writer.preserve_quotes = 4096, True
    writer.indent(mapping=2, sequence=4, offset=2)
    writer.representer.add_representer(
        type(None), lambda form, _: form.represent_scalar("tag:yaml.org,2002:null", "null")
    )
    return writer


def rewrite(text: str, pool: str, sources: dict[str, Any], taxonomy: str) -> str:
    """`params.yaml` with other sources; a source given as the name of a preset becomes a reference to it."""
    writer = _yaml()
    content = writer.load(text)
    ingest = content["ingest"]
    for name, preset in ingest["presets"].items():
        if (
            preset.anchor.value
        ):  # stays where nothing refers to it, or the way back would give it another name
            preset.yaml_set_anchor(name, always_dump=True)
    ingest["pool"] = pool
    ingest["sources"] = {
        name: ingest["presets"][source] if isinstance(source, str) else _quoted(source)
        for name, source in sources.items()
    }
    content["validate"]["taxonomy"] = taxonomy
    for section, key in (("ingest", "pool"), ("validate", "taxonomy")):
        # A comment stays in its column, so a longer value would push it for good: it follows its value instead.
        for comment in content[section].ca.items.get(key, ()):
            if comment is not None:
                comment.column = 0
    out = io.StringIO()
    writer.dump(content, out)
    return out.getvalue()


def _quoted(value: Any) -> Any:
    """With quotes around texts that YAML 1.1 would read as something else: a column may be called `no` or `12`."""
    if isinstance(value, dict):
        return {key: _quoted(one) for key, one in value.items()}
    if not isinstance(value, str):
        return value
    try:
        plain = yaml.safe_load(value) == value
    except yaml.YAMLError:
        plain = False
    return value if plain else DoubleQuotedScalarString(value)


def choose(
    name: str, source: Any, *, taxonomy: str, pool: str | None, add: bool, path: Path = params.PATH
) -> str:
    """Make `source` the pool's source, or one more of it, and return the pool's name.

    Args:
        source: the values of a source in `params.yaml`, or the name of a preset.

    Raises:
        TriageError: the result would not be a valid `params.yaml`, which then stays as it was.
    """
    current = params.read(path).ingest
    if isinstance(source, dict) and source["kind"] == "csv" and name in {*current.presets, "twcs"}:
        raise TriageError(f"{name} is the name of another kind of source: give this one a --name")
    before = current.sources if add else {}
    if name in before:
        raise TriageError(f"the pool has a source {name} already: give this one a --name")
    known = {key: one.model_dump(exclude_defaults=True) | {"kind": one.kind} for key, one in before.items()}
    sources = known | {name: source}
    pool = pool or "-".join(sources)
    written = rewrite(path.read_text("utf-8"), pool, sources, taxonomy)
    params.parse(written, path)
    write_text(path, written)
    return pool


def slug(path: Path) -> str:
    """A source's name made of a file's."""
    found = re.sub(r"[^a-z0-9_-]+", "-", path.name.split(".")[0].lower()).strip("-_")
    if not found:
        raise TriageError(f"no name can be made of {path.name}: give one with --name")
    return found[:40]
