from __future__ import annotations

import base64
import json
import os
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import pytest

Client = Callable[[str], Any]
MakeFunction = Callable[..., str]
ZipOf = Callable[[Mapping[str, str]], bytes]


def invoke(client: Client, name: str, event: Any = None, **arguments: Any) -> tuple[Any, dict[str, Any]]:
    answer = client("lambda").invoke(FunctionName=name, Payload=json.dumps(event).encode(), **arguments)
    return json.loads(answer["Payload"].read() or b"null"), answer


def log_lines(client: Client, name: str) -> list[str]:
    events = client("logs").filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]
    return [event["message"] for event in events]


def test_a_function_answers_with_its_handlers_result(client: Client, make_function: MakeFunction) -> None:
    name = make_function("echo", "def handler(event, context): return {'got': event}")
    result, answer = invoke(client, name, {"a": 1})
    assert result == {"got": {"a": 1}}
    assert answer["StatusCode"] == 200
    assert "FunctionError" not in answer


def test_a_function_sees_lambdas_environment(client: Client, make_function: MakeFunction, home: Any) -> None:
    source = (
        "import os\n"
        "def handler(event, context):\n"
        "    return [dict(os.environ), context.memory_limit_in_mb, context.function_name]"
    )
    name = make_function("environment", source, MemorySize=256, Environment={"Variables": {"COLOUR": "green"}})
    (environment, memory, told_name), _ = invoke(client, name)
    assert environment["COLOUR"] == "green"
    assert environment["AWS_LAMBDA_FUNCTION_NAME"] == told_name == "environment"
    assert environment["AWS_LAMBDA_FUNCTION_VERSION"] == "$LATEST"
    assert memory == "256"
    assert environment["_HANDLER"] == "code_under_test.handler"
    assert environment["AWS_ENDPOINT_URL"] == home.endpoint_url
    assert environment["AWS_LAMBDA_LOG_GROUP_NAME"] == "/aws/lambda/environment"
    assert environment["LAMBDA_TASK_ROOT"].startswith(str(home.functions))


def test_a_function_sees_its_package_and_installed_packages_only(client: Client, make_function: MakeFunction) -> None:
    source = (
        "import importlib.util, pydantic, code_under_test, os\n"
        "def handler(event, context):\n"
        "    return [importlib.util.find_spec('steps') is None,"
        " code_under_test.__file__.startswith(os.environ['LAMBDA_TASK_ROOT'])]"
    )
    assert invoke(client, make_function("isolated", source))[0] == [True, True]


def test_a_process_is_used_again(client: Client, make_function: MakeFunction) -> None:
    name = make_function("warm", "import os\ndef handler(event, context): return os.getpid()")
    assert invoke(client, name)[0] == invoke(client, name)[0]


def test_invocations_at_the_same_time_get_processes_of_their_own(client: Client, make_function: MakeFunction) -> None:
    source = "import os, time\ndef handler(event, context):\n    time.sleep(1)\n    return os.getpid()"
    name = make_function("busy", source, Timeout=30)
    with ThreadPoolExecutor(6) as executor:
        pids = list(executor.map(lambda _: invoke(client, name)[0], range(6)))
    assert 2 <= len(set(pids)) <= 4


def test_an_exception_is_reported_by_its_class_name(client: Client, make_function: MakeFunction) -> None:
    source = (
        "class DataUnavailableError(Exception): pass\ndef handler(event, context): raise DataUnavailableError('gone')"
    )
    name = make_function("raising", source)
    result, answer = invoke(client, name)
    assert answer["FunctionError"] == "Unhandled"
    assert result["errorType"] == "DataUnavailableError"
    assert result["errorMessage"] == "gone"
    assert result["stackTrace"]


def test_a_function_is_killed_at_its_deadline(client: Client, make_function: MakeFunction) -> None:
    source = "import time\ndef handler(event, context):\n    if event: time.sleep(60)\n    return 'quick'"
    name = make_function("slow", source, Timeout=1)
    result, answer = invoke(client, name, event=True)
    assert answer["FunctionError"] == "Unhandled"
    assert result["errorType"] == "Sandbox.Timedout"
    assert result["errorMessage"].endswith(f"{answer_request_id(result)} Task timed out after 1.00 seconds")
    assert invoke(client, name, event=False)[0] == "quick"


def answer_request_id(result: dict[str, Any]) -> str:
    return str(result["errorMessage"].split()[1])


class Fault(NamedTuple):
    name: str
    source: str
    handler: str
    error_type: str
    message: str


