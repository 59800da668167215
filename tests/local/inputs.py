"""Generated inputs for every resource type, such as a program could contain."""

import json
import secrets
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from local.provider.property_values import FileArchive
from local.provider.provider import EmbeddedProvider

WORDS = st.text("abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=12)
TEXTS = st.text("abcdefghijklmnopqrstuvwxyz ABC.,-", min_size=1, max_size=30).map(lambda text: f"a{text.strip()}")
TAGS = st.dictionaries(WORDS, WORDS, max_size=3)


@dataclass(frozen=True, kw_only=True, repr=False)
class Prerequisites:
    """Resources that must exist before the others can be created."""

    provider: EmbeddedProvider
    folder: Path
    keys: tuple[str, str]
    role: Mapping[str, Any]
    bucket: str
    locked: str
    apis: tuple[str, str]
    integrations: tuple[str, str]
    authorizer: str
    pools: tuple[str, str]
    target: str
    topics: tuple[str, str]
    queues: tuple[Mapping[str, Any], Mapping[str, Any]]
    function: Mapping[str, Any]
    group: Mapping[str, Any]
    rule: str
    bus: Mapping[str, Any]
    streamed: Mapping[str, Any]
    vault: str
    plan: str
    policies: tuple[str, str]
    code: tuple[FileArchive, FileArchive]
    versioned: str
    unsigned: tuple[Mapping[str, Any], Mapping[str, Any]]
    profiles: tuple[Mapping[str, Any], Mapping[str, Any]]
    signed: tuple[Mapping[str, Any], Mapping[str, Any]]
    signing: str

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:
        """Print one word, because all fields would hide the rest of a report by Hypothesis."""
        printer.text("world")

    @classmethod
    def create(cls, provider: EmbeddedProvider, folder: Path) -> "Prerequisites":
        """Create all of them with the provider."""

        def make(token: str, name: str, **inputs: Any) -> dict[str, Any]:
            urn = urn_of(token, name)
            checked = provider.check(urn, token, inputs)
            assert not checked.faults, checked.messages()
            return provider.create(urn, token, checked.inputs).outputs

        def make_id(token: str, name: str, **inputs: Any) -> str:
            urn = urn_of(token, name)
            return provider.create(urn, token, provider.check(urn, token, inputs).inputs).id

        role = make("aws:iam/role:Role", "world", assumeRolePolicy=trust("lambda"))
        code = (package(folder / "one.zip", 1), package(folder / "two.zip", 2))
        everywhere = {"Action": "sqs:SendMessage", "Resource": "*", "Effect": "Allow"}
        open_to_s3 = document({**everywhere, "Principal": {"Service": "s3.amazonaws.com"}})
        rule = make("aws:cloudwatch/eventRule:EventRule", "world", scheduleExpression="rate(1 hour)")
        vault = make("aws:backup/vault:Vault", "world")["name"]
        rules = [{"ruleName": "daily", "targetVaultName": vault}]
        plan = make("aws:backup/plan:Plan", "world", rules=rules)["arn"].rsplit(":", 1)[-1]
        function = make(
            "aws:lambda/function:Function",
            "world",
            role=role["arn"],
            handler="function.handler",
            runtime="python3.13",
            code=code[0],
            publish=True,
        )
        versioned = make("aws:s3/bucket:Bucket", "versioned")["bucket"]
        enabled = {"status": "Enabled"}
        make("aws:s3/bucketVersioning:BucketVersioning", "v", bucket=versioned, versioningConfiguration=enabled)
        unsigned = tuple(
            make("aws:s3/bucketObjectv2:BucketObjectv2", f"u{n}", bucket=versioned, key=f"{n}.zip", source=each)
            for n, each in enumerate(code)
        )
        signers = {"platformId": "AWSLambda-SHA384-ECDSA", "namePrefix": "world_"}
        profiles = tuple(make("aws:signer/signingProfile:SigningProfile", f"p{n}", **signers) for n in "ab")
        signed = tuple(
            make(
                "aws:signer/signingJob:SigningJob",
                f"s{each['key']}",
                profileName=profiles[0]["name"],
                source={"s3": {"bucket": versioned, "key": each["key"], "version": each["versionId"]}},
                destination={"s3": {"bucket": versioned, "prefix": "signed/"}},
            )["signedObjects"][0]["s3s"][0]
            for each in unsigned
        )
        signing = make(
            "aws:lambda/codeSigningConfig:CodeSigningConfig",
            "world",
            allowedPublishers={"signingProfileVersionArns": [profiles[0]["versionArn"]]},
            policies={"untrustedArtifactOnDeployment": "Enforce"},
        )["arn"]
        http = {"protocolType": "HTTP"}
        apis = tuple(make("aws:apigatewayv2/api:Api", n, **http)["arn"].rpartition("/")[2] for n in "ab")
        proxy = {"apiId": apis[0], "integrationType": "HTTP_PROXY", "integrationMethod": "GET"}
        integrations = tuple(
            make_id("aws:apigatewayv2/integration:Integration", n, **proxy, integrationUri=f"https://{n}.example.com")
            for n in "ab"
        )
        jwt = {"authorizerType": "JWT", "identitySources": ["$request.header.Authorization"]}
        authorizer = make_id("aws:apigatewayv2/authorizer:Authorizer", "world", apiId=apis[0], **jwt)
        stream = {"hashKey": "pk", "attributes": [{"name": "pk", "type": "S"}], "billingMode": "PAY_PER_REQUEST"}
        stream |= {"streamEnabled": True, "streamViewType": "NEW_AND_OLD_IMAGES"}
        return cls(
            provider=provider,
            folder=folder,
            keys=tuple(make("aws:kms/key:Key", f"key{n}")["arn"] for n in "ab"),  # type: ignore[arg-type]
            role=role,
            bucket=make("aws:s3/bucket:Bucket", "world")["bucket"],
            apis=apis,
            integrations=integrations,  # type: ignore[arg-type]
            authorizer=authorizer,
            pools=tuple(make_id("aws:cognito/userPool:UserPool", f"pool{n}") for n in "ab"),  # type: ignore[arg-type]
            locked=make("aws:s3/bucket:Bucket", "locked", objectLockEnabled=True)["bucket"],
            target=make("aws:s3/bucket:Bucket", "target")["bucket"],
            topics=tuple(make("aws:sns/topic:Topic", f"topic{n}")["arn"] for n in "ab"),  # type: ignore[arg-type]
            queues=tuple(make("aws:sqs/queue:Queue", f"queue{n}", policy=open_to_s3) for n in "ab"),  # type: ignore[arg-type]
            function=function,
            group=make("aws:cloudwatch/logGroup:LogGroup", "world"),
            rule=rule["name"],
            bus=make("aws:cloudwatch/eventBus:EventBus", "world"),
            streamed=make("aws:dynamodb/table:Table", "streamed", **stream),
            vault=vault,
            plan=plan,
            policies=tuple(make("aws:iam/policy:Policy", n, policy=allow("s3:GetObject"))["arn"] for n in "ab"),  # type: ignore[arg-type]
            code=code,
            versioned=versioned,
            unsigned=unsigned,  # type: ignore[arg-type]
            profiles=profiles,  # type: ignore[arg-type]
            signed=signed,  # type: ignore[arg-type]
            signing=signing,
        )


def urn_of(token: str, name: str) -> str:
    return f"urn:pulumi:dev::booking::{token}::{name}"


def package(path: Path, number: int) -> FileArchive:
    """Return a package whose function returns this number."""
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("function.py", f"def handler(event, context):\n    return {number}\n")
    return FileArchive(hash=f"hash-{number}", path=path)


def trust(service: str) -> str:
    return document(
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": f"{service}.amazonaws.com"}}
    )


def allow(*actions: str, **rest: Any) -> str:
    return document({"Effect": "Allow", "Action": list(actions), "Resource": "arn:aws:s3:::some/*", **rest})


def document(*statements: Mapping[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def _policies(**rest: Any) -> st.SearchStrategy[str]:
    actions = st.lists(st.sampled_from(["s3:GetObject", "s3:PutObject", "s3:ListBucket"]), min_size=1, unique=True)
    return actions.map(lambda chosen: allow(*chosen, **rest))


def _objects(required: Mapping[str, Any], **optional: Any) -> st.SearchStrategy[dict[str, Any]]:
    fixed = {
        name: value if isinstance(value, st.SearchStrategy) else st.just(value) for name, value in required.items()
    }
    return st.fixed_dictionaries(fixed, optional=optional)


def _unique(prefix: str) -> st.SearchStrategy[str]:
    return st.builds(lambda: f"{prefix}-{secrets.token_hex(5)}")


def _lists(*choices: Any) -> st.SearchStrategy[list[Any]]:
    return st.lists(st.sampled_from(choices), min_size=1, unique=True)


def _table(world: Prerequisites) -> st.SearchStrategy[dict[str, Any]]:
    indexes = st.sampled_from(
        [
            [],
            [{"name": "by-a", "hashKey": "a", "projectionType": "ALL"}],
            [
                {"name": "by-a", "hashKey": "a", "rangeKey": "b", "projectionType": "KEYS_ONLY"},
                {
                    "name": "by-b",
                    "keySchemas": [{"attributeName": "b", "keyType": "HASH"}],
                    "projectionType": "INCLUDE",
                    "nonKeyAttributes": ["x", "y"],
                },
            ],
        ]
    )

    def complete(inputs: dict[str, Any]) -> dict[str, Any]:
        used = {"pk"} | {inputs["rangeKey"]} if "rangeKey" in inputs else {"pk"}
        for index in inputs.get("globalSecondaryIndexes", []):
            keys = index.get("keySchemas") or []
            used |= {index.get("hashKey"), index.get("rangeKey"), *(key["attributeName"] for key in keys)} - {None}
        return inputs | {"attributes": [{"name": name, "type": "S"} for name in sorted(used)]}

    return _objects(
        {"hashKey": "pk", "billingMode": "PAY_PER_REQUEST"},
        globalSecondaryIndexes=indexes,
        pointInTimeRecovery=st.sampled_from([{"enabled": True}, {"enabled": False}]),
        serverSideEncryption=st.sampled_from(
            [{"enabled": True, "kmsKeyArn": world.keys[0]}, {"enabled": True}, {"enabled": False}]
        ),
        ttl=st.just({"enabled": True, "attributeName": "expires"}),
        tableClass=st.sampled_from(["STANDARD", "STANDARD_INFREQUENT_ACCESS"]),
        tags=TAGS,
    ).map(complete)


def _alarm(world: Prerequisites) -> st.SearchStrategy[dict[str, Any]]:
    common = {
        "comparisonOperator": st.sampled_from(["GreaterThanThreshold", "LessThanThreshold"]),
        "evaluationPeriods": 1,
    }
    optional = {
        "alarmActions": _lists(*world.topics),
        "okActions": _lists(*world.topics),
        "alarmDescription": TEXTS,
        "actionsEnabled": st.booleans(),
        "treatMissingData": st.sampled_from(["missing", "notBreaching", "breaching"]),
        "datapointsToAlarm": st.just(1),
        "tags": TAGS,
    }
    metric = {"namespace": "AWS/SQS", "metricName": "Age", "period": st.sampled_from([60, 300]), "threshold": 2.5}
    single = _objects({**common, **metric, "statistic": "Sum"}, dimensions=st.just({"QueueName": "q"}), **optional)
    percentile = _objects({**common, **metric, "extendedStatistic": "p99"}, **optional)
    stat = {"metricName": "Errors", "namespace": "AWS/Lambda", "period": 60, "stat": "Sum"}
    queries = [
        {"id": "rate", "expression": "100 * part", "returnData": True, "label": "percent"},
        {"id": "part", "metric": stat},
    ]
    combined = _objects({**common, "threshold": 1, "metricQueries": queries}, **optional)
    return st.one_of(single, percentile, combined)


def _lifecycle(world: Prerequisites) -> st.SearchStrategy[dict[str, Any]]:
    rule = _objects(
        {"status": st.sampled_from(["Enabled", "Disabled"]), "id": "age"},
        filter=st.sampled_from([{"prefix": ""}, {"prefix": "logs/"}]),
        expiration=st.just({"days": 90}),
        transitions=st.just([{"days": 30, "storageClass": "STANDARD_IA"}]),
        noncurrentVersionExpiration=st.just({"noncurrentDays": 30}),
        abortIncompleteMultipartUpload=st.just({"daysAfterInitiation": 7}),
    )
    return _objects({"bucket": world.bucket, "rules": rule.map(lambda each: [each])})


def _machine(world: Prerequisites) -> st.SearchStrategy[dict[str, Any]]:
    definition = json.dumps({"StartAt": "End", "States": {"End": {"Type": "Succeed"}}})
    return _objects(
        {"definition": definition, "roleArn": world.role["arn"], "type": st.sampled_from(["STANDARD", "EXPRESS"])},
        loggingConfiguration=st.just(
            {"level": "ALL", "includeExecutionData": True, "logDestination": f"{world.group['arn']}:*"}
        ),
        tracingConfiguration=st.builds(lambda enabled: {"enabled": enabled}, st.booleans()),
        encryptionConfiguration=st.sampled_from(
            [
                {"type": "AWS_OWNED_KEY"},
                {
                    "type": "CUSTOMER_MANAGED_KMS_KEY",
                    "kmsKeyId": world.keys[0],
                    "kmsDataKeyReusePeriodSeconds": 300,
                },
            ]
        ),
        tags=TAGS,
    )


def _function(world: Prerequisites) -> st.SearchStrategy[dict[str, Any]]:
    local = {"code": st.sampled_from(world.code)}
    in_s3 = {
        "s3Bucket": world.versioned,
        "s3Key": st.sampled_from([each["key"] for each in world.signed]),
        "codeSigningConfigArn": world.signing,
    }
    return st.one_of(_function_of(world, local), _function_of(world, in_s3))


def _function_of(world: Prerequisites, package: Mapping[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    return _objects(
        {
            "role": world.role["arn"],
            "handler": "function.handler",
            "runtime": st.sampled_from(["python3.12", "python3.13"]),
            **package,
        },
        architectures=st.sampled_from([["arm64"], ["x86_64"]]),
        description=TEXTS,
        memorySize=st.integers(128, 1024),
        timeout=st.integers(1, 900),
        publish=st.booleans(),
        reservedConcurrentExecutions=st.integers(0, 10),
        environment=st.dictionaries(WORDS.map(str.upper), WORDS, min_size=1).map(lambda each: {"variables": each}),
        kmsKeyArn=st.sampled_from(world.keys),
        deadLetterConfig=st.just({"targetArn": world.queues[0]["arn"]}),
        loggingConfig=st.just({"logFormat": "JSON", "logGroup": world.group["name"]}),
        tracingConfig=st.sampled_from([{"mode": "Active"}, {"mode": "PassThrough"}]),
        vpcConfig=st.sampled_from([{"subnetIds": ["subnet-1", other], "securityGroupIds": ["sg-1"]} for other in "ab"]),
        tags=TAGS,
    )


def _object(world: Prerequisites, encryption: Mapping[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    return _objects(
        {
            "bucket": world.versioned,
            "key": _unique("object"),
            "source": st.sampled_from(world.code),
            **encryption,
        },
        contentType=st.just("application/zip"),
        metadata=st.dictionaries(WORDS, WORDS, max_size=2),
        tags=TAGS,
    )


INPUTS: Mapping[str, Callable[[Prerequisites], st.SearchStrategy[dict[str, Any]]]] = {
    "aws:apigatewayv2/api:Api": lambda world: _objects(
        {"protocolType": "HTTP"},
        description=TEXTS,
        corsConfiguration=st.fixed_dictionaries(
            {"allowOrigins": st.just(["https://shop.example.com"]), "maxAge": st.integers(0, 600)}
        ),
        disableExecuteApiEndpoint=st.booleans(),
        tags=TAGS,
    ),
    "aws:apigatewayv2/authorizer:Authorizer": lambda world: _objects(
        {
            "apiId": st.sampled_from(world.apis),
            "authorizerType": "JWT",
            "identitySources": ["$request.header.Authorization"],
            "jwtConfiguration": WORDS.map(lambda word: {"issuer": f"https://{word}.example.com", "audiences": [word]}),
        }
    ),
    "aws:apigatewayv2/integration:Integration": lambda world: _objects(
        {
            "apiId": world.apis[1],
            "integrationType": "AWS_PROXY",
            "integrationUri": world.function["invokeArn"],
            "integrationMethod": "POST",
        },
        payloadFormatVersion=st.sampled_from(["1.0", "2.0"]),
        timeoutMilliseconds=st.integers(50, 30000),
        description=TEXTS,
    ),
    "aws:apigatewayv2/route:Route": lambda world: st.one_of(
        _objects(
            {
                "apiId": world.apis[0],
                "routeKey": WORDS.map(lambda word: f"GET /{word}"),
                "target": st.sampled_from(world.integrations).map(lambda id_: f"integrations/{id_}"),
            },
            operationName=WORDS,
        ),
        _objects(
            {
                "apiId": world.apis[0],
                "routeKey": WORDS.map(lambda word: f"POST /{word}/{{id}}"),
                "target": f"integrations/{world.integrations[0]}",
                "authorizationType": "JWT",
                "authorizerId": world.authorizer,
            },
            authorizationScopes=st.just(["orders"]),
        ),
    ),
    "aws:apigatewayv2/stage:Stage": lambda world: _objects(
        {"apiId": st.sampled_from(world.apis), "name": st.sampled_from(["$default", "v1"])},
        autoDeploy=st.booleans(),
        defaultRouteSettings=st.fixed_dictionaries(
            {"throttlingBurstLimit": st.integers(1, 100), "throttlingRateLimit": st.integers(1, 100)}
        ),
        routeSettings=st.just([{"routeKey": "GET /health", "throttlingBurstLimit": 5, "throttlingRateLimit": 5}]),
        accessLogSettings=st.just({"destinationArn": world.group["arn"], "format": "$context.routeKey"}),
        tags=TAGS,
    ),
    "aws:backup/plan:Plan": lambda world: _objects(
        {
            "rules": _objects(
                {"ruleName": WORDS, "targetVaultName": world.vault},
                schedule=st.just("cron(0 3 * * ? *)"),
                lifecycle=st.just({"deleteAfter": 30}),
                startWindow=st.just(120),
            ).map(lambda rule: [rule])
        },
        tags=TAGS,
    ),
    "aws:backup/selection:Selection": lambda world: _objects(
        {
            "planId": world.plan,
            "iamRoleArn": world.role["arn"],
            "resources": _lists("arn:aws:dynamodb:::a", "arn:aws:s3:::b"),
        }
    ),
    "aws:backup/vault:Vault": lambda world: _objects({}, kmsKeyArn=st.sampled_from(world.keys), tags=TAGS),
    "aws:cloudwatch/compositeAlarm:CompositeAlarm": lambda world: _objects(
        {"alarmName": _unique("composite"), "alarmRule": st.sampled_from(["TRUE", "FALSE"])},
        alarmActions=_lists(*world.topics),
        alarmDescription=TEXTS,
        tags=TAGS,
    ),
    "aws:cloudwatch/dashboard:Dashboard": lambda world: _objects(
        {
            "dashboardName": _unique("board"),
            "dashboardBody": TEXTS.map(lambda text: json.dumps({"widgets": [], "t": text})),
        }
    ),
    "aws:cloudwatch/eventArchive:EventArchive": lambda world: _objects(
        {"eventSourceArn": st.just(world.bus["arn"])},
        description=TEXTS,
        eventPattern=st.just(json.dumps({"source": ["shop"]})),
        retentionDays=st.integers(0, 365),
        kmsKeyIdentifier=st.sampled_from(world.keys),
    ),
    "aws:cloudwatch/eventBus:EventBus": lambda world: _objects(
        {},
        description=TEXTS,
        kmsKeyIdentifier=st.sampled_from(world.keys),
        deadLetterConfig=st.just({"arn": world.queues[0]["arn"]}),
        tags=TAGS,
    ),
    "aws:cloudwatch/eventRule:EventRule": lambda world: st.one_of(
        _objects(
            {"scheduleExpression": st.sampled_from(["rate(1 hour)", "cron(0 3 * * ? *)"])}, description=TEXTS, tags=TAGS
        ),
        _objects(
            {"eventPattern": json.dumps({"source": ["aws.states"]})}, state=st.sampled_from(["ENABLED", "DISABLED"])
        ),
    ),
    "aws:cloudwatch/eventTarget:EventTarget": lambda world: _objects(
        {"rule": world.rule, "arn": st.sampled_from(world.topics)},
        input=WORDS.map(json.dumps),
        deadLetterConfig=st.just({"arn": world.queues[0]["arn"]}),
        retryPolicy=st.just({"maximumRetryAttempts": 3, "maximumEventAgeInSeconds": 3600}),
    ),
    "aws:cloudwatch/logDataProtectionPolicy:LogDataProtectionPolicy": lambda world: _objects(
        {"logGroupName": world.group["name"], "policyDocument": TEXTS.map(lambda name: json.dumps({"Name": name}))}
    ),
    "aws:cloudwatch/logGroup:LogGroup": lambda world: _objects(
        {}, retentionInDays=st.sampled_from([1, 7, 365]), kmsKeyId=st.sampled_from(world.keys), tags=TAGS
    ),
    "aws:cloudwatch/logMetricFilter:LogMetricFilter": lambda world: _objects(
        {
            "logGroupName": world.group["name"],
            "pattern": st.sampled_from(["ERROR", "{ $.level = 1 }"]),
            "metricTransformation": _objects(
                {"name": WORDS, "namespace": "Booking", "value": "1"}, defaultValue=st.just("0")
            ),
        }
    ),
    "aws:cloudwatch/logResourcePolicy:LogResourcePolicy": lambda world: _objects(
        {"policyName": _unique("logs"), "policyDocument": _policies(Principal={"Service": "es.amazonaws.com"})}
    ),
    "aws:cloudwatch/metricAlarm:MetricAlarm": _alarm,
    "aws:cognito/resourceServer:ResourceServer": lambda world: _objects(
        {"userPoolId": st.sampled_from(world.pools), "identifier": _unique("api")},
        scopes=st.lists(WORDS, min_size=1, max_size=2, unique=True).map(
            lambda names: [{"scopeName": name, "scopeDescription": f"To {name}"} for name in names]
        ),
    ),
    "aws:cognito/userGroup:UserGroup": lambda world: _objects(
        {"userPoolId": st.sampled_from(world.pools)}, description=TEXTS, precedence=st.integers(0, 9)
    ),
    "aws:cognito/userPool:UserPool": lambda world: _objects(
        {"userPoolTier": "PLUS"},
        accountRecoverySetting=st.just({"recoveryMechanisms": [{"name": "admin_only", "priority": 1}]}),
        adminCreateUserConfig=st.booleans().map(lambda each: {"allowAdminCreateUserOnly": each}),
        autoVerifiedAttributes=st.just(["email"]),
        mfaConfiguration=st.sampled_from(["OFF", "OPTIONAL", "ON"]),
        passwordPolicy=st.integers(8, 20).map(lambda length: {"minimumLength": length, "requireSymbols": True}),
        softwareTokenMfaConfiguration=st.booleans().map(lambda each: {"enabled": each}),
        userAttributeUpdateSettings=st.just({"attributesRequireVerificationBeforeUpdates": ["email"]}),
        usernameAttributes=st.just(["email"]),
        usernameConfiguration=st.booleans().map(lambda each: {"caseSensitive": each}),
        userPoolAddOns=st.just({"advancedSecurityMode": "ENFORCED"}),
        tags=TAGS,
    ),
    "aws:cognito/userPoolClient:UserPoolClient": lambda world: _objects(
        {"userPoolId": st.sampled_from(world.pools)},
        accessTokenValidity=st.integers(5, 60),
        allowedOauthFlows=st.just(["code"]),
        allowedOauthFlowsUserPoolClient=st.booleans(),
        allowedOauthScopes=st.just(["openid"]),
        callbackUrls=WORDS.map(lambda word: [f"https://{word}.example.com/"]),
        enableTokenRevocation=st.booleans(),
        explicitAuthFlows=st.just(["ALLOW_REFRESH_TOKEN_AUTH"]),
        generateSecret=st.booleans(),
        preventUserExistenceErrors=st.sampled_from(["ENABLED", "LEGACY"]),
        supportedIdentityProviders=st.just(["COGNITO"]),
        tokenValidityUnits=st.just({"accessToken": "minutes", "refreshToken": "hours"}),
    ),
    "aws:cognito/userPoolDomain:UserPoolDomain": lambda world: _objects(
        {"domain": _unique("people"), "userPoolId": st.sampled_from(world.pools)},
        managedLoginVersion=st.sampled_from([1, 2]),
    ),
    "aws:dynamodb/table:Table": _table,
    "aws:iam/policy:Policy": lambda world: _objects({"policy": _policies()}, description=TEXTS, tags=TAGS),
    "aws:iam/role:Role": lambda world: _objects(
        {"assumeRolePolicy": st.sampled_from([trust("lambda"), trust("states")])},
        description=TEXTS,
        maxSessionDuration=st.sampled_from([3600, 7200]),
        permissionsBoundary=st.sampled_from(world.policies),
        path=st.sampled_from(["/", "/service/"]),
        tags=TAGS,
    ),
    "aws:iam/rolePolicy:RolePolicy": lambda world: _objects({"role": world.role["name"], "policy": _policies()}),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": lambda world: _objects(
        {"role": world.role["name"], "policyArn": st.sampled_from(world.policies)}
    ),
    "aws:kms/alias:Alias": lambda world: _objects({"targetKeyId": st.sampled_from(world.keys)}),
    "aws:kms/key:Key": lambda world: _objects(
        {},
        description=TEXTS,
        enableKeyRotation=st.booleans(),
        deletionWindowInDays=st.integers(7, 30),
        isEnabled=st.just(True),
        policy=st.just(document({"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*"})),
        tags=TAGS,
    ),
    "aws:kms/keyPolicy:KeyPolicy": lambda world: _objects(
        {
            "keyId": st.just(world.keys[1]),
            "policy": st.sampled_from(["kms:*", "kms:Decrypt"]).map(
                lambda action: document(
                    {"Effect": "Allow", "Principal": "*", "Action": ["kms:PutKeyPolicy", action], "Resource": "*"}
                )
            ),
        }
    ),
    "aws:lambda/alias:Alias": lambda world: _objects(
        {
            "name": _unique("alias"),
            "functionName": world.function["name"],
            "functionVersion": world.function["version"],
        },
        description=TEXTS,
    ),
    "aws:lambda/codeSigningConfig:CodeSigningConfig": lambda world: _objects(
        {
            "allowedPublishers": _lists(*(each["versionArn"] for each in world.profiles)).map(
                lambda arns: {"signingProfileVersionArns": arns}
            )
        },
        policies=st.sampled_from(["Warn", "Enforce"]).map(lambda each: {"untrustedArtifactOnDeployment": each}),
        description=TEXTS,
        tags=TAGS,
    ),
    "aws:lambda/eventSourceMapping:EventSourceMapping": lambda world: st.one_of(
        _objects(
            {"functionName": world.function["name"], "eventSourceArn": world.queues[1]["arn"], "enabled": False},
            batchSize=st.integers(1, 10),
            functionResponseTypes=st.just(["ReportBatchItemFailures"]),
            tags=TAGS,
        ),
        _objects(
            {
                "functionName": st.sampled_from([world.function["arn"], world.function["qualifiedArn"]]),
                "eventSourceArn": world.streamed["streamArn"],
                "startingPosition": "TRIM_HORIZON",
                "enabled": False,
            },
            bisectBatchOnFunctionError=st.booleans(),
            destinationConfig=st.just({"onFailure": {"destinationArn": world.queues[0]["arn"]}}),
            filterCriteria=WORDS.map(lambda word: {"filters": [{"pattern": json.dumps({"eventName": [word]})}]}),
            maximumRetryAttempts=st.integers(0, 10),
            maximumRecordAgeInSeconds=st.integers(60, 3600),
            parallelizationFactor=st.integers(1, 10),
        ),
    ),
    "aws:lambda/function:Function": _function,
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": lambda world: _objects(
        {"functionName": world.function["name"]},
        maximumRetryAttempts=st.integers(0, 2),
        maximumEventAgeInSeconds=st.integers(60, 21600),
        destinationConfig=st.just({"onFailure": {"destination": world.queues[0]["arn"]}}),
    ),
    "aws:lambda/permission:Permission": lambda world: _objects(
        {
            "function": world.function["name"],
            "action": "lambda:InvokeFunction",
            "principal": st.sampled_from(["events.amazonaws.com", "s3.amazonaws.com"]),
        },
        sourceArn=st.just("arn:aws:events:us-east-1:000000000000:rule/some"),
        sourceAccount=st.just("000000000000"),
    ),
    "aws:s3/bucket:Bucket": lambda world: _objects(
        {}, objectLockEnabled=st.booleans(), forceDestroy=st.booleans(), tags=TAGS
    ),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": _lifecycle,
    "aws:s3/bucketLogging:BucketLogging": lambda world: _objects(
        {"bucket": world.bucket, "targetBucket": world.target, "targetPrefix": WORDS.map(lambda word: f"{word}/")}
    ),
    "aws:s3/bucketNotification:BucketNotification": lambda world: st.one_of(
        _objects({"bucket": world.bucket, "eventbridge": True}),
        _objects(
            {
                "bucket": world.bucket,
                "queues": [
                    {"queueArn": world.queues[0]["arn"], "events": ["s3:ObjectCreated:*"], "filterPrefix": "a/"}
                ],
            }
        ),
    ),
    "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration": lambda world: _objects(
        {"bucket": world.locked},
        rule=st.sampled_from(["GOVERNANCE", "COMPLIANCE"]).map(
            lambda mode: {"defaultRetention": {"mode": mode, "days": 1}}
        ),
    ),
    "aws:s3/bucketObjectv2:BucketObjectv2": lambda world: st.one_of(
        _object(world, {}), _object(world, {"serverSideEncryption": "aws:kms", "kmsKeyId": st.sampled_from(world.keys)})
    ),
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": lambda world: _objects(
        {
            "bucket": world.bucket,
            "rule": st.sampled_from(["BucketOwnerEnforced", "ObjectWriter"]).map(
                lambda each: {"objectOwnership": each}
            ),
        }
    ),
    "aws:s3/bucketPolicy:BucketPolicy": lambda world: _objects(
        {
            "bucket": world.bucket,
            "policy": _policies(Effect="Deny", Principal="*", Resource=f"arn:aws:s3:::{world.bucket}/*"),
        }
    ),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": lambda world: _objects(
        {"bucket": world.target},
        blockPublicAcls=st.booleans(),
        blockPublicPolicy=st.booleans(),
        ignorePublicAcls=st.booleans(),
        restrictPublicBuckets=st.booleans(),
    ),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": lambda world: _objects(
        {
            "bucket": world.bucket,
            "rules": st.sampled_from(
                [
                    [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}],
                    [
                        {
                            "applyServerSideEncryptionByDefault": {
                                "sseAlgorithm": "aws:kms",
                                "kmsMasterKeyId": world.keys[0],
                            },
                            "bucketKeyEnabled": True,
                        }
                    ],
                ]
            ),
        }
    ),
    "aws:s3/bucketVersioning:BucketVersioning": lambda world: _objects(
        {
            "bucket": world.bucket,
            "versioningConfiguration": st.sampled_from(["Enabled", "Suspended"]).map(lambda each: {"status": each}),
        }
    ),
    "aws:scheduler/schedule:Schedule": lambda world: _objects(
        {
            "scheduleExpression": st.sampled_from(["rate(1 hour)", "cron(0 3 * * ? *)"]),
            "flexibleTimeWindow": st.sampled_from([{"mode": "OFF"}, {"mode": "FLEXIBLE", "maximumWindowInMinutes": 5}]),
            "target": _objects(
                {"arn": world.function["arn"], "roleArn": world.role["arn"]},
                input=WORDS.map(json.dumps),
                deadLetterConfig=st.just({"arn": world.queues[0]["arn"]}),
                retryPolicy=st.just({"maximumRetryAttempts": 3}),
            ),
        },
        description=TEXTS,
        state=st.sampled_from(["ENABLED", "DISABLED"]),
        scheduleExpressionTimezone=st.sampled_from(["UTC", "Europe/Berlin"]),
    ),
    "aws:sfn/stateMachine:StateMachine": _machine,
    "aws:signer/signingJob:SigningJob": lambda world: _objects(
        {
            "profileName": st.sampled_from([each["name"] for each in world.profiles]),
            "source": st.sampled_from(world.unsigned).map(
                lambda it: {"s3": {"bucket": it["bucket"], "key": it["key"], "version": it["versionId"]}}
            ),
            "destination": {"s3": {"bucket": world.versioned, "prefix": "signed/"}},
        }
    ),
    "aws:signer/signingProfile:SigningProfile": lambda world: _objects(
        {"platformId": "AWSLambda-SHA384-ECDSA", "namePrefix": WORDS.map(lambda word: f"{word}_")},
        signatureValidityPeriod=st.just({"type": "MONTHS", "value": 12}),
        tags=TAGS,
    ),
    "aws:sns/topic:Topic": lambda world: _objects(
        {}, displayName=WORDS, kmsMasterKeyId=st.sampled_from(world.keys), tags=TAGS
    ),
    "aws:sns/topicPolicy:TopicPolicy": lambda world: _objects(
        {
            "arn": world.topics[0],
            "policy": st.sampled_from(["events", "cloudwatch"]).map(
                lambda service: document(
                    {
                        "Sid": service,
                        "Effect": "Allow",
                        "Principal": {"Service": f"{service}.amazonaws.com"},
                        "Action": "sns:Publish",
                        "Resource": world.topics[0],
                    }
                )
            ),
        }
    ),
    "aws:sns/topicSubscription:TopicSubscription": lambda world: st.one_of(
        _objects({"topic": world.topics[0], "protocol": "email", "endpoint": "team@example.com"}),
        _objects(
            {"topic": world.topics[1], "protocol": "sqs", "endpoint": world.queues[0]["arn"]},
            rawMessageDelivery=st.booleans(),
        ),
    ),
    "aws:sqs/queue:Queue": lambda world: _objects(
        {},
        delaySeconds=st.integers(0, 900),
        messageRetentionSeconds=st.integers(60, 1209600),
        visibilityTimeoutSeconds=st.integers(0, 43200),
        receiveWaitTimeSeconds=st.integers(0, 20),
        kmsMasterKeyId=st.sampled_from(world.keys),
        redrivePolicy=st.just(json.dumps({"deadLetterTargetArn": world.queues[0]["arn"], "maxReceiveCount": 3})),
        tags=TAGS,
    ),
    "aws:sqs/queuePolicy:QueuePolicy": lambda world: _objects(
        {
            "queueUrl": world.queues[0]["url"],
            "policy": st.sampled_from(["sqs:SendMessage", "sqs:ReceiveMessage"]).map(
                lambda action: document(
                    {
                        "Effect": "Deny",
                        "Principal": "*",
                        "Action": action,
                        "Resource": world.queues[0]["arn"],
                        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                    }
                )
            ),
        }
    ),
    "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy": lambda world: _objects(
        {
            "queueUrl": world.queues[0]["url"],
            "redriveAllowPolicy": st.sampled_from(["allowAll", "denyAll"]).map(
                lambda each: json.dumps({"redrivePermission": each})
            ),
        }
    ),
}
