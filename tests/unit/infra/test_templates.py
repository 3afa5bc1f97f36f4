"""What must never vanish from the templates, and the one name a state has everywhere."""

from __future__ import annotations

import importlib
import inspect
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from sagemaker import image_uris
from samtranslator.yaml_helper import yaml_parse

from lambdas.predict.paths import OPEN, PATHS
from local.cloudformation.intrinsics import references
from steps import errors

PROJECT = Path(__file__).parents[3]
CHILDREN = sorted((PROJECT / "infra/sam").glob("*.yaml"))
ROOT = yaml_parse((PROJECT / "template.yaml").read_text())
# Definition -> the template and the logical id of its state machine.
MACHINES = {
    "release": ("workflow", "ReleaseStateMachine"),
    "batch_predict": ("batch", "BatchStateMachine"),
}
DEFINITIONS = {name: (PROJECT / f"workflows/{name}.asl.json").read_text() for name in MACHINES}
EACH_DEFINITION = pytest.mark.parametrize("definition", MACHINES)


def child(name: str) -> dict[str, Any]:
    parsed: dict[str, Any] = yaml_parse((PROJECT / f"infra/sam/{name}.yaml").read_text())
    return parsed


def functions() -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Logical id, resource and its template, of every function."""
    for path in CHILDREN:
        template = child(path.stem)
        for name, resource in template["Resources"].items():
            if resource["Type"] == "AWS::Serverless::Function":
                yield name, resource, template


FUNCTIONS = [pytest.param(resource, template, id=name) for name, resource, template in functions()]


def handler_module(resource: dict[str, Any]) -> str:
    return str(resource["Properties"]["Handler"]).rpartition(".")[0]


def machine_of(definition: str) -> dict[str, Any]:
    """Properties of the state machine with a definition."""
    template, name = MACHINES[definition]
    properties: dict[str, Any] = child(template)["Resources"][name]["Properties"]
    return properties


@EACH_DEFINITION
def test_every_token_of_a_definition_is_filled_in_and_no_other(definition: str) -> None:
    tokens = set(re.findall(r"\$\{(\w+)\}", DEFINITIONS[definition]))
    machine = machine_of(definition)
    assert machine["DefinitionUri"] == f"../../workflows/{definition}.asl.json"
    assert set(machine["DefinitionSubstitutions"]) == tokens


def test_every_child_hands_the_stacks_tag_on_to_what_is_in_it() -> None:
    for name, resource in ROOT["Resources"].items():
        assert resource["Properties"]["Tags"] == {"greenlight:stack": {"Ref": "AWS::StackName"}}, name


@EACH_DEFINITION
def test_every_state_behind_a_function_has_its_folder_and_its_function(definition: str) -> None:
    states = re.findall(r"\$\{(\w+)FunctionArn\}", DEFINITIONS[definition])
    known = {name for name, _, _ in functions()}
    for state in states:
        folder = re.sub(r"(?<!^)(?=[A-Z])", "_", state).lower()
        assert f"{state}Function" in known
        assert (PROJECT / "lambdas" / folder / "handler.py").is_file()


@EACH_DEFINITION
def test_every_own_error_a_definition_names_is_a_class(definition: str) -> None:
    named = {
        name
        for state in json.loads(DEFINITIONS[definition])["States"].values()
        for rule in [*state.get("Retry", []), *state.get("Catch", [])]
        for name in rule["ErrorEquals"]
        if "." not in name
    }
    assert named <= {name for name, member in vars(errors).items() if inspect.isclass(member)}


@pytest.mark.parametrize(("resource", "template"), FUNCTIONS)
def test_a_function_finds_its_handler_in_the_folders_it_packs(
    resource: dict[str, Any], template: dict[str, Any]
) -> None:
    module = importlib.import_module(handler_module(resource))
    assert callable(module.handler)
    assert {"lambdas", "steps"} <= set(resource["Metadata"]["Package"])
    assert template["Globals"]["Function"]["CodeUri"] == "../../"


@pytest.mark.parametrize(("resource", "template"), FUNCTIONS)
def test_a_function_is_given_the_environment_it_asks_for(resource: dict[str, Any], template: dict[str, Any]) -> None:
    module = importlib.import_module(handler_module(resource))
    if not hasattr(module, "settings"):
        return
    settings = inspect.signature(module.settings, eval_str=True).return_annotation
    assert issubclass(settings, BaseModel)
    shared = template["Globals"]["Function"]["Environment"]["Variables"]
    own = resource["Properties"].get("Environment", {}).get("Variables", {})
    required = {name.upper() for name, field in settings.model_fields.items() if field.is_required()}
    # Lambda itself sets the region.
    assert required - {"AWS_REGION"} <= {*shared, *own}


@pytest.mark.parametrize(("resource", "template"), FUNCTIONS)
def test_a_function_ends_before_the_state_that_calls_it(resource: dict[str, Any], template: dict[str, Any]) -> None:
    timeout = resource["Properties"].get("Timeout") or template["Globals"]["Function"]["Timeout"]
    if "publish_code" in resource["Properties"]["Handler"]:
        return  # CloudFormation waits for this one, for ServiceTimeout
    state_timeouts = [
        state["TimeoutSeconds"]
        for text in DEFINITIONS.values()
        for state in json.loads(text)["States"].values()
        if "FunctionArn" in str(state.get("Resource"))
    ]
    assert timeout < min(state_timeouts)


@pytest.mark.parametrize("path", CHILDREN, ids=lambda path: path.stem)
def test_every_permission_for_all_resources_has_its_reason_beside_it(path: Path) -> None:
    wide = [line for line in path.read_text().splitlines() if re.search(r'Resource: "\*"', line)]
    assert all(re.search(r"# \w+", line) for line in wide)


def test_the_data_outlives_the_stack_and_is_private_encrypted_and_versioned() -> None:
    storage = child("storage")["Resources"]
    for name in ("ArtifactBucket", "ReleaseTable"):
        assert storage[name]["DeletionPolicy"] == storage[name]["UpdateReplacePolicy"] == "Retain"
    bucket = storage["ArtifactBucket"]["Properties"]
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert bucket["VersioningConfiguration"]["Status"] == "Enabled"
    assert "ServerSideEncryptionConfiguration" in bucket["BucketEncryption"]
    assert storage["ReleaseTable"]["Properties"]["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"]
    [tls_only] = storage["ArtifactBucketPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    assert (tls_only["Effect"], tls_only["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})


def test_nothing_that_a_live_version_serves_from_ever_expires() -> None:
    rules = child("storage")["Resources"]["ArtifactBucket"]["Properties"]["LifecycleConfiguration"]["Rules"]
    expiring = [rule for rule in rules if "ExpirationInDays" in rule or "ExpirationDate" in rule]
    assert [rule["Prefix"] for rule in expiring] == ["batches/"]


def test_a_route_asks_for_a_signed_request_unless_it_is_an_approval_page() -> None:
    templates = [child(path.stem) for path in CHILDREN]
    apis = {
        name: resource["Properties"]
        for template in templates
        for name, resource in template["Resources"].items()
        if resource["Type"] == "AWS::Serverless::HttpApi"
    }
    # The prediction API's routes are written out: the next test is about them.
    apis.pop("PredictionApi")
    assert apis
    assert {api["Auth"]["DefaultAuthorizer"] for api in apis.values()} == {"AWS_IAM"}
    routes = [
        event["Properties"]
        for _, resource, _ in functions()
        for event in resource["Properties"].get("Events", {}).values()
        if event["Type"] == "HttpApi"
    ]
    open_ones = {route["Path"] for route in routes if "Auth" in route}
    names = {"", "/report", "/trial"}
    assert open_ones == {f"/approvals/{{approval_id}}{name}" for name in names}


def prediction_routes() -> dict[str, dict[str, Any]]:
    """The prediction API's routes by path, each for any method."""
    body = child("serving")["Resources"]["PredictionApi"]["Properties"]["DefinitionBody"]
    scheme = {"type": "apiKey", "name": "Authorization", "in": "header", "x-amazon-apigateway-authtype": "awsSigv4"}
    assert body["components"]["securitySchemes"] == {"AWS_IAM": scheme}
    routes: dict[str, dict[str, Any]] = {}
    for path, methods in body["paths"].items():
        assert set(methods) == {"x-amazon-apigateway-any-method"}
        routes[path] = methods["x-amazon-apigateway-any-method"]
    return routes


