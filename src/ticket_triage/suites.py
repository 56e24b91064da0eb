"""Great Expectations: rules run as suites, and their results as pages; the only module that knows that tool."""

from collections.abc import Sequence
from typing import Any

import great_expectations as gx
import pandas as pd
from great_expectations import expectations
from great_expectations.data_context.types.base import (
    DataContextConfig,
    InMemoryStoreBackendDefaults,
    ProgressBarsConfig,
)
from great_expectations.render.renderer.page_renderer import ValidationResultsPageRenderer
from great_expectations.render.view.view import DefaultJinjaPageView

from ticket_triage.data_rules import Rule
from ticket_triage.files import TriageError


class Suites:
    """Runs suites in an in-memory context and keeps their results for the pages."""

    def __init__(self) -> None:
        self.runs: dict[str, Any] = {}
        self.found: dict[str, str] = {}  # what broke the row rules of the last check
        self.context = gx.get_context(
            project_config=DataContextConfig(
                store_backend_defaults=InMemoryStoreBackendDefaults(),
                analytics_enabled=False,
                progress_bars=ProgressBarsConfig(globally=False),
            )
        )
        self.frames = self.context.data_sources.add_pandas("frames")

    def check(self, suite: str, frame: pd.DataFrame, rules: Sequence[Rule]) -> dict[str, list[int]]:
        """Positions of the rows that break each row rule, by name, in the order of the rules.

        Raises:
            TriageError: a table rule is broken.
        """
        built = [
            getattr(expectations, rule.expectation)(
                **({"column": rule.column} if rule.column and "column_A" not in rule.options else {}),
                **rule.options,
                meta={"rule": rule.name},
            )
            for rule in rules
        ]
        definition = gx.ValidationDefinition(
            name=suite,
            data=self.frames.add_dataframe_asset(suite).add_batch_definition_whole_dataframe("all"),
            suite=self.context.suites.add(gx.ExpectationSuite(name=suite, expectations=built)),
        )
        run: Any = self.context.validation_definitions.add(definition).run(
            batch_parameters={"dataframe": frame.reset_index(drop=True)},
            result_format={
                "result_format": "COMPLETE",
                "partial_unexpected_count": 5,
                "return_unexpected_index_query": False,
            },
        )
        self.runs[suite] = run
        results = {result.expectation_config.meta["rule"]: result for result in run.results}
        rows: dict[str, list[int]] = {}
        for rule in rules:
            result = results[rule.name]
            if rule.per_row:
                rows[rule.name] = sorted(result.result.get("unexpected_index_list") or [])
            if not result.success and not rows.get(rule.name):  # a row rule that could not be tried, too
                raise refusal(rule, _found(result))
        self.found = {name: _found(results[name]) for name, positions in rows.items() if positions}
        return rows

    def pages(self) -> dict[str, tuple[bool, str]]:
        """Each suite's success and its page, in the order of running."""
        renderer: Any = ValidationResultsPageRenderer()
        view: Any = DefaultJinjaPageView()
        return {
            name: (bool(run.success), view.render(renderer.render(run))) for name, run in self.runs.items()
        }


def refusal(rule: Rule, found: str) -> TriageError:
    """That a rule is broken, in a sentence: what was expected, and what was found."""
    where = f" on column `{rule.column}`" if rule.column else ""
    return TriageError(f"rule `{rule.name}`{where}: expected {rule.expected}, found {found}")


def _found(result: Any) -> str:
    info = result.exception_info or {}
    for fault in (info, *(value for value in info.values() if isinstance(value, dict))):
        if fault.get("raised_exception"):
            return f"values that cannot be compared: {str(fault['exception_message']).splitlines()[0]}"
    facts = result.result
    if "unexpected_count" in facts:
        samples = ", ".join(dict.fromkeys(str(value) for value in facts["unexpected_list"][:3]))
        return f"{facts['unexpected_count']} of {facts['element_count']} that are not, such as {samples}"
    if missing := facts.get("details", {}).get("mismatched", {}).get("missing"):
        return f"no {', '.join(missing)}"
    value = facts.get("observed_value")
    return f"{value:.4f}" if isinstance(value, float) else str(value)
