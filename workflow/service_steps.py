"""Typed steps for AWS services, and the resources that a deployment binds.

`from workflow.service_steps import Queue, SendMessage`
"""

from .dsl.bindings import Binding, Bucket, EventBus, Machine, Queue, Table, Topic
from .dsl.states.distribution import ItemBatcher, ItemReader, ResultWriter, WrittenResults
from .dsl.states.item_tasks import DeleteItem, GetItem, PutItem, UpdateItem
from .dsl.states.service_tasks import (
    Activity,
    GetObject,
    Publish,
    PutEvent,
    PutObject,
    SendMessage,
    ServiceCall,
    StartExecution,
)
from .dsl.states.tasks import Answer, Task

__all__ = [
    "Activity",
    "Answer",
    "Binding",
    "Bucket",
    "DeleteItem",
    "EventBus",
    "GetItem",
    "GetObject",
    "ItemBatcher",
    "ItemReader",
    "Machine",
    "Publish",
    "PutEvent",
    "PutItem",
    "PutObject",
    "Queue",
    "ResultWriter",
    "SendMessage",
    "ServiceCall",
    "StartExecution",
    "Table",
    "Task",
    "Topic",
    "UpdateItem",
    "WrittenResults",
]