def test_every_route_of_the_prediction_api_asks_for_a_signature_unless_there_are_keys() -> None:
    closed = {"Fn::If": ["AsksForKey", [], [{"AWS_IAM": []}]]}
    routes = prediction_routes()
    assert {path for path, route in routes.items() if route["security"] != closed} == OPEN == {"/health"}
    serving = child("serving")
    assert serving["Conditions"] == {"AsksForKey": {"Fn::Equals": [{"Ref": "ApiAccess"}, "API_KEY"]}}
    function = serving["Resources"]["PredictFunction"]["Properties"]
    assert function["Environment"]["Variables"]["API_ACCESS"] == {"Ref": "ApiAccess"}


def test_the_prediction_api_is_closed_unless_somebody_says_otherwise() -> None:
    assert ROOT["Parameters"]["ApiAccess"]["Default"] == "IAM"
    assert ROOT["Parameters"]["ApiAccess"]["AllowedValues"] == ["IAM", "API_KEY"]


def test_the_prediction_api_has_the_addresses_that_its_function_answers() -> None:
    routes = prediction_routes()
    assert set(routes) == {*PATHS, "/$default"}
    assert routes["/$default"]["isDefaultRoute"] is True
    integrations = [route["x-amazon-apigateway-integration"] for route in routes.values()]
    assert all(each == integrations[0] for each in integrations)
    assert integrations[0]["uri"]["Fn::Sub"][1] == {"Function": {"Ref": "PredictFunction.Alias"}}


