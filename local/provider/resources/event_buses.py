"""Custom EventBridge buses, and archives of their events (in Pulumi's module cloudwatch).

https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_CreateEventBus.html
"""

from ..aws import Aws
from ..property_schema import CHOSEN_BY_AWS, JsonString, KmsKeyId, Object, Property
from ..property_values import ReadonlyValues
from ..resource import AutoName, Inputs, Outputs
from .common import TAGS, number, output, string, sync_tags, tag_list, tag_map
from .modelled import ModelledResource


class EventBus(ModelledResource):
    """A custom bus."""

    token = "aws:cloudwatch/eventBus:EventBus"
    service, noun, id_member, reads = "events", "EventBus", "Name", "Describe"
    auto_name = AutoName(max_length=256)
    identity = ("name",)
    properties = {
        "name": string(replaces=True),
        "description": string(),
        "kmsKeyIdentifier": Property(schema=KmsKeyId()),
        "deadLetterConfig": Property(schema=Object({"arn": string()})),
        "tags": TAGS,
        "arn": output(),
    }

    def id_of(self, aws: Aws, inputs: Inputs) -> str | None:
        return str(inputs["name"])

    def create(self, aws: Aws, inputs: Inputs, marker: str) -> str:
        self.call(aws, "Create", self.request(inputs) | {"Tags": tag_list(aws.tags(inputs))})
        return str(inputs["name"])

    def converge(self, aws: Aws, id_: str, inputs: Inputs, old: Inputs) -> None:
        super().converge(aws, id_, inputs, old)
        actual = self.read(aws, id_) or {}
        sync_tags(aws.client(self.service), aws, inputs, actual["tags"], ResourceARN=actual["arn"])

    def outputs(self, aws: Aws, id_: str, fact: ReadonlyValues) -> Outputs:
        tags = aws.client(self.service).list_tags_for_resource(ResourceARN=fact["Arn"]).get("Tags")
        return super().outputs(aws, id_, fact) | {"tags": tag_map(tags)}


class EventArchive(ModelledResource):
    """An archive of a bus's events, from which they can be replayed."""

    token = "aws:cloudwatch/eventArchive:EventArchive"
    service, noun, id_member, reads = "events", "Archive", "ArchiveName", "Describe"
    auto_name = AutoName(max_length=48)
    identity = ("name",)
    spelled = {"name": "ArchiveName", "arn": "ArchiveArn"}
    properties = {
        "name": string(replaces=True),
        "eventSourceArn": string(required=True, replaces=True),
        "description": string(),
        "eventPattern": Property(schema=JsonString(), default=CHOSEN_BY_AWS),
        "kmsKeyIdentifier": Property(schema=KmsKeyId()),
        "retentionDays": number(0, default=0),
        "arn": output(),
    }

    def id_of(self, aws: Aws, inputs: Inputs) -> str | None:
        return str(inputs["name"])

    def create(self, aws: Aws, inputs: Inputs, marker: str) -> str:
        self.call(aws, "Create", self.request(inputs))
        return str(inputs["name"])
