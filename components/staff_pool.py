"""A Cognito user pool in which staff sign in, for teams without an identity provider."""

from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from .aws.deployment_context import DeploymentContext
from .base import Arguments, Component, tags_of

GROUPS = {
    "staff": "Refund, capture, cancel and propose how cases end",
    "approver": "Decide on what other people requested",
    "auditor": "Read orders and refunds",
}
"""The groups of the pool: the roles of the API that people have, apart from customers."""
CALLBACK = r"https://[A-Za-z0-9.-]{1,253}(:[0-9]{1,5})?(/[^\s#]*)?|http://localhost(:[0-9]{1,5})?(/[^\s#]*)?"
DOMAIN = r"(?!.*(?:aws|amazon|cognito))[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
MAX_URLS = 100


class StaffPoolArgs(TypedDict):
    """Arguments of a staff pool; every default is the strict one."""

    domain: str
    """Prefix of the address of the sign-in pages, unique in its region: 1 to 63 lower-case letters, digits and hyphens,
    without `aws`, `amazon` and `cognito`."""
    callbacks: list[str]
    """Addresses to which the sign-in pages redirect people with a code, 1 to 100: https, or http://localhost."""
    logouts: NotRequired[list[str]]
    """Addresses to which people may be sent when they sign out. Default: none."""
    access_minutes: NotRequired[float]
    """Minutes for which access tokens are valid, 5 to 60. Default: 15."""
    session_hours: NotRequired[float]
    """Hours after which people must sign in again, 1 to 24. Default: 8."""
    invitation_days: NotRequired[float]
    """Days for which the password in an invitation is valid, 1 to 30. Default: 3."""
    threat_protection: NotRequired[bool]
    """Blocks risky sign-ins and those with leaked passwords, which needs Cognito's Plus plan. Default: true."""
    deletion_protection: NotRequired[bool]
    """Makes AWS refuse to delete the pool and its users. Default: true."""
    region: NotRequired[pulumi.Input[str]]
    """AWS region of all its resources. Default: its parent's, else its provider's."""
    tags: NotRequired[dict[str, pulumi.Input[str]]]
    """Tags in addition to project, stage and component. Default: none."""


