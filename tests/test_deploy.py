"""deploy/: configurations that their own tools accept, and a switch between two releases that loses no request."""

import os
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import kubernetes_validate
import pytest
import yaml

from ticket_triage.feedback.decisions import DecisionLog
from ticket_triage.files import read_json, sha256, write_json
from ticket_triage.schema import ModelRef
from ticket_triage.serving import api_keys, openapi
from ticket_triage.serving.meters import Meters
from ticket_triage.serving.package import package
from ticket_triage.serving.settings import PREFIX, Settings

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"
SCRIPT = DEPLOY / "blue-green.sh"
CONTAINERS = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))["services"]
ALERTS = {
    rule["alert"]: rule["expr"]
    for group in yaml.safe_load((DEPLOY / "prometheus/alerts.yaml").read_text("utf-8"))["groups"]
    for rule in group["rules"]
}
PANELS = read_json(DEPLOY / "grafana/dashboards/ticket-triage.json")["panels"]
QUESTIONS = [
    target["expr"].replace("$__rate_interval", "5m")
    for panel in PANELS
    for target in panel.get("targets", [])
]
METRIC = re.compile(r"\b(?:ticket_triage|haproxy)_\w+")
MANIFESTS = [
    manifest
    for path in sorted((DEPLOY / "kubernetes").glob("*.yaml"))
    if path.name != "kustomization.yaml"
    for manifest in yaml.safe_load_all(path.read_text("utf-8"))
]


def manifest(kind: str) -> Any:
    (found,) = [one for one in MANIFESTS if one["kind"] == kind]
    return found


def tool(name: str) -> str:
    path = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    if path is None:
        assert not os.environ.get("CI"), f"{name} is missing: .ci/run installs it"
        pytest.skip(f"{name} is not installed (Debian: {PACKAGES[name]})")
    return path


PACKAGES = {"haproxy": "haproxy", "promtool": "prometheus", "shellcheck": "shellcheck", "curl": "curl"}


def accepted(*words: str, **environment: str) -> None:
    done = subprocess.run(words, env=os.environ | environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_scripts_have_none_of_the_usual_mistakes():
    accepted(tool("shellcheck"), str(SCRIPT), str(ROOT / ".ci/run"))


def test_prometheus_takes_its_configuration_and_alerts_fire_when_they_should():
    accepted(tool("promtool"), "check", "config", str(DEPLOY / "prometheus/prometheus.yaml"))
    accepted(tool("promtool"), "test", "rules", str(DEPLOY / "prometheus/alerts.test.yaml"))


def test_every_alert_is_tried():
    tried = yaml.safe_load((DEPLOY / "prometheus/alerts.test.yaml").read_text("utf-8"))["tests"][0]
    assert [one["alertname"] for one in tried["alert_rule_test"]] == list(ALERTS)


def test_the_dashboards_questions_are_some_that_prometheus_understands(tmp_path):
    rules = [{"record": f"panel:{n}", "expr": expr} for n, expr in enumerate(QUESTIONS)]
    content = {"groups": [{"name": "dashboard", "rules": rules}]}
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump(content))
    accepted(tool("promtool"), "check", "rules", str(tmp_path / "rules.yaml"))


def test_panels_have_a_place_each():
    taken: set[tuple[int, int]] = set()
    for panel in PANELS:
        x, y, w, h = (panel["gridPos"][key] for key in "xywh")
        place = {(across, down) for across in range(x, x + w) for down in range(y, y + h)}
        assert x + w <= 24 and not place & taken, panel["title"]
        taken |= place
    assert len({panel["id"] for panel in PANELS}) == len(PANELS)


# Made by prometheus_client beside each counter and histogram.
SUFFIX = re.compile("_(bucket|sum|count)$")


def test_figures_that_are_asked_for_are_told():
    told = {}  # name -> labels, as the service has them
    for figure in vars(Meters()).values():
        if hasattr(figure, "describe") and hasattr(figure, "_labelnames"):
            (metric,) = figure.describe()
            told[f"{metric.name}_total" if metric.type == "counter" else metric.name] = {*figure._labelnames}
    assert len(told) > 10
    added = {"le", "release"}  # of histograms; of prometheus.yaml
    asked = set()
    for expr in [*QUESTIONS, *ALERTS.values()]:
        for name, given in re.findall(r"\b(ticket_triage_\w+)(?:\{([^}]*)\})?", expr):
            name = SUFFIX.sub("", name)
            asked.add(name)
            labels = set(re.findall(r"(\w+)(?:=|!)", given))
            assert labels <= told[name] | added, f"{name} has no {labels}"
        grouped = {label.strip() for by in re.findall(r"by \(([^)]*)\)", expr) for label in by.split(",")}
        known = set().union(
            *(told.get(SUFFIX.sub("", one), {"proxy", "code"}) for one in re.findall(METRIC, expr))
        )
        assert grouped <= known | added, expr
    assert asked == set(told), "what the service tells is on the dashboard"


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
    for one in MANIFESTS:
        if one["kind"] == "Secret":
            assert set(one["stringData"].values()) == {""}


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


