"""Hand-written valid definitions that use every feature of the States Language; `check` reports nothing about them."""

from typing import Any, Final

from tests.workflow.defects import (
    FUNCTION,
    branches,
    calls,
    distributed_map,
    ends,
    jsonata,
    machine,
    map_machine,
    rule,
    task,
)


def iterator_map(**fields: Any) -> Any:
    """Return a machine with a Map that uses Iterator, the older name of ItemProcessor."""
    return machine({"A": {"Type": "Map", "Iterator": machine({"I": ends()}, **fields), "End": True}})


_TOKEN = {"FunctionName": "f", "Payload": {"token.$": "$$.Task.Token"}}
_COMPARED = {"String": "a", "Numeric": 1.5, "Timestamp": "2026-01-31T12:00:00Z"}
_ORDERS = ("Equals", "LessThan", "GreaterThan", "LessThanEquals", "GreaterThanEquals")

OPERATORS: Final[dict[str, Any]] = {
    **{f"{kind}{order}": value for kind, value in _COMPARED.items() for order in _ORDERS},
    **{f"{kind}{order}Path": "$.other" for kind in _COMPARED for order in _ORDERS},
    "BooleanEquals": True,
    "BooleanEqualsPath": "$.other",
    "StringMatches": "log-*.txt",
    **dict.fromkeys(("IsNull", "IsPresent", "IsNumeric", "IsString", "IsBoolean", "IsTimestamp"), False),
}

INTRINSICS: Final = (
    "States.Format('Hello {}, it\\'s {}', $.name, $$.State.Name)",
    "States.StringToJson($.text)",
    "States.JsonToString($)",
    "States.Array(1, 'two', $.three, null, true)",
    "States.ArrayPartition($.list, 4)",
    "States.ArrayContains($.list, 5)",
    "States.ArrayRange(1, 9, 2)",
    "States.ArrayGetItem($.list, 0)",
    "States.ArrayLength($.list)",
    "States.ArrayUnique($.list)",
    "States.Base64Encode($.text)",
    "States.Base64Decode('aGVsbG8=')",
    "States.Hash($.text, 'SHA-256')",
    "States.JsonMerge($.left, $.right, false)",
    "States.MathRandom(1, 999, 7)",
    "States.MathAdd($.n, -1)",
    "States.StringSplit('1,2', ',')",
    "States.UUID()",
    "States.ArrayGetItem(States.StringSplit(States.Format('{}/{}', $.a, $.b), '/'), 1)",
    'States.StringToJson(States.Format(\'\\{"id": "{}"\\}\', $.id))',
    "States.Format($.template, $.a)",
    "States.Format('{} and a \\\\ backslash', $.a)",
)

PATHS: Final = (
    "$",
    "$$",
    "$.order.lines[0].sku",
    "$['order']['the lines']",
    "$.order-id",
    "$.lines[-1]",
    "$.lines[0,2]",
    "$.lines[1:3]",
    "$.lines[*].sku",
    "$..sku",
    "$.lines[?(@.price > 10 && @.sku != 'x')].sku",
    "$.lines[?(@.tags contains 'new')]",
    "$.lines.length()",
    "$$.Execution.Input.order",
    "$$.Map.Item.Value",
    "$.größe",
    "$.[*].['bucket', 'key']",
    "$.*",
    "$.invoice.@currency",
    "$.tags.aws:stack",
    "$.document._id.$oid",
    "$.node.#text",
    "$.lines[?(@.path =~ /a\\/b.*/i)]",
    "$.lines[?(!@.gone)][0]",
)

EXPRESSIONS: Final = (
    "$states.input.order.lines[sku = 'a'].price",
    "$sum($states.input.lines.(price * quantity))",
    "$map($states.input.lines, function($line, $i) { $line.sku & '-' & $i })",
    "( $total := $sum($states.input.prices); $total > 100 ? 'large' : 'small' )",
    "$states.input.lines^(>price)[0]",
    "$states.input.lines{sku: $sum(quantity)}",
    "$states.input ~> |lines|{'checked': true}|",
    "$states.context.Execution.Name",
    "[1..5].($ * 2)",
    "$partition([1..9], 3)",
    "$parse('{\"a\": 1}').a",
    "$hash('text', 'SHA-256')",
    "$exists($states.input.maybe)",
    "$states.input.**.id",
    "$fromMillis($millis())",
    "$reduce([1..4], function($a, $b) { $a + $b })",
    "$states.input.lines[price > 3 and $contains(sku, /^a/i)]",
    "($f := function($n) { $n <= 1 ? 1 : $n * $f($n - 1) }; $f(5))",
    "$sort($states.input.lines, function($l, $r) { $l.price > $r.price })",
    "$states.input.a ? $states.input.a : null",
    "$lookup($states.input, 'key with space')",
    "$states.input.`key with space`",
    "$single($states.input.lines, function($l) { $l.sku = 'a' })",
    "$merge([$states.input, {'seen': true}])",
    '/* why: it\'s "quoted" */ $states.input.a /* ?? */',
    "$states.input.lines@$l.gifts@$g[$l.sku = $g.sku].{'sku': $l.sku}",
    "$states.input.lines#$i[$i > 2].{'place': $i}",
    "$states.input.lines.{'order': %.name}",
    "$map($states.input.names, $uppercase) ~> $join('?:')",
    "$replace($states.input.text, /(?:a)(\\d+)??/, '$1')",
)