def test_no_other_api_may_ask_the_function_behind_the_prediction_api() -> None:
    permission = child("serving")["Resources"]["PredictionApiMayAsk"]["Properties"]
    assert permission["SourceArn"]["Fn::Sub"].endswith(":${PredictionApi}/*")
    assert permission["Principal"] == "apigateway.amazonaws.com"


def test_the_page_may_answer_the_state_machine_that_is_deployed_and_no_other() -> None:
    machine = child("workflow")["Resources"]["ReleaseStateMachine"]["Properties"]["Name"]
    statements = child("approval")["Resources"]["DecideApprovalFunction"]["Properties"]["Policies"][0]["Statement"]
    [answer] = [statement for statement in statements if statement["Action"] == "states:SendTaskSuccess"]
    assert answer["Resource"]["Fn::Sub"].endswith(f":stateMachine:{machine['Fn::Sub']}")


@pytest.mark.parametrize("resource", ROOT["Resources"].values(), ids=list(ROOT["Resources"]))
def test_a_child_is_given_exactly_the_parameters_it_has(resource: dict[str, Any]) -> None:
    given = resource["Properties"]
    declared = yaml_parse((PROJECT / given["Location"]).read_text()).get("Parameters", {})
    required = {name for name, parameter in declared.items() if "Default" not in parameter}
    assert required <= set(given.get("Parameters", {})) <= set(declared)


@pytest.mark.parametrize("resource", ROOT["Resources"].values(), ids=list(ROOT["Resources"]))
def test_what_the_root_takes_from_a_child_is_an_output_of_it(resource: dict[str, Any]) -> None:
    names = {f"{name}.Outputs" for name in ROOT["Resources"]}
    for value in resource["Properties"].get("Parameters", {}).values():
        source = value.get("Fn::GetAtt") if isinstance(value, dict) else None
        if source is None:
            continue
        stack, _, output = ".".join(source).partition(".Outputs.")
        assert f"{stack}.Outputs" in names
        location = ROOT["Resources"][stack]["Properties"]["Location"]
        assert output in yaml_parse((PROJECT / location).read_text())["Outputs"]


def test_every_parameter_says_what_it_is() -> None:
    for template in (ROOT, *(child(path.stem) for path in CHILDREN)):
        assert all(parameter.get("Description") for parameter in template.get("Parameters", {}).values())


def test_the_rule_about_regions_lists_those_that_have_an_image_account() -> None:
    assertion = ROOT["Rules"]["RegionHasImages"]["Assertions"][0]["Assert"]
    mappings = child("workflow")["Mappings"]
    assert assertion["Fn::Contains"][0] == list(mappings["TensorFlowImages"]) == list(mappings["TableImages"])


