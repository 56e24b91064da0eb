"""Choosing the sources: `params.yaml` rewritten with its comments kept."""

import io
import re
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from ticket_triage import params
from ticket_triage.files import TriageError, write_text

EXPERTS, OWN_LABELS = "data/taxonomy.yaml", "data/own_labels.yaml"


def _yaml() -> YAML:
    yaml = YAML()
    yaml.width, yaml.preserve_quotes = 4096, True
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.representer.add_representer(
        type(None), lambda writer, _: writer.represent_scalar("tag:yaml.org,2002:null", "null")
    )
    return yaml


def rewrite(text: str, pool: str, sources: dict[str, Any], taxonomy: str) -> str:
    """`params.yaml` with other sources; a source given as the name of a preset becomes a reference to it."""
    yaml = _yaml()
    content = yaml.load(text)
    ingest = content["ingest"]
    for name, preset in ingest["presets"].items():
        if (
            preset.anchor.value
        ):  # stays where nothing refers to it, or the way back would give it another name
            preset.yaml_set_anchor(name, always_dump=True)
    ingest["pool"] = pool
    ingest["sources"] = {
        name: ingest["presets"][source] if isinstance(source, str) else source
        for name, source in sources.items()
    }
    content["validate"]["taxonomy"] = taxonomy
    out = io.StringIO()
    yaml.dump(content, out)
    return out.getvalue()


def choose(
    name: str, source: Any, *, taxonomy: str, pool: str | None, add: bool, path: Path = params.PATH
) -> str:
    """Make `source` the pool's source, or one more of it, and return the pool's name.

    Args:
        source: the values of a source in `params.yaml`, or the name of a preset.

    Raises:
        TriageError: the result would not be a valid `params.yaml`, which then stays as it was.
    """
    before = params.read(path).ingest.sources if add else {}
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
