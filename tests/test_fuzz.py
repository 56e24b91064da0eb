"""Schemathesis against a real server: what the OpenAPI document allows, and what not, is answered as it says."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from service import start

from ticket_triage.serving import api_keys, openapi

CASES = int(os.environ.get("FUZZ_CASES", "100"))  # of all operations together, about; `make fuzz` has 5,000
SETTINGS = """
[generation]  # refused, by a test of its own; a schema cannot say so well
allow-x00 = false

[checks.positive_data_acceptance]  # labels are the model's own, which the document does not know
expected-statuses = ["2xx", "401", "403", "404", "410", "422", "429", "503"]

[[operations]]  # what is wrong with one of many tickets is said of that one
include-path-regex = "^/predict/(batch|stream)$"
checks.negative_data_rejection.enabled = false
"""
# JSON lines as they are: schemathesis knows no such type.
HOOKS = """
import json

import schemathesis

@schemathesis.serializer("application/x-ndjson")
def lines(context, value):
    return (value if isinstance(value, str) else json.dumps(value)).encode("utf-8", "surrogatepass")
"""


@pytest.mark.slow
def test_no_request_gets_what_the_document_does_not_say(bento_home: Path, bento: str, tmp_path: Path):
    key = api_keys.add(tmp_path / "state/keys.json", "fuzz", "admin", 1_000_000)
    operations = sum(len(operations) for operations in openapi.document("1")["paths"].values())
    settings = {"TICKET_TRIAGE_STATE": str(tmp_path / "state"), "TICKET_TRIAGE_QUEUE_SECONDS": "30"}
    for server in start(bento_home, bento, tmp_path / "server.log", keys=True, **settings):
        (tmp_path / "schemathesis.toml").write_text(SETTINGS, "utf-8")
        (tmp_path / "hooks.py").write_text(HOOKS, "utf-8")
        command = [
            *(
                str(Path(sys.executable).parent / "schemathesis"),
                "run",
                f"{server.client.base_url}/docs.json",
            ),
            *("--header", f"X-API-Key: {key}", "--seed", "4411", "--workers", "1", "--no-color"),
            *("--max-examples", str(max(1, CASES // operations))),
            *("--generation-database", "none", "--request-timeout", "30", "--continue-on-failure"),
        ]
        if CASES < 1000:
            command += ["--exclude-path", "/predict"]  # the same as /predict-ticket
        done = subprocess.run(
            command,
            cwd=tmp_path,
            env=os.environ | {"SCHEMATHESIS_HOOKS": "hooks"},
            capture_output=True,
            text=True,
            check=False,
        )
        said = "\n".join(
            line[:300] for line in done.stdout.splitlines()
        )  # a body may be of many thousand characters
        print(said)
        assert done.returncode == 0, said + done.stderr[-3000:]
        assert server.client.get("/readyz").status_code == 200
        assert "Traceback" not in server.log.read_text()