@pytest.mark.parametrize(
    ("mapping", "framework", "version", "repository"),
    [
        ("TensorFlowImages", "tensorflow", "2.19.0", "tensorflow-training:2.19.0-cpu-py312"),
        ("TableImages", "sklearn", "1.4-2", "sagemaker-scikit-learn:1.4-2-cpu-py3"),
        ("TableImages", "xgboost", "3.0-5", "sagemaker-xgboost:3.0-5"),
    ],
)
def test_images_lie_where_the_sagemaker_sdk_finds_them(
    mapping: str, framework: str, version: str, repository: str
) -> None:
    for region, entry in child("workflow")["Mappings"][mapping].items():
        if entry["Account"] == "none":
            with pytest.raises((ValueError, KeyError), match=region):
                sdk_image(framework, version, region)
        else:
            account, _, name = sdk_image(framework, version, region).partition(".dkr.ecr.")
            assert (region, account, name.rpartition("/")[2]) == (region, entry["Account"], repository)
    assert f"/{repository}" in (PROJECT / "infra/sam/workflow.yaml").read_text()


def sdk_image(framework: str, version: str, region: str) -> str:
    """URI of the CPU image for training; raises ValueError where there is none."""
    given = {"py_version": "py312"} if framework == "tensorflow" else {}
    image: str = image_uris.retrieve(
        framework, region, version=version, instance_type="ml.m5.xlarge", image_scope="training", **given
    )
    return image


def settings_of_root() -> set[str]:
    """The root's parameters that decide whether the functions are published anew."""
    joined = ROOT["Resources"]["Training"]["Properties"]["Parameters"]["Settings"]["Fn::Join"]
    assert joined[0] == " "
    names = [re.fullmatch(r"(\w+)=\$\{(\w+)\}", entry["Fn::Sub"]) for entry in joined[1]]
    assert all(match and match[1] == match[2] for match in names)
    return {match[1] for match in names if match}


def used_by_functions(template: dict[str, Any]) -> set[str]:
    """A child's parameters that its functions refer to."""
    functions = [each for each in template["Resources"].values() if each["Type"] == "AWS::Serverless::Function"]
    if not functions:
        return set()
    conditions = template.get("Conditions", {})
    used = set(references([functions, template.get("Globals", {})]))
    # What a function takes only if a condition holds follows from the condition's parameters too.
    return used | set(references([conditions[name] for name in conditions if name in json.dumps(functions)]))


@pytest.mark.parametrize("name", ROOT["Parameters"])
def test_a_setting_that_reaches_a_function_publishes_it_anew(name: str) -> None:
    reaches = [
        stack
        for stack, resource in ROOT["Resources"].items()
        for parameter, value in resource["Properties"].get("Parameters", {}).items()
        if parameter != "Settings" and name in set(references(value))
        if parameter in used_by_functions(yaml_parse((PROJECT / resource["Properties"]["Location"]).read_text()))
    ]
    assert (name in settings_of_root()) == bool(reaches)


@pytest.mark.parametrize(("resource", "template"), FUNCTIONS)
def test_a_function_is_published_with_every_deployment_that_changes_anything(
    resource: dict[str, Any], template: dict[str, Any]
) -> None:
    properties = template["Globals"]["Function"] | resource["Properties"]
    assert properties["AutoPublishAlias"] == "live"
    if "publish_code" in properties["Handler"]:
        # It gives the deployment its name, from all that decides what is deployed.
        packed = {"lambdas", "steps", "training", "serving", "recipes", "workflows", "infra", "template.yaml"}
        assert packed <= set(resource["Metadata"]["Package"])
        # One left by a deployment that was rolled back would stop the next attempt.
        assert properties["VersionDeletionPolicy"] == "Delete"
        return
    assert properties["AutoPublishCodeSha256"] == {"Ref": "Deployment"}
    assert "VersionDeletionPolicy" not in properties


@EACH_DEFINITION
def test_a_run_calls_the_versions_it_began_with_and_may_do_so_after_later_deployments(definition: str) -> None:
    machine = machine_of(definition)
    called = {
        value["Ref"] for name, value in machine["DefinitionSubstitutions"].items() if name.endswith("FunctionArn")
    }
    own = {name.removesuffix(".Version") for name in called if name.endswith(".Version")}
    passed_in = {name.removesuffix("VersionArn") for name in called if name.endswith("VersionArn")}
    assert len(own) + len(passed_in) == len(called)
    [invoke] = [each for each in machine["Policies"][0]["Statement"] if each["Action"] == "lambda:InvokeFunction"]
    allowed = {resource["Fn::Sub"] for resource in invoke["Resource"]}
    assert allowed == {f"${{{name}.Arn}}:*" for name in own} | {f"${{{name}Arn}}:*" for name in passed_in}
    assert machine["AutoPublishAlias"] == "live"