_RETRY = [
    {
        "ErrorEquals": ["Lambda.TooManyRequestsException", "States.Timeout"],
        "IntervalSeconds": 1,
        "MaxAttempts": 0,
        "BackoffRate": 1.5,
        "MaxDelaySeconds": 20,
        "JitterStrategy": "FULL",
        "Comment": "why",
    },
    {"ErrorEquals": ["States.TaskFailed"], "BackoffRate": 1},
    {"ErrorEquals": ["States.ALL"]},
]
_READER = {
    "Resource": "arn:aws:states:::s3:getObject",
    "ReaderConfig": {"InputType": "CSV", "CSVHeaderLocation": "GIVEN", "CSVHeaders": ["a", "b"], "MaxItems": 10},
    "Parameters": {"Bucket.$": "$.bucket", "Key": "items.csv"},
}
_WRITER = {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "b", "Prefix": "p"}}

SOUND: Final[dict[str, Any]] = {
    "every operator": machine(
        {
            "A": {
                "Type": "Choice",
                "Choices": [
                    *({"Variable": "$.x", name: value, "Next": "B"} for name, value in OPERATORS.items()),
                    {
                        "And": [
                            {"Variable": "$.x", "IsNull": True},
                            {"Not": {"Or": [{"Variable": "$$.State.Name", "IsString": True}]}},
                        ],
                        "Next": "B",
                        "Comment": "c",
                        "Assign": {"y.$": "$.x"},
                    },
                ],
                "Default": "B",
            },
            "B": {"Type": "Succeed", "InputPath": None, "OutputPath": "$.x"},
        }
    ),
    "every intrinsic": machine({"A": ends(Parameters={f"p{n}.$": text for n, text in enumerate(INTRINSICS)})}),
    "every kind of path": map_machine(
        machine({"I": ends(Parameters={f"p{n}.$": text for n, text in enumerate(PATHS)})})
    ),
    "every kind of expression": jsonata(
        {"A": ends(Output={f"p{n}": f"{{% {text} %}}" for n, text in enumerate(EXPRESSIONS)})}
    ),
    "a retrier that names errors and all of their kind": machine(
        {"A": task(Retry=[{"ErrorEquals": ["States.TaskFailed", "Custom.Error", "States.Timeout"]}])}
    ),
    "a choice without default": machine(
        {"A": {"Type": "Choice", "Choices": [{"Variable": "$.x", "IsNull": True, "Next": "B"}]}, "B": ends()}
    ),
    "data flow by paths": machine(
        {
            "A": {
                "Type": "Task",
                "Resource": FUNCTION,
                "Comment": "c",
                "InputPath": "$.in",
                "Parameters": {"a.$": "$.b", "c": {"d": [{"e.$": "$$.Execution.Id"}]}},
                "ResultSelector": {"x.$": "$.y"},
                "ResultPath": "$.out['the result']",
                "OutputPath": "$.out",
                "TimeoutSecondsPath": "$.limit",
                "HeartbeatSecondsPath": "$.beat",
                "Credentials": {"RoleArn.$": "$.role"},
                "Assign": {"seen.$": "$.y", "fixed": 3},
                "Retry": _RETRY,
                "Catch": [
                    {"ErrorEquals": ["E"], "Next": "B", "ResultPath": None, "Assign": {"seen": {"id": 0}}},
                    {
                        "ErrorEquals": ["States.ALL"],
                        "Next": "B",
                        "ResultPath": "$.error",
                        "Assign": {"error.$": "$.Cause", "seen": {"id": 0}},
                    },
                ],
                "Next": "B",
            },
            "B": ends(Parameters={"seen.$": "$seen.id"}, ResultPath=None, OutputPath=None),
        },
        Comment="c",
        Version="1.0",
        TimeoutSeconds=300,
        QueryLanguage="JSONPath",
    ),
    "data flow by expressions": jsonata(
        {
            "A": {
                "Type": "Task",
                "Resource": "arn:aws:states:::lambda:invoke",
                "Arguments": {"FunctionName": "f", "Payload": "{% $states.input %}"},
                "TimeoutSeconds": "{% $states.input.limit %}",
                "HeartbeatSeconds": 3,
                "Output": {"x": "{% $states.result.Payload.x %}", "literal": True, "price": "$ 3", "percent": "50 %"},
                "Assign": {"x": "{% $states.result.Payload.x %}", "größe": 1},
                "Retry": _RETRY,
                "Catch": [
                    {
                        "ErrorEquals": ["States.ALL"],
                        "Next": "C",
                        "Output": "{% $states.errorOutput.Cause %}",
                        "Assign": {"e": "{% $states.errorOutput %}"},
                    }
                ],
                "Next": "B",
            },
            "B": {
                "Type": "Choice",
                "Choices": [
                    {"Condition": True, "Next": "C"},
                    {
                        "Condition": "{% $x > 3 and $states.input.y %}",
                        "Next": "C",
                        "Output": "{% $x %}",
                        "Assign": {"z": "{% $x + 1 %}"},
                    },
                ],
                "Default": "D",
                "Output": "{% $x %}",
                "Assign": {"z": 0},
            },
            "C": {"Type": "Fail", "Error": "{% 'E' & $string($states.input) %}", "Cause": "c"},
            "D": {"Type": "Wait", "Seconds": "{% $x %}", "Output": True, "Next": "E"},
            "E": {"Type": "Wait", "Timestamp": "2026-01-31T12:00:00.5+01:00", "Next": "F"},
            "F": {"Type": "Succeed", "Output": "{% $z %}"},
        }
    ),
    "a loop": jsonata(
        {
            "A": {"Type": "Pass", "Assign": {"n": 0}, "Next": "B"},
            "B": {"Type": "Pass", "Assign": {"n": "{% $n + 1 %}"}, "Next": "C"},
            "C": {"Type": "Choice", "Choices": [{"Condition": "{% $n < 3 %}", "Next": "B"}], "Default": "D"},
            "D": {"Type": "Succeed"},
        }
    ),
    "one state in JSONata": machine(
        {
            "A": {"Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% $states.input %}", "Next": "B"},
            "B": ends(InputPath="$.x"),
        }
    ),
    "an inline map": map_machine(
        ItemsPath="$.items",
        MaxConcurrencyPath="$.most",
        ItemSelector={"v.$": "$$.Map.Item.Value", "i.$": "$$.Map.Item.Index"},
        ResultSelector={"all.$": "$"},
        Retry=_RETRY,
    ),
    "a map with Iterator": machine(
        {
            "A": {
                "Type": "Map",
                "Iterator": machine({"I": ends()}),
                "Parameters": {"v.$": "$$.Map.Item.Value"},
                "MaxConcurrency": 0,
                "End": True,
            }
        }
    ),
    "a map with Mode INLINE": map_machine(machine({"I": ends()}, ProcessorConfig={"Mode": "INLINE"})),
    "a distributed map": distributed_map(
        "EXPRESS",
        ItemReader=_READER,
        ResultWriter=_WRITER,
        ItemBatcher={"MaxItemsPerBatch": 10, "MaxInputBytesPerBatch": 1000, "BatchInput": {"x.$": "$.x"}},
        ToleratedFailureCount=3,
        ToleratedFailurePercentage=12.5,
        Label="items",
        MaxConcurrency=1000,
    ),
    "a map of literal items": jsonata(
        {
            "A": {
                "Type": "Map",
                "Items": [1, "{% $states.input.x %}"],
                "ItemProcessor": machine({"I": ends(Output="{% $states.input %}")}),
                "End": True,
            }
        }
    ),
    "a map of an object": jsonata(distributed_map(Items={"a": 1})["States"]),
    "inner variables that are free": jsonata(
        {
            "A": {
                "Type": "Parallel",
                "Branches": [machine({"B": ends(Assign={"x": 1, "größe": 2})}), machine({"C": ends(Assign={"x": 1})})],
                "Assign": {"x": "{% $states.result %}"},
                "Catch": [{"ErrorEquals": ["States.ALL"], "Assign": {"größe": 0}, "Next": "D"}],
                "Next": "D",
            },
            "D": ends(Output="{% $exists($x) ? $x[0] : null %}"),
        }
    ),
    "nested scopes that read outer variables": jsonata(
        {
            "A": {"Type": "Pass", "Assign": {"x": 1}, "Next": "B"},
            "B": {
                "Type": "Parallel",
                "Arguments": {"y": "{% $x %}"},
                "Branches": [
                    machine({"C": ends(Output="{% $x %}", Assign={"inner": 1})}),
                    machine(
                        {
                            "D": {
                                "Type": "Map",
                                "Items": "{% [1..3] %}",
                                "ItemProcessor": machine({"E": ends(Output="{% $x %}")}),
                                "End": True,
                            }
                        }
                    ),
                ],
                "Output": "{% $states.result[0] %}",
                "End": True,
            },
        }
    ),
    "all patterns of integration": branches(
        machine(
            {"B": calls("lambda:invoke.waitForTaskToken", Parameters=_TOKEN, TimeoutSeconds=60, HeartbeatSeconds=10)}
        ),
        machine(
            {
                "C": calls(
                    "states:startExecution.sync:2",
                    Parameters={
                        "StateMachineArn": "arn",
                        "Input": {"AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID.$": "$$.Execution.Id"},
                    },
                )
            }
        ),
        machine({"D": calls("ecs:runTask.sync", Parameters={"TaskDefinition": "t", "Cluster": "c"})}),
        machine({"E": calls("aws-sdk:dynamodb:query", Parameters={"TableName": "t"})}),
        machine({"F": calls("aws-sdk:rds:describeDBInstances", Parameters={})}),
        machine({"M": calls("aws-sdk:qldb:describeLedger", Parameters={"Name": "l"})}),
        machine({"G": calls("aws-sdk:sfn:startExecution", Parameters={"StateMachineArn": "arn"})}),
        machine({"H": calls("dynamodb:putItem", Parameters={"TableName": "t", "Item": {"pk": {"S.$": "$.id"}}})}),
        machine(
            {
                "I": calls(
                    "events:putEvents",
                    Parameters={
                        "Entries": [{"Detail": {"x.$": "$.x"}, "DetailType": "t", "EventBusName": "b", "Source": "s"}]
                    },
                )
            }
        ),
        machine(
            {
                "J": calls(
                    "http:invoke",
                    Parameters={
                        "ApiEndpoint": "https://example.com",
                        "Method": "GET",
                        "Authentication": {"ConnectionArn": "arn"},
                    },
                )
            }
        ),
        machine({"K": task(Resource="arn:aws:states:eu-central-1:123456789012:activity:work", HeartbeatSeconds=5)}),
        machine({"L": task(Resource="arn:aws-cn:lambda:cn-north-1:123456789012:function:work:live")}),
    ),
    "a distributed map with Iterator": iterator_map(
        ProcessorConfig={"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
    ),
    "a distributed map of a list of objects": distributed_map(
        ItemReader={
            "Resource": "arn:aws:states:::s3:listObjectsV2",
            "Parameters": {"Bucket.$": "$.bucket", "Prefix": "in/"},
            "ReaderConfig": {"MaxItemsPath": "$.most"},
        },
        ItemBatcher={"MaxItemsPerBatchPath": "$$.Execution.Input.size"},
        ResultWriter={"WriterConfig": {"Transformation": "FLATTEN", "OutputType": "JSONL"}},
        MaxConcurrency=9_223_372_036_854_775_807,
        ToleratedFailureCountPath="$.bad",
    ),
    "a distributed map in JSONata": jsonata(
        distributed_map(
            ItemReader={
                "Resource": "arn:aws:states:::s3:getObject",
                "Arguments": "{% $states.input.source %}",
                "ReaderConfig": {"InputType": "JSONL", "MaxItems": "{% $states.input.most %}"},
            },
            ItemSelector={"order": "{% $states.context.Map.Item.Value %}", "fixed": [1, None]},
            ResultWriter={"Resource": "arn:aws:states:::s3:putObject", "Arguments": "{% $states.input.target %}"},
            MaxConcurrency="{% $states.input.at_once %}",
            ToleratedFailurePercentage="{% $states.input.bad %}",
        )["States"]
    ),
    "errors of AWS and custom errors": machine(
        {
            "A": task(
                Retry=[{"ErrorEquals": ["States.Http.StatusCode.429", "Lambda.Unknown", "Stock.Gone", "{% x %}"]}],
                Catch=[{"ErrorEquals": ["States.DataLimitExceeded"], "Next": "B", "ResultPath": "$['the error'][0]"}],
            ),
            "B": ends(),
        }
    ),
    "references of CloudFormation": machine(
        {"A": task(Resource={"Fn::GetAtt": ["Work", "Arn"]}, TimeoutSeconds={"Ref": "Limit"})}
    ),
    "placeholders of templates": machine(
        {
            "A": {"Type": "Task", "Resource": "${WorkArn}", "TimeoutSeconds": "${Limit}", "Next": "B"},
            "B": calls(
                "sqs:sendMessage",
                Parameters={"QueueUrl": "${Queue}", "MessageBody.$": "$"},
                Resource="arn:${AWS::Partition}:states:::sqs:sendMessage",
            ),
        }
    ),
    "names of any characters": machine({"größe / ~1 🙂": {"Type": "Pass", "Next": "n" * 80}, "n" * 80: ends()}),
    "a rule with an absolute time": rule(
        Variable="$.when", TimestampGreaterThanEquals="2026-01-31T12:00:00.000+02:00", Next="B"
    ),
}
