"""deploy/prometheus and deploy/grafana: alerts that fire when they should, panels that ask for what is told."""

import re

import yaml
from deployed import DEPLOY, accepted, tool

from ticket_triage.files import read_json
from ticket_triage.serving.meters import Meters

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