def schedules() -> dict[str, dict[str, Any]]:
    """Properties of the schedules, by name."""
    resources = child("schedules")["Resources"].values()
    found = [each["Properties"] for each in resources if each["Type"] == "AWS::Scheduler::Schedule"]
    return {properties["Name"]: properties for properties in found}


def test_every_recipe_has_a_schedule_of_its_own_that_is_off_in_a_new_deployment() -> None:
    recipes = {path.parent.name for path in (PROJECT / "recipes").glob("*/recipe.yaml")}
    assert set(schedules()) == recipes
    assert ROOT["Parameters"]["SchedulesState"]["Default"] == "DISABLED"
    for recipe, properties in schedules().items():
        given = json.loads(properties["Target"]["Input"])
        assert given == {
            "source": "greenlight.schedule",
            "recipe": recipe,
            "scheduled_time": "<aws.scheduler.scheduled-time>",
        }
        assert properties["State"] == {"Ref": "SchedulesState"}
        expression = properties["ScheduleExpression"]["Ref"]
        assert expression == "".join(word.capitalize() for word in recipe.split("-")) + "Schedule"
        assert (
            ROOT["Parameters"][expression]["AllowedPattern"]
            == ROOT["Parameters"]["ReviewSnippetsSchedule"]["AllowedPattern"]
        )


@pytest.mark.parametrize(
    ("text", "is_taken"),
    [
        ("cron(0 6 ? * MON *)", True),
        ("cron(0/30 20-2 ? * MON-FRI *)", True),
        ("rate(1 day)", True),
        ("at(2026-07-01T13:00:00)", True),
        ("0 6 ? * MON *", False),
        ("cron(0 6 ? * MON)", False),
        ("cron(0 6 * * ? * *)", False),
        ("rate(0 days)", False),
        ("rate(2 weeks)", False),
        ("at(tomorrow)", False),
        ("", False),
    ],
)
def test_an_expression_of_another_form_is_refused_before_anything_is_made(text: str, is_taken: bool) -> None:
    pattern = ROOT["Parameters"]["ReviewSnippetsSchedule"]["AllowedPattern"]
    assert bool(re.fullmatch(pattern, text)) is is_taken


def test_no_trigger_is_lost_without_a_trace() -> None:
    template = child("schedules")
    resources = template["Resources"]
    queue = {"Fn::GetAtt": "MissedStarts.Arn"}
    delivered = [each["Target"] for each in schedules().values()]
    events = resources["StartRunFunction"]["Properties"]["Events"].values()
    delivered += [each["Properties"] for each in events if each["Type"] == "EventBridgeRule"]
    assert len(delivered) == len(schedules()) + 3
    for each in delivered:
        assert set(each["RetryPolicy"]) == {"MaximumRetryAttempts", "MaximumEventAgeInSeconds"}
        assert plain(each["DeadLetterConfig"]["Arn"]) == queue
    failures = resources["StartRunFailures"]["Properties"]
    assert plain(failures["DestinationConfig"]["OnFailure"]["Destination"]) == queue
    assert failures["Qualifier"] == template["Globals"]["Function"]["AutoPublishAlias"]
    assert resources["MissedStarts"]["Properties"]["SqsManagedSseEnabled"] is True


def plain(value: dict[str, Any]) -> dict[str, Any]:
    """Fn::GetAtt in one of its two ways to be written."""
    [(function, given)] = value.items()
    return {function: ".".join(given) if isinstance(given, list) else given}


def test_only_a_few_signed_requests_a_second_start_runs() -> None:
    api = child("schedules")["Resources"]["RunsApi"]["Properties"]
    assert api["Auth"] == {"EnableIamAuthorizer": True, "DefaultAuthorizer": "AWS_IAM"}
    assert api["DefaultRouteSettings"]["ThrottlingRateLimit"] <= 5


