"""CloudWatch dashboards.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutDashboard.html
"""

from ..aws import Aws
from ..property_schema import JsonString, Property
from ..resource import Inputs, Outputs, Resource
from .common import fetch_or_none, ignore_not_found, output, string


class Dashboard(Resource):
    """A dashboard of widgets."""

    token = "aws:cloudwatch/dashboard:Dashboard"
    identity = ("dashboardName",)
    properties = {
        "dashboardName": string(required=True, replaces=True),
        "dashboardBody": Property(schema=JsonString(), required=True),
        "dashboardArn": output(),
    }

    def id_of(self, aws: Aws, inputs: Inputs) -> str | None:
        return str(inputs["dashboardName"])

    def create(self, aws: Aws, inputs: Inputs, marker: str) -> str:
        self.converge(aws, "", inputs, {})
        return str(inputs["dashboardName"])

    def converge(self, aws: Aws, id_: str, inputs: Inputs, old: Inputs) -> None:
        aws.client("cloudwatch").put_dashboard(
            DashboardName=inputs["dashboardName"], DashboardBody=inputs["dashboardBody"]
        )

    def read(self, aws: Aws, id_: str) -> Outputs | None:
        fact = fetch_or_none(aws.client("cloudwatch").get_dashboard, DashboardName=id_)
        return fact and {
            "dashboardName": id_,
            "dashboardBody": fact["DashboardBody"],
            "dashboardArn": fact["DashboardArn"],
        }

    def delete(self, aws: Aws, id_: str, outputs: Inputs) -> None:
        with ignore_not_found():
            aws.client("cloudwatch").delete_dashboards(DashboardNames=[id_])
