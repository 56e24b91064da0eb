"""The MLflow room, the only one that imports it: the store, runs, registered versions and documents beside them."""

import logging
import os

# Before MLflow is imported, which happens in the modules here alone.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
logging.getLogger("mlflow").setLevel(logging.WARNING)
logging.getLogger("alembic").setLevel(logging.WARNING)