# Kubernetes


@pytest.mark.parametrize("number", range(len(MANIFESTS)))
def test_manifests_are_as_kubernetes_describes_them(number):
    kubernetes_validate.validate(MANIFESTS[number], kubernetes_validate.latest_version(), strict=True)


def test_all_manifests_but_the_secrets_are_applied():
    listed = yaml.safe_load((DEPLOY / "kubernetes/kustomization.yaml").read_text("utf-8"))["resources"]
    there = {path.name for path in (DEPLOY / "kubernetes").glob("*.yaml")}
    assert set(listed) == there - {"kustomization.yaml", "secret.example.yaml"}


def test_pods_are_nobody_limited_and_probed_where_the_service_answers():
    pod = manifest("Deployment")["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"] and pod["securityContext"]["runAsUser"] == 10001
    assert pod["automountServiceAccountToken"] is False
    volumes = {volume["name"] for volume in pod["volumes"]}
    for container in pod["containers"] + pod["initContainers"]:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert (
            {"cpu", "memory"}
            == set(container["resources"]["limits"])
            == set(container["resources"]["requests"])
        )
        assert {mount["name"] for mount in container["volumeMounts"]} <= volumes
    (container,) = pod["containers"]
    probes = {key: value["httpGet"] for key, value in container.items() if key.endswith("Probe")}
    assert set(probes) == {"startupProbe", "readinessProbe", "livenessProbe"}
    assert probes["readinessProbe"]["path"] == "/readyz"
    documented = openapi.document("1")["paths"]
    assert all(probe["path"] in documented for probe in probes.values())
    assert {probe["port"] for probe in probes.values()} == {container["ports"][0]["name"]}
    named = {source["secretRef"]["name"] for source in container["envFrom"]}
    named |= {volume["secret"]["secretName"] for volume in pod["volumes"] if "secret" in volume}
    assert named == {one["metadata"]["name"] for one in MANIFESTS if one["kind"] == "Secret"}


def test_ports_and_selectors_agree():
    deployment = manifest("Deployment")
    pod = deployment["spec"]["template"]
    (container,) = pod["spec"]["containers"]
    (port,) = container["ports"]
    exposed = re.findall(r"^EXPOSE (\d+)$", (DEPLOY / "Dockerfile").read_text("utf-8"), re.M)
    assert [str(port["containerPort"])] == exposed == [pod["metadata"]["annotations"]["prometheus.io/port"]]
    assert manifest("Service")["spec"]["ports"][0]["targetPort"] == port["name"]
    policy = manifest("NetworkPolicy")["spec"]
    assert policy["ingress"][0]["ports"][0]["port"] == port["name"]
    chosen = [
        deployment["spec"]["selector"]["matchLabels"],
        manifest("Service")["spec"]["selector"],
        manifest("PodDisruptionBudget")["spec"]["selector"]["matchLabels"],
        policy["podSelector"]["matchLabels"],
    ]
    assert all(labels == pod["metadata"]["labels"] for labels in chosen)
    target = manifest("HorizontalPodAutoscaler")["spec"]["scaleTargetRef"]
    assert (target["kind"], target["name"]) == ("Deployment", deployment["metadata"]["name"])
    grace = pod["spec"]["terminationGracePeriodSeconds"]
    assert grace >= 30 + int(container["lifecycle"]["preStop"]["exec"]["command"][1])


def test_an_open_service_is_not_put_behind_a_proxy_that_lets_others_in(tmp_path):
    own = {"TICKET_TRIAGE_OPEN": "1", "BLUE_GREEN_BIND": "0.0.0.0", "BLUE_GREEN_RUN": str(tmp_path)}
    words = [str(SCRIPT), "deploy", "tickets:1"]
    done = subprocess.run(words, env=os.environ | own, capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "make keys" in done.stderr


# The switch, with real servers


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


class Switch:
    """blue-green.sh with ports and a folder of its own."""

    def __init__(self, folder: Path, home: Path) -> None:
        self.folder = folder
        key = api_keys.add(folder.parent / "state" / api_keys.FILE, "shop", "predict", 1000)
        self.headers = {"X-API-Key": key}
        port, blue, green, metrics = map(str, free_ports(4))
        self.url = f"http://127.0.0.1:{port}"
        self.environment = os.environ | {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}:/usr/sbin",
            "PYTHONPATH": str(ROOT / "src"),
            "BENTOML_HOME": str(home),
            "TICKET_TRIAGE_OPEN": "0",
            "TICKET_TRIAGE_STATE": str(folder.parent / "state"),
            "BLUE_GREEN_KEY": key,
            "BLUE_GREEN_RUN": str(folder),
            "BLUE_GREEN_PORT": port,
            "BLUE_GREEN_BLUE": blue,
            "BLUE_GREEN_GREEN": green,
            "BLUE_GREEN_METRICS": metrics,
        }

    def __call__(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(SCRIPT), *words],
            cwd=self.folder.parent,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=180,
        )

    def version(self) -> str:
        return str(httpx.get(f"{self.url}/model", headers=self.headers, timeout=10).json()["version"])


