"""Deploy time: components that are secure, watched and least-privileged by default, and the stage that sizes them."""

from .alarms import AlertTopic as AlertTopic
from .alarms import AlertTopicArgs as AlertTopicArgs
from .audit_bucket import AuditBucket as AuditBucket
from .audit_bucket import AuditBucketArgs as AuditBucketArgs
from .booking_state_machine import BookingStateMachine as BookingStateMachine
from .booking_state_machine import BookingStateMachineArgs as BookingStateMachineArgs
from .foundation import Foundation as Foundation
from .gateway import SandboxGateway as SandboxGateway
from .gateway import SandboxGatewayArgs as SandboxGatewayArgs
from .iam import policy_of as policy_of
from .monitored_lambda import MonitoredLambda as MonitoredLambda
from .monitored_lambda import MonitoredLambdaArgs as MonitoredLambdaArgs
from .order_store import OrderStore as OrderStore
from .order_store import OrderStoreArgs as OrderStoreArgs
from .package import Target as Target
from .package import build_package as build_package
from .signed_package import SignedPackage as SignedPackage
from .signed_package import SignedPackageArgs as SignedPackageArgs
from .stage import InvalidStage as InvalidStage
from .stage import Stage as Stage