def resources_of(kind: str) -> list[Any]:
    """Every resource of a type, named by its template and logical id."""
    return [
        pytest.param(resource, id=f"{path.stem}.{name}")
        for path in CHILDREN
        for name, resource in child(path.stem)["Resources"].items()
        if resource["Type"] == kind
    ]


def statements_in(value: Any) -> Iterator[dict[str, Any]]:
    """Every policy statement inside a template or a part of one."""
    if isinstance(value, dict):
        if "Effect" in value:
            yield value
        for each in value.values():
            yield from statements_in(each)
    elif isinstance(value, list):
        for each in value:
            yield from statements_in(each)


@pytest.mark.parametrize("api", resources_of("AWS::Serverless::HttpApi"))
def test_every_api_is_throttled(api: dict[str, Any]) -> None:
    limits = api["Properties"]["DefaultRouteSettings"]
    assert 0 < limits["ThrottlingRateLimit"] <= limits["ThrottlingBurstLimit"] <= 200


@pytest.mark.parametrize("bucket", resources_of("AWS::S3::Bucket"))
def test_every_bucket_is_private_and_encrypted(bucket: dict[str, Any]) -> None:
    assert set(bucket["Properties"]["PublicAccessBlockConfiguration"].values()) == {True}
    assert bucket["Properties"]["BucketEncryption"]
    assert bucket["Properties"]["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]


@pytest.mark.parametrize(
    ("kind", "policy", "element"),
    [
        ("AWS::S3::Bucket", "AWS::S3::BucketPolicy", "Bucket"),
        ("AWS::SQS::Queue", "AWS::SQS::QueuePolicy", "Queues"),
        ("AWS::SNS::Topic", "AWS::SNS::TopicPolicy", "Topics"),
    ],
)
def test_what_can_be_reached_from_outside_is_reached_by_tls_only(kind: str, policy: str, element: str) -> None:
    for path in CHILDREN:
        resources = child(path.stem)["Resources"]
        for name in [name for name, resource in resources.items() if resource["Type"] == kind]:
            policies = [
                each["Properties"]["PolicyDocument"]
                for each in resources.values()
                if each["Type"] == policy and {"Ref": name} in listed(each["Properties"][element])
            ]
            denials = [each for document in policies for each in document["Statement"] if each["Effect"] == "Deny"]
            secure = [each["Condition"] for each in denials if each["Principal"] == "*"]
            assert secure == [{"Bool": {"aws:SecureTransport": "false"}}], f"{path.stem}.{name}"


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def test_everything_that_keeps_data_is_encrypted() -> None:
    for table in resources_of("AWS::DynamoDB::Table"):
        assert table.values[0]["Properties"]["SSESpecification"] == {"SSEEnabled": True}, table.id
    for queue in resources_of("AWS::SQS::Queue"):
        assert queue.values[0]["Properties"]["SqsManagedSseEnabled"] is True, queue.id
    for topic in resources_of("AWS::SNS::Topic"):
        assert topic.values[0]["Properties"]["KmsMasterKeyId"], topic.id


@pytest.mark.parametrize("path", CHILDREN, ids=lambda path: path.stem)
def test_nothing_is_open_to_everybody_and_no_role_may_do_everything(path: Path) -> None:
    for resource in child(path.stem)["Resources"].values():
        assert resource["Type"] != "AWS::Lambda::Url"
        for statement in statements_in(resource.get("Properties", {})):
            if statement["Effect"] == "Allow":
                assert statement.get("Principal") not in ("*", {"AWS": "*"}), statement
                assert not {"NotAction", "NotResource", "NotPrincipal"} & statement.keys(), statement
                wide = [action for action in listed(statement["Action"]) if "*" in action]
                assert not wide or "Principal" in statement, statement


def test_whoever_sends_mails_may_use_the_chosen_service_and_no_other() -> None:
    senders = [name for name, resource, _ in functions() if "SENDER_ADDRESS" in json.dumps(resource)]
    assert len(senders) == 5
    for name, resource, _ in functions():
        statements = resource["Properties"].get("Policies", [{}])[0].get("Statement", [])
        choices = [each["Fn::If"] for each in statements if "Fn::If" in each]
        assert len(choices) == (name in senders), name
        for condition, by_sns, by_ses in choices:
            assert condition == "MailsGoBySns"
            assert all(action.startswith("sns:") for action in by_sns["Action"])
            assert by_ses["Action"] == "ses:SendEmail"