class Load(threading.Thread):
    """One customer after another, on a connection that stays open for three of them."""

    def __init__(self, switch: Switch) -> None:
        super().__init__(daemon=True)
        self.url, self.headers = f"{switch.url}/predict-ticket", switch.headers
        self.ended = threading.Event()
        self.seen: Counter[str] = Counter()
        self.answered: set[str] = set()  # ids

    def run(self) -> None:
        number = 0
        with httpx.Client(timeout=30) as client:
            while not self.ended.wait(0.01):
                number += 1
                headers = self.headers | ({} if number % 3 else {"connection": "close"})
                ticket = {"text": f"my parcel {number} is late"}
                try:
                    answer = client.post(self.url, json=ticket, headers=headers)
                    whole = answer.status_code == 200 and answer.json()["decision"]
                    self.seen[answer.headers["x-release"] if whole else answer.text] += 1
                    self.answered.add(answer.json()["prediction_id"] if whole else "")
                except httpx.HTTPError as error:
                    self.seen[repr(error)] += 1

    def end(self) -> Counter[str]:
        self.ended.set()
        self.join(60)
        return self.seen


@pytest.fixture
def releases(model_folder: Path, tmp_path: Path) -> tuple[Path, str, str, str]:
    """A store of Bentos with two good releases and one whose canaries fail."""
    home = tmp_path / "bentos"
    first = package(model_folder, ModelRef(name="tickets", version="3"), home, {}, root=ROOT)
    shelf = home / "bentos/ticket-triage"
    for version in ("4", "5"):
        copy = Path(shutil.copytree(shelf / first.partition(":")[2], shelf / version))
        write_json(copy / "src/model/ref.json", {"name": "tickets", "version": version})
    canaries = read_json(shelf / "5/src/model/canaries.json")
    canaries[0]["text"] = "quite another ticket"
    write_json(shelf / "5/src/model/canaries.json", canaries)
    for version in ("4", "5"):
        model = shelf / version / "src/model"
        names = read_json(model / "manifest.json")
        write_json(model / "manifest.json", {name: sha256(model / name) for name in names})
    return home, first, "ticket-triage:4", "ticket-triage:5"


@pytest.mark.slow
def test_a_release_takes_over_and_gives_back_and_no_request_is_lost(releases, tmp_path):
    tool("haproxy")
    tool("curl")
    home, first, second, broken = releases
    switch = Switch(tmp_path / "run", home)
    try:
        assert switch("status").returncode == 1
        assert switch("back").returncode == 1, "nothing was deployed yet"
        begun = switch("deploy", first)
        assert begun.returncode == 0, begun.stderr
        assert switch.version() == "3"

        load = Load(switch)
        load.start()
        done = switch("deploy", second)
        assert done.returncode == 0, done.stderr
        assert switch.version() == "4"
        back = switch("back")
        assert back.returncode == 0, back.stderr
        assert switch.version() == "3"
        seen = load.end()
        assert set(seen) == {"blue", "green"}, seen

        refused = switch("deploy", broken)
        assert refused.returncode == 1 and "did not prove itself" in refused.stderr
        assert switch.version() == "3"
        status = switch("status")
        assert status.returncode == 0
        assert f"blue: {first} (running, the traffic goes to it)" in status.stdout
        assert f"green: {second} (stopped)" in status.stdout, "the way back is what it was"
        history = [line.split()[1:] for line in (tmp_path / "run/history").read_text().splitlines()]
        assert history == [["blue", first], ["green", second], ["blue", first]]
        for path in ("/metrics", "/%6detrics"):
            away = httpx.get(f"{switch.url}{path}", timeout=10)
            assert away.status_code == 404 and set(away.json()) == {"error"}
    finally:
        ended = switch("down")
    assert ended.returncode == 0, ended.stderr
    with pytest.raises(httpx.ConnectError):
        httpx.get(switch.url, timeout=5)

    with closing(DecisionLog(tmp_path / "state")) as log:  # takes over what a release has left on the disk
        for _ in range(100):
            if not log.state()["bytes"]:
                break
            time.sleep(0.1)
    with closing(sqlite3.connect(tmp_path / "state/decisions.db")) as database:
        rows = database.execute("select prediction_id, ticket ->> 'channel' from decisions").fetchall()
    kept = [prediction for prediction, channel in rows if channel != "smoke test"]
    assert len(rows) - len(kept) == 3, "a smoke ticket for each time that a release was handed the traffic"
    assert sorted(kept) == sorted(load.answered), "each answer is recorded once"
