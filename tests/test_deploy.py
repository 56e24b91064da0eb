"""deploy/: scripts, proxy, image and containers that their own tools accept and that expose no more than they must."""

import re

import pytest
import yaml
from deployed import DEPLOY, ROOT, SCRIPT, accepted, tool

from ticket_triage.serving import openapi
from ticket_triage.serving.settings import PREFIX, Settings

CONTAINERS = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))["services"]


def test_scripts_have_none_of_the_usual_mistakes():
    accepted(tool("shellcheck"), str(SCRIPT), str(ROOT / ".ci/run"))


def test_the_proxy_takes_its_configuration(tmp_path):
    (tmp_path / "active.map").write_text("active green\n")
    names = {
        "LISTEN": "127.0.0.1:3000",
        "METRICS": "127.0.0.1:8405",
        "BLUE": "blue:3000",
        "GREEN": "green:3000",
    }
    accepted(tool("haproxy"), "-c", "-f", str(DEPLOY / "haproxy.cfg"), SWITCH=str(tmp_path), **names)


# The image


def test_the_image_has_what_the_bento_has_installed_by_hash_and_no_root():
    lines = (DEPLOY / "Dockerfile").read_text("utf-8")
    commands = re.sub(r"\\\n\s*", "", lines).splitlines()
    bases = [line for line in commands if line.startswith("FROM ")]
    assert {line.split()[1] for line in bases} == {"python:${PYTHON}"}
    assert re.search(r"^ARG PYTHON=3\.11\.\d+-slim-\w+$", lines, re.M), "an exact version"
    (install,) = [line for line in commands if "pip install" in line]
    assert "--require-hashes" in install and "--only-binary :all:" in install
    assert not re.search(r"build-essential|gcc|g\+\+", lines), "nothing is compiled"
    user = max(commands.index(line) for line in commands if line.startswith("USER "))
    assert commands[user] == "USER 10001:10001"
    assert not [line for line in commands[user:] if line.startswith(("RUN", "COPY", "ADD"))]
    (health,) = [line for line in commands if line.startswith("HEALTHCHECK")]
    assert "/readyz" in health and "/readyz" in openapi.document("1")["paths"]
    copied = [line.split()[1] for line in commands if line.startswith("COPY") and "--from" not in line]
    assert copied == ["src/requirements/hashed.txt", "."]
    kept = (DEPLOY / "Dockerfile.dockerignore").read_text("utf-8").splitlines()
    assert "*" in kept and {"!bento.yaml", "!src"} <= set(kept)


def test_settings_that_are_given_exist():
    known = {PREFIX + field.upper() for field in Settings.model_fields}
    for path in DEPLOY.rglob("*"):
        if path.is_file() and "run" not in path.relative_to(DEPLOY).parts:
            named = set(re.findall(rf"\b{PREFIX}[A-Z_]+", path.read_text("utf-8")))
            assert named <= known, path


# Containers beside it


@pytest.mark.parametrize("name", CONTAINERS)
def test_containers_are_pinned_limited_and_keep_what_they_need_alone(name):
    container = CONTAINERS[name]
    image = container["image"]
    assert image.startswith("${") or re.search(r":v?\d+\.\d+(\.\d+)?(-\w+)?$", image), "an exact version"
    assert container["cap_drop"] == ["ALL"] and "no-new-privileges:true" in container["security_opt"]
    assert container["mem_limit"] and container["pids_limit"]
    assert not container.get("privileged") and "/var/run/docker.sock" not in str(container)
    for port in container.get("ports", []):
        assert port.startswith(("127.0.0.1:", "${BLUE_GREEN_BIND:-127.0.0.1}:")), "to this machine alone"


def test_no_password_has_a_value_of_its_own():
    example = dict(
        line.split("=", 1)
        for line in (DEPLOY / ".env.example").read_text("utf-8").splitlines()
        if "=" in line and not line.startswith("#")
    )
    assert example and set(example.values()) == {""}
    text = (DEPLOY / "compose.yaml").read_text("utf-8")
    secrets = set(re.findall(r"\$\{(\w+):\?", text))
    assert secrets == set(example)
    for name, value in re.findall(r"^\s+(\w*PASS\w*): (.*)$", text, re.M):
        assert value.strip('"').startswith("${"), name


def test_both_releases_differ_in_image_and_port_alone():
    own = {"image", "profiles", "ports"}
    blue, green = (
        {key: one[key] for key in one.keys() - own} for one in (CONTAINERS["blue"], CONTAINERS["green"])
    )
    assert blue == green
    assert blue["read_only"] and blue["user"] == "10001:10001" and blue["volumes"] == ["state:/state"]


def test_what_is_mounted_exists():
    for container in CONTAINERS.values():
        for volume in container.get("volumes", []):
            source = volume.split(":")[0]
            assert not source.startswith("./") or (DEPLOY / source).exists(), source
