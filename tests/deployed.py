"""What the tests of deploy/ begin with: its files, and the tools that must accept them."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"
SCRIPT = DEPLOY / "blue-green.sh"
PACKAGES = {"haproxy": "haproxy", "promtool": "prometheus", "shellcheck": "shellcheck", "curl": "curl"}


def tool(name: str) -> str:
    path = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    if path is None:
        assert not os.environ.get("CI"), f"{name} is missing: .ci/run installs it"
        pytest.skip(f"{name} is not installed (Debian: {PACKAGES[name]})")
    return path


def accepted(*words: str, **environment: str) -> None:
    done = subprocess.run(words, env=os.environ | environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
