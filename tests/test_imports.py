"""Imports run one way, and each outside tool has one importing module."""

import ast
from pathlib import Path

SRC = Path(__file__).parent.parent / "src/ticket_triage"

# A room may import rooms of its own line that stand before it, and all of earlier lines.
ORDER = [
    ["breaker", "files", "schema", "params", "taxonomy", "privacy", "text", "intervals"],
    ["sources", "labeling", "features", "models", "evaluation", "promotion"],
    [
        "data_rules",
        "datadocs",
        "suites",
        "validation",
        "registry",
        "monitoring",
        "moves",
        "champion",
        "contest",
        "outcome",
        "annotation",
        "feedback",
    ],
    ["serving", "simulated"],
    ["cli"],
]
RANK = {room: (line, place) for line, rooms in enumerate(ORDER) for place, room in enumerate(rooms)}

ONLY_IN = {
    "mlflow": {"registry"},
    "great_expectations": {"suites"},
    "evidently": {"monitoring.drift", "monitoring.distance"},
    "optuna": {"models.tuning"},
    "cleanlab": {"labeling.audit"},
    "bentoml": {"serving.service", "serving.package", "serving.wire"},
    "_bentoml_impl": {"serving.service", "serving.package"},
    "fairlearn": {"evaluation.fairness"},
    "datasketch": {"labeling.duplicates"},
    "crowdkit": {"labeling.label_model"},
    "kagglehub": {"sources.kaggle"},
    "lightgbm": {"models.families"},
    "xgboost": {"models.families"},
    "skops": {"models.saving"},
    "onnx": {"models.graph"},
    "onnxruntime": {"models.graph", "models.session"},
    "safetensors": {"models.pretrained"},
    "torch": {"models.finetune", "models.learning", "models.network"},
    "sqlalchemy": {"feedback", "registry"},
    "alembic": {"feedback"},
    "pycld2": {"features.build"},
}


def imports() -> list[tuple[str, str]]:
    """(module, what it imports), of all modules of the package, lazy imports and those for types included."""
    found = []
    for path in sorted(SRC.rglob("*.py")):
        module = ".".join(path.relative_to(SRC).with_suffix("").parts).removesuffix(".__init__")
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                found += [(module, alias.name) for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module:
                if node.module == "ticket_triage":
                    found += [(module, f"ticket_triage.{alias.name}") for alias in node.names]
                else:
                    found.append((module, node.module))
    return found


def test_rooms_are_known_and_import_one_way() -> None:
    for module, imported in imports():
        if module == "__init__" or not imported.startswith("ticket_triage."):
            continue
        room, other = module.split(".")[0], imported.split(".")[1]
        assert room in RANK, f"{room} has no place in ORDER"
        assert room == other or RANK[other] < RANK[room], f"{module} imports {imported}"


def test_nobody_imports_pipelines() -> None:
    assert not [module for module, imported in imports() if imported.split(".")[0] == "pipelines"]


def test_each_tool_has_its_module() -> None:
    for module, imported in imports():
        allowed = ONLY_IN.get(imported.split(".")[0])
        assert allowed is None or {module, module.split(".")[0]} & allowed, f"{module} imports {imported}"
