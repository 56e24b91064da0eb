"""Schemathesis against a real server: whatever the OpenAPI document allows, and what it does not, is answered as it says."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from service import start

from ticket_triage.serving import api_keys, openapi

CASES = int(os.environ.get("FUZZ_CASES", "300"))  # of all operations together, about; `make fuzz` has 5,000


@pytest.mark.slow
def test_no_request_gets_what_the_document_does_not_say(bento_home: Path, bento: str, tmp_path: Path):
    key = api_keys.add(tmp_path / "state/keys.json", "fuzz", "admin", 1_000_000)
    operations = sum(len(operations) for operations in openapi.document("1")["paths"].values())
    settings = {"TICKET_TRIAGE_STATE": str(tmp_path / "state"), "TICKET_TRIAGE_QUEUE_SECONDS": "30"}
    for server in start(bento_home, bento, tmp_path / "server.log", keys=True, **settings):
        command = [
            *(str(Path(sys.executable).parent / "schemathesis"), "run", f"{server.client.base_url}/docs.json"),
            *("--header", f"X-API-Key: {key}", "--seed", "4411", "--workers", "1", "--no-color"),
            *("--max-examples", str(max(1, CASES // operations)), "--checks", "all"),
            *("--generation-database", "none", "--request-timeout", "30", "--continue-on-failure"),
        ]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        print(done.stdout[-5000:])
        assert done.returncode == 0, done.stdout + done.stderr
        assert server.client.get("/readyz").status_code == 200
        assert "Traceback" not in server.log.read_text()