OWN = "code_under_test.handler"
FAULTS = [
    Fault("dies", "import os\ndef handler(e, c): os._exit(3)", OWN, "Runtime.ExitError", "exit status 3"),
    Fault("absent", "", "nowhere.handler", "Runtime.ImportModuleError", "No module named 'nowhere'"),
    Fault("nameless", "", OWN, "Runtime.HandlerNotFound", "missing on module"),
    Fault("odd", "def handler(e, c): return {1j}", OWN, "Runtime.MarshalError", "Unable to marshal"),
    Fault("broken", "raise KeyError('at import')", OWN, "KeyError", "at import"),
    Fault("dies-early", "import os; os._exit(4)", OWN, "Runtime.ExitError", "exit status 4"),
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_what_the_function_could_not_report_itself_has_lambdas_own_name(
    client: Client, make_function: MakeFunction, fault: Fault
) -> None:
    make_function(fault.name, fault.source, fault.handler)
    result, answer = invoke(client, fault.name)
    assert answer["FunctionError"] == "Unhandled"
    assert result["errorType"] == fault.error_type
    assert fault.message in result["errorMessage"]


def test_the_log_holds_what_was_printed_between_start_and_end(client: Client, make_function: MakeFunction) -> None:
    source = (
        "import logging, sys\n"
        "def handler(event, context):\n"
        "    print('said')\n"
        "    print('complained', file=sys.stderr)\n"
        "    logging.getLogger().warning('warned')\n"
        "    return context.aws_request_id"
    )
    name = make_function("talking", source)
    request_id, answer = invoke(client, name, LogType="Tail")
    lines = log_lines(client, name)
    assert lines[0].startswith("INIT_START")
    assert lines[1] == f"START RequestId: {request_id} Version: $LATEST"
    assert lines[2:4] == ["said", "complained"]
    assert "warned" in lines[4]
    assert lines[5] == f"END RequestId: {request_id}"
    assert lines[6].startswith(f"REPORT RequestId: {request_id}\tDuration: ")
    assert "said" in base64.b64decode(answer["LogResult"]).decode()


def test_a_failed_init_and_a_timeout_are_in_the_log(client: Client, make_function: MakeFunction) -> None:
    make_function("unimportable", "import nothing_of_this_name")
    invoke(client, "unimportable")
    assert any("Runtime.ImportModuleError" in line for line in log_lines(client, "unimportable"))
    make_function("endless", "def handler(event, context):\n    print('still here')\n    while True: pass", Timeout=1)
    invoke(client, "endless")
    lines = log_lines(client, "endless")
    assert "still here" in lines
    assert any("Task timed out after 1.00 seconds" in line for line in lines)


def test_new_code_and_new_settings_replace_the_processes(
    client: Client, make_function: MakeFunction, zip_of: ZipOf
) -> None:
    from_environment = "import os\ndef handler(event, context): return os.environ.get('COLOUR', 'none')"
    name = make_function("changing", from_environment)
    assert invoke(client, name)[0] == "none"
    client("lambda").update_function_configuration(FunctionName=name, Environment={"Variables": {"COLOUR": "red"}})
    assert invoke(client, name)[0] == "red"
    package = zip_of({"code_under_test.py": "def handler(event, context): return 'new code'"})
    client("lambda").update_function_code(FunctionName=name, ZipFile=package)
    assert invoke(client, name)[0] == "new code"


def test_an_alias_runs_the_version_it_names(client: Client, make_function: MakeFunction) -> None:
    name = make_function(
        "aliased", "import os\ndef handler(event, context): return [os.environ.get('COLOUR'), context.function_version]"
    )
    functions = client("lambda")
    functions.publish_version(FunctionName=name)
    functions.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    functions.update_function_configuration(FunctionName=name, Environment={"Variables": {"COLOUR": "red"}})
    assert invoke(client, name, Qualifier="live")[0] == [None, "1"]
    assert invoke(client, name)[0] == ["red", "$LATEST"]
    alias_arn = functions.get_alias(FunctionName=name, Name="live")["AliasArn"]
    result, answer = invoke(client, alias_arn)
    assert result == [None, "1"]
    assert answer["ExecutedVersion"] == "1"


def test_an_event_is_accepted_at_once_and_run_later(client: Client, make_function: MakeFunction) -> None:
    name = make_function("later", "def handler(event, context): print('ran with', event['a'])")
    result, answer = invoke(client, name, {"a": 7}, InvocationType="Event")
    assert result is None
    assert answer["StatusCode"] == 202
    for _ in range(100):
        if client("logs").describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{name}")["logGroups"]:
            break
        time.sleep(0.1)
    assert "ran with 7" in log_lines(client, name)


def test_an_unknown_function_is_not_found(client: Client) -> None:
    with pytest.raises(client("lambda").exceptions.ResourceNotFoundException):
        invoke(client, "nobody")


def test_a_deleted_functions_processes_end(client: Client, make_function: MakeFunction) -> None:
    name = make_function("doomed", "import os\ndef handler(event, context): return os.getpid()")
    pid = invoke(client, name)[0]
    client("lambda").delete_function(FunctionName=name)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
