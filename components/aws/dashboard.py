"""One CloudWatch dashboard for a stage: a row for each part, with the charts that the components provide."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from .alarms import Metric

_COLUMNS = 24
_PER_ROW = 4
_HEIGHT = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """All metrics of a name: one line for each value of the dimension `by` that has occurred."""

    namespace: str
    name: str
    dimensions: Mapping[str, str]
    by: str

    def expression(self) -> str:
        """Return a search expression. Source: CloudWatch user guide, "Search expression syntax"."""
        schema = ",".join([self.namespace, *self.dimensions, self.by])
        fixed = " ".join(f'{name}="{value}"' for name, value in self.dimensions.items())
        return f"SEARCH('{{{schema}}} MetricName=\"{self.name}\" {fixed}', 'Sum', 300)"


@dataclass(frozen=True, slots=True)
class Chart:
    """Metrics that belong in one chart."""

    title: str
    metrics: Sequence[Metric] = ()
    searches: Sequence[Search] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """Charts under one heading."""

    title: str
    charts: Sequence[Chart]


def create_dashboard(
    name: str, rows: Sequence[Row], *, region: pulumi.Output[str], opts: pulumi.ResourceOptions
) -> pulumi.Output[str]:
    """Create the dashboard and return its name."""
    body = pulumi.Output.json_dumps({"widgets": _widgets(rows, region)})
    created = aws.cloudwatch.Dashboard(
        name,
        dashboard_name=f"{pulumi.get_project()}-{pulumi.get_stack()}-{name}",  # the one type that is not auto-named
        dashboard_body=body,
        opts=opts,
    )
    created_name: pulumi.Output[str] = created.dashboard_name
    return created_name


def _widgets(rows: Sequence[Row], region: pulumi.Output[str]) -> list[dict[str, object]]:
    widgets: list[dict[str, object]] = []
    top = 0
    for row in rows:
        widgets.append(_heading(row.title, top))
        top += 1
        for index, chart in enumerate(row.charts):
            line, column = divmod(index, _PER_ROW)
            widgets.append(_chart(chart, region, top + line * _HEIGHT, column * _COLUMNS // _PER_ROW))
        top += _HEIGHT * -(-len(row.charts) // _PER_ROW)
    return widgets


def _heading(title: str, top: int) -> dict[str, object]:
    text = {"markdown": f"## {title}"}
    return {"type": "text", "x": 0, "y": top, "width": _COLUMNS, "height": 1, "properties": text}


def _chart(chart: Chart, region: pulumi.Output[str], top: int, left: int) -> dict[str, object]:
    return {
        "type": "metric",
        "x": left,
        "y": top,
        "width": _COLUMNS // _PER_ROW,
        "height": _HEIGHT,
        "properties": {
            "title": chart.title,
            "view": "timeSeries",
            "region": region,
            "metrics": [
                *(_line(metric) for metric in chart.metrics),
                *([{"expression": search.expression(), "label": search.name}] for search in chart.searches),
            ],
        },
    }


def _line(metric: Metric) -> list[object]:
    dimensions = [part for pair in metric.dimensions.items() for part in pair]
    return [metric.namespace, metric.name, *dimensions, {"stat": metric.statistic, "period": metric.period_seconds}]