class StaffPool(Component):
    """A Cognito user pool for staff: invited people only, a second factor, short tokens, and a group for each role."""

    issuer: pulumi.Output[str]
    """Issuer of the tokens, for the stage key `apiIssuer`."""
    audience: pulumi.Output[str]
    """Id of the client in which people sign in, for the stage key `apiAudiences`."""
    pool: pulumi.Output[str]
    """Id of the pool, for the commands that invite people."""
    signin: pulumi.Output[str]
    """Address of the sign-in pages, without a slash at its end."""

    def __init__(self, name: str, args: StaffPoolArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("booking:index:StaffPool", name, args, opts)
        self._name = name
        self._check(args)
        self._pool = self._create_pool(args)
        client = self._create_client()
        for group, purpose in GROUPS.items():
            self._create_group(group, purpose)
        domain = self._create_domain()
        self.issuer = pulumi.Output.concat("https://", self._pool.endpoint)
        self.audience, self.pool = client.id, self._pool.id
        region = DeploymentContext.of(self).region
        self.signin = pulumi.Output.concat("https://", domain.domain, ".auth.", region, ".amazoncognito.com")
        self.register_outputs(
            {"issuer": self.issuer, "audience": self.audience, "pool": self.pool, "signin": self.signin}
        )

    def _check(self, args: StaffPoolArgs) -> None:
        arguments = Arguments("StaffPool", self._name, args, StaffPoolArgs)
        arguments.require("domain", "callbacks")
        meaning = "1–63 lower-case letters, digits and inner hyphens, without aws, amazon and cognito"
        self._domain = arguments.string("domain", "", DOMAIN, meaning)
        self._callbacks = arguments.strings("callbacks", [], MAX_URLS, CALLBACK, "addresses")
        self._logouts = arguments.strings("logouts", [], MAX_URLS, CALLBACK, "addresses") if args.get("logouts") else []
        self._access_minutes = arguments.integer("access_minutes", 15, 5, 60, "minutes")
        self._session_hours = arguments.integer("session_hours", 8, 1, 24, "hours")
        self._invitation_days = arguments.integer("invitation_days", 3, 1, 30, "days")
        self._threat_protection = arguments.boolean("threat_protection", default=True)
        self._deletion_protection = arguments.boolean("deletion_protection", default=True)
        arguments.raise_if_invalid()

    def _create_pool(self, args: StaffPoolArgs) -> aws.cognito.UserPool:
        return aws.cognito.UserPool(
            f"{self._name}-pool",
            admin_create_user_config=aws.cognito.UserPoolAdminCreateUserConfigArgs(allow_admin_create_user_only=True),
            username_attributes=["email"],
            username_configuration=aws.cognito.UserPoolUsernameConfigurationArgs(case_sensitive=False),
            auto_verified_attributes=["email"],
            # Only administrators reset passwords, so a stolen mailbox does not give access to an account.
            account_recovery_setting=aws.cognito.UserPoolAccountRecoverySettingArgs(
                recovery_mechanisms=[
                    aws.cognito.UserPoolAccountRecoverySettingRecoveryMechanismArgs(name="admin_only", priority=1)
                ]
            ),
            mfa_configuration="ON",
            software_token_mfa_configuration=aws.cognito.UserPoolSoftwareTokenMfaConfigurationArgs(enabled=True),
            password_policy=self._password_policy(),
            user_pool_tier="PLUS" if self._threat_protection else "ESSENTIALS",
            user_pool_add_ons=aws.cognito.UserPoolUserPoolAddOnsArgs(advanced_security_mode="ENFORCED")
            if self._threat_protection
            else None,
            deletion_protection="ACTIVE" if self._deletion_protection else "INACTIVE",
            tags=tags_of(self._name, args.get("tags")),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _password_policy(self) -> aws.cognito.UserPoolPasswordPolicyArgs:
        return aws.cognito.UserPoolPasswordPolicyArgs(
            minimum_length=14,
            require_lowercase=True,
            require_numbers=True,
            require_symbols=True,
            require_uppercase=True,
            password_history_size=5,
            temporary_password_validity_days=self._invitation_days,
        )

    def _create_client(self) -> aws.cognito.UserPoolClient:
        """Create the client: it has no secret, so that browsers and the command line can use it (with PKCE)."""
        return aws.cognito.UserPoolClient(
            f"{self._name}-pool-client",
            user_pool_id=self._pool.id,
            generate_secret=False,
            allowed_oauth_flows_user_pool_client=True,
            allowed_oauth_flows=["code"],
            allowed_oauth_scopes=["openid"],  # no scope that would let a token change its user's attributes
            callback_urls=self._callbacks,
            logout_urls=self._logouts or None,
            supported_identity_providers=["COGNITO"],
            explicit_auth_flows=["ALLOW_REFRESH_TOKEN_AUTH"],  # passwords are entered only on the sign-in pages
            prevent_user_existence_errors="ENABLED",
            enable_token_revocation=True,
            access_token_validity=self._access_minutes,
            id_token_validity=self._access_minutes,
            refresh_token_validity=self._session_hours,
            token_validity_units={"access_token": "minutes", "id_token": "minutes", "refresh_token": "hours"},
            opts=pulumi.ResourceOptions(parent=self._pool),
        )

    def _create_group(self, group: str, purpose: str) -> None:
        aws.cognito.UserGroup(
            f"{self._name}-pool-{group}",
            name=group,
            user_pool_id=self._pool.id,
            description=purpose,
            opts=pulumi.ResourceOptions(parent=self._pool),
        )

    def _create_domain(self) -> aws.cognito.UserPoolDomain:
        return aws.cognito.UserPoolDomain(
            f"{self._name}-pool-domain",
            domain=self._domain,
            user_pool_id=self._pool.id,
            opts=pulumi.ResourceOptions(parent=self._pool),
        )
