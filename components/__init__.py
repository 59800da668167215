"""Deploy time: components that are secure, watched and least-privileged by default, and the stage that sizes them."""

from .alert_topic import AlertTopic as AlertTopic
from .alert_topic import AlertTopicArgs as AlertTopicArgs
from .audit_bucket import AuditBucket as AuditBucket
from .audit_bucket import AuditBucketArgs as AuditBucketArgs
from .aws.iam import policy_of as policy_of
from .booking_state_machine import BookingStateMachine as BookingStateMachine
from .booking_state_machine import BookingStateMachineArgs as BookingStateMachineArgs
from .gateway import SandboxGateway as SandboxGateway
from .gateway import SandboxGatewayArgs as SandboxGatewayArgs
from .monitored_lambda import MonitoredLambda as MonitoredLambda
from .monitored_lambda import MonitoredLambdaArgs as MonitoredLambdaArgs
from .order_events import OrderEvents as OrderEvents
from .order_events import OrderEventsArgs as OrderEventsArgs
from .order_store import OrderStore as OrderStore
from .order_store import OrderStoreArgs as OrderStoreArgs
from .packaging import Target as Target
from .packaging import build_package as build_package
from .signed_package import SignedPackage as SignedPackage
from .signed_package import SignedPackageArgs as SignedPackageArgs
from .signing_key import SigningKey as SigningKey
from .signing_key import SigningKeyArgs as SigningKeyArgs
from .stack import Foundation as Foundation
from .stage import InvalidStage as InvalidStage
from .stage import Stage as Stage
