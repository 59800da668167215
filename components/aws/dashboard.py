"""One picture of a stage: a row for each part, made of the metrics that the components themselves name."""

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
    """Every metric of a name, one line for each value of the dimension `by` that has been seen."""

    namespace: str
    name: str
    dimensions: Mapping[str, str]
    by: str

    def expression(self) -> str:
        """In CloudWatch's language. Source: CloudWatch user guide, "Search expression syntax"."""
        schema = ",".join([self.namespace, *self.dimensions, self.by])
        fixed = " ".join(f'{name}="{value}"' for name, value in self.dimensions.items())
        return f"SEARCH('{{{schema}}} MetricName=\"{self.name}\" {fixed}', 'Sum', 300)"


@dataclass(frozen=True, slots=True)
class Chart:
    """Metrics that are looked at together."""

    title: str
    metrics: Sequence[Metric] = ()
    searches: Sequence[Search] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """Charts of one part, under a heading."""

    title: str
    charts: Sequence[Chart]


def dashboard(
    name: str, rows: Sequence[Row], *, region: pulumi.Output[str], opts: pulumi.ResourceOptions
) -> pulumi.Output[str]:
    """Create the dashboard; gives its name."""
    body = pulumi.Output.json_dumps({"widgets": _widgets(rows, region)})
    created = aws.cloudwatch.Dashboard(
        name,
        dashboard_name=f"{pulumi.get_project()}-{pulumi.get_stack()}-{name}",  # the one type that is not auto-named
        dashboard_body=body,
        opts=opts,
    )
    named: pulumi.Output[str] = created.dashboard_name
    return named


def _widgets(rows: Sequence[Row], region: pulumi.Output[str]) -> list[dict[str, object]]:
    widgets: list[dict[str, object]] = []
    top = 0
    for row in rows:
        widgets.append(_heading(row.title, top))
        top += 1
        for place, chart in enumerate(row.charts):
            line, column = divmod(place, _PER_ROW)
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
