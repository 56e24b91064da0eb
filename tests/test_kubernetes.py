"""deploy/kubernetes: manifests that are valid, agree with each other and ask the service what it answers."""

import re
from typing import Any

import kubernetes_validate
import pytest
import yaml
from deployed import DEPLOY

from ticket_triage.serving import openapi

MANIFESTS = [
    manifest
    for path in sorted((DEPLOY / "kubernetes").glob("*.yaml"))
    if path.name != "kustomization.yaml"
    for manifest in yaml.safe_load_all(path.read_text("utf-8"))
]


def manifest(kind: str) -> Any:
    (found,) = [one for one in MANIFESTS if one["kind"] == kind]
    return found


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


def test_no_secret_has_a_value_of_its_own():
    secrets = [one for one in MANIFESTS if one["kind"] == "Secret"]
    assert secrets and all(set(one["stringData"].values()) == {""} for one in secrets)
