from __future__ import annotations

import functools
import json
import time
import uuid
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local import daemon
from local.home import Home

ROLE = "arn:aws:iam::123456789012:role/machine"
OTHER_ROLE = "arn:aws:iam::123456789012:role/other"

Clients = Callable[[str], Any]
MakeRole = Callable[..., str]


@pytest.fixture(scope="module")
def clients(served: Home, client_of: Callable[[Home, str], Any], make_role: MakeRole) -> Clients:
    clients: Clients = functools.cache(lambda service: client_of(served, service))
    for arn in (ROLE, OTHER_ROLE):
        assert make_role(clients("iam"), arn.rpartition("/")[2], "states.amazonaws.com") == arn
    return clients


@pytest.fixture
def sfn(clients: Clients) -> Any:
    return clients("stepfunctions")


@pytest.fixture
def machine(sfn: Any) -> str:
    arn: str = sfn.create_state_machine(name=f"m-{uuid.uuid4()}", definition=says("one"), roleArn=ROLE)[
        "stateMachineArn"
    ]
    return arn


def says(word: str) -> str:
    """A definition whose executions end with a word."""
    return json.dumps({"StartAt": "Say", "States": {"Say": {"Type": "Pass", "Result": word, "End": True}}})


def publish(sfn: Any, machine: str, **options: str) -> str:
    version: str = sfn.publish_state_machine_version(stateMachineArn=machine, **options)["stateMachineVersionArn"]
    return version


def publish_new(sfn: Any, machine: str, word: str) -> str:
    sfn.update_state_machine(stateMachineArn=machine, definition=says(word))
    return publish(sfn, machine)


def make_alias(sfn: Any, *versions: tuple[str, int], name: str = "live") -> str:
    alias: str = sfn.create_state_machine_alias(name=name, routingConfiguration=routes(*versions))[
        "stateMachineAliasArn"
    ]
    return alias


def routes(*versions: tuple[str, int]) -> list[dict[str, Any]]:
    return [{"stateMachineVersionArn": version, "weight": weight} for version, weight in versions]


def ended(sfn: Any, execution: str) -> dict[str, Any]:
    while (described := sfn.describe_execution(executionArn=execution))["status"] == "RUNNING":
        time.sleep(0.02)
    document: dict[str, Any] = described
    return document


def run(sfn: Any, arn: str) -> dict[str, Any]:
    return ended(sfn, sfn.start_execution(stateMachineArn=arn)["executionArn"])


def refused(call: Callable[..., Any], **arguments: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as error:
        call(**arguments)
    return error.value.response["Error"]["Code"], error.value.response["Error"]["Message"]


class TestVersions:
    def test_a_revision_is_published_once(self, sfn: Any, machine: str) -> None:
        assert publish(sfn, machine) == publish(sfn, machine, revisionId="INITIAL") == f"{machine}:1"
        assert "revisionId" not in sfn.describe_state_machine(stateMachineArn=machine)

    def test_an_update_that_changes_nothing_makes_no_revision(self, sfn: Any, machine: str) -> None:
        again = json.dumps(json.loads(says("one")), indent=2)
        sfn.update_state_machine(stateMachineArn=machine, definition=again, roleArn=ROLE)
        assert "revisionId" not in sfn.describe_state_machine(stateMachineArn=machine)

    @pytest.mark.parametrize("change", [{"definition": says("two")}, {"roleArn": OTHER_ROLE}], ids=str)
    def test_an_update_that_changes_something_makes_a_revision(self, sfn: Any, machine: str, change: Any) -> None:
        first = publish(sfn, machine)
        revision = sfn.update_state_machine(stateMachineArn=machine, **change)["revisionId"]
        assert str(uuid.UUID(revision)) == revision
        second = publish(sfn, machine, revisionId=revision)
        assert second == f"{machine}:2"
        for arn in (machine, second):
            assert sfn.describe_state_machine(stateMachineArn=arn)["revisionId"] == revision
        old = sfn.describe_state_machine(stateMachineArn=first)
        assert (old["definition"], old["roleArn"], old.get("revisionId")) == (says("one"), ROLE, None)

    def test_a_revision_that_is_not_the_current_one_is_not_published(self, sfn: Any, machine: str) -> None:
        revision = sfn.update_state_machine(stateMachineArn=machine, definition=says("two"))["revisionId"]
        code, message = refused(sfn.publish_state_machine_version, stateMachineArn=machine, revisionId="INITIAL")
        assert code == "ConflictException"
        assert message == (
            "Failed to publish the State Machine version for revision INITIAL. "
            f"The current State Machine revision is {revision}."
        )

    def test_versions_are_listed_newest_first_page_by_page(self, sfn: Any, machine: str) -> None:
        versions = [publish(sfn, machine), publish_new(sfn, machine, "two"), publish_new(sfn, machine, "three")]
        page = sfn.list_state_machine_versions(stateMachineArn=machine, maxResults=2)
        rest = sfn.list_state_machine_versions(stateMachineArn=machine, maxResults=2, nextToken=page["nextToken"])
        found = [each["stateMachineVersionArn"] for each in page["stateMachineVersions"] + rest["stateMachineVersions"]]
        assert found == list(reversed(versions))
        assert "nextToken" not in rest

    def test_a_deleted_versions_number_is_not_given_again(self, sfn: Any, machine: str) -> None:
        publish(sfn, machine)
        second = publish_new(sfn, machine, "two")
        sfn.delete_state_machine_version(stateMachineVersionArn=second)
        sfn.delete_state_machine_version(stateMachineVersionArn=second)
        assert publish(sfn, machine) == f"{machine}:3"

    def test_a_version_that_an_alias_leads_to_is_not_deleted(self, sfn: Any, machine: str) -> None:
        version = publish(sfn, machine)
        alias = make_alias(sfn, (version, 100))
        code, message = refused(sfn.delete_state_machine_version, stateMachineVersionArn=version)
        assert (code, message[-6:]) == ("ConflictException", "[live]")
        sfn.delete_state_machine_alias(stateMachineAliasArn=alias)
        sfn.delete_state_machine_version(stateMachineVersionArn=version)
        assert sfn.list_state_machine_versions(stateMachineArn=machine)["stateMachineVersions"] == []

    def test_a_version_is_not_updated(self, sfn: Any, machine: str) -> None:
        version = publish(sfn, machine)
        code, _ = refused(sfn.update_state_machine, stateMachineArn=version, definition=says("two"))
        assert code == "StateMachineDoesNotExist"


class TestAliases:
    def test_an_alias_is_created_once_and_leads_elsewhere_when_updated(self, sfn: Any, machine: str) -> None:
        first = publish(sfn, machine)
        alias = make_alias(sfn, (first, 100))
        assert make_alias(sfn, (first, 100)) == alias == f"{machine}:live"
        second = publish_new(sfn, machine, "two")
        sfn.update_state_machine_alias(stateMachineAliasArn=alias, routingConfiguration=routes((second, 100)))
        described = sfn.describe_state_machine_alias(stateMachineAliasArn=alias)
        assert described["routingConfiguration"] == routes((second, 100))
        assert run(sfn, alias)["output"] == '"two"'

    def test_one_of_the_same_name_that_leads_elsewhere_is_a_conflict(self, sfn: Any, machine: str) -> None:
        make_alias(sfn, (publish(sfn, machine), 100))
        other = routes((publish_new(sfn, machine, "two"), 100))
        code, _ = refused(sfn.create_state_machine_alias, name="live", routingConfiguration=other)
        assert code == "ConflictException"

    @pytest.mark.parametrize(
        ("weights", "message"),
        [
            ([("1", 70), ("2", 29)], r"Sum of routing configuration weights must equal 100. Received: [70, 29]"),
            ([("1", 50), ("1", 50)], "Routing configuration must contain distinct state machine version ARNs."),
            ([("9", 100)], "Routing configuration must contain state machine version ARNs."),
            ([("live", 100)], "Routing configuration must contain state machine version ARNs."),
        ],
        ids=str,
    )
    def test_what_an_alias_cannot_lead_to_is_refused(
        self, sfn: Any, machine: str, weights: list[tuple[str, int]], message: str
    ) -> None:
        publish(sfn, machine)
        publish_new(sfn, machine, "two")
        wanted = routes(*((f"{machine}:{number}", weight) for number, weight in weights))
        code, said = refused(sfn.create_state_machine_alias, name="live", routingConfiguration=wanted)
        assert (code, said[: len(message)]) == ("ValidationException", message)

    @pytest.mark.parametrize("name", ["123", "with space", "x" * 81])
    def test_a_name_that_is_none_is_refused(self, sfn: Any, machine: str, name: str) -> None:
        wanted = routes((publish(sfn, machine), 100))
        code, _ = refused(sfn.create_state_machine_alias, name=name, routingConfiguration=wanted)
        assert code == "ValidationException"

    def test_an_alias_that_is_not_there_cannot_be_updated_or_started(self, sfn: Any, machine: str) -> None:
        version = publish(sfn, machine)
        code, _ = refused(
            sfn.update_state_machine_alias,
            stateMachineAliasArn=f"{machine}:gone",
            routingConfiguration=routes((version, 100)),
        )
        assert code == "ResourceNotFound"
        assert refused(sfn.start_execution, stateMachineArn=f"{machine}:gone")[0] == "StateMachineDoesNotExist"

    def test_two_versions_share_the_executions_by_their_weights(self, sfn: Any, machine: str) -> None:
        first, second = publish(sfn, machine), publish_new(sfn, machine, "two")
        alias = make_alias(sfn, (first, 50), (second, 50))
        found = Counter(run(sfn, alias)["stateMachineVersionArn"] for _ in range(30))
        # That one of them gets none has a chance of one in half a billion.
        assert set(found) == {first, second}


class TestExecutions:
    def test_an_execution_runs_what_its_arn_leads_to_and_says_so(self, sfn: Any, machine: str) -> None:
        first = publish(sfn, machine)
        alias = make_alias(sfn, (first, 100))
        sfn.update_state_machine(stateMachineArn=machine, definition=says("two"), roleArn=OTHER_ROLE)
        by = {arn: run(sfn, arn) for arn in (machine, first, alias)}
        assert [by[arn]["output"] for arn in (machine, first, alias)] == ['"two"', '"one"', '"one"']
        assert {each["stateMachineArn"] for each in by.values()} == {machine}
        associations = [
            (by[arn].get("stateMachineVersionArn"), by[arn].get("stateMachineAliasArn"))
            for arn in (machine, first, alias)
        ]
        assert associations == [(None, None), (first, None), (first, alias)]
        prefix = machine.replace(":stateMachine:", ":execution:")
        assert [each["executionArn"] for each in by.values()] == [f"{prefix}:{each['name']}" for each in by.values()]
        roles = [
            sfn.describe_state_machine_for_execution(executionArn=each["executionArn"])["roleArn"]
            for each in by.values()
        ]
        assert roles == [OTHER_ROLE, ROLE, ROLE]

    def test_executions_are_listed_by_state_machine_version_and_alias(self, sfn: Any, machine: str) -> None:
        first = publish(sfn, machine)
        alias = make_alias(sfn, (first, 100))
        second = publish_new(sfn, machine, "two")
        names = {arn: run(sfn, arn)["name"] for arn in (machine, first, alias)}

        def listed(arn: str, **options: Any) -> set[str]:
            return {each["name"] for each in sfn.list_executions(stateMachineArn=arn, **options)["executions"]}

        assert listed(machine) == set(names.values())
        assert listed(first) == {names[first], names[alias]}
        assert listed(alias) == {names[alias]}
        assert listed(second) == set()
        assert listed(machine, statusFilter="RUNNING") == set()
        page = sfn.list_executions(stateMachineArn=machine, maxResults=2)
        assert [each["name"] for each in page["executions"]] == [names[alias], names[first]]
        assert page["executions"][0]["stateMachineAliasArn"] == alias

    def test_a_name_is_taken_by_whichever_arn_it_was_started(self, sfn: Any, machine: str) -> None:
        version = publish(sfn, machine)
        ended(sfn, sfn.start_execution(stateMachineArn=version, name="mine")["executionArn"])
        assert refused(sfn.start_execution, stateMachineArn=machine, name="mine")[0] == "ExecutionAlreadyExists"

    def test_of_requests_at_once_under_one_name_and_input_one_starts_it(self, sfn: Any, machine: str) -> None:
        definition = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Wait", "Seconds": 60, "End": True}}})
        sfn.update_state_machine(stateMachineArn=machine, definition=definition)
        with ThreadPoolExecutor(8) as executor:
            starts = [executor.submit(sfn.start_execution, stateMachineArn=machine, name="same") for _ in range(8)]
        [arn] = {start.result()["executionArn"] for start in starts}
        assert len(sfn.list_executions(stateMachineArn=machine)["executions"]) == 1
        sfn.stop_execution(executionArn=arn)

    @pytest.mark.parametrize("name", ["with space", "a/b", "x" * 81])
    def test_a_name_that_is_none_is_refused(self, sfn: Any, machine: str, name: str) -> None:
        code, _ = refused(sfn.start_execution, stateMachineArn=machine, name=name)
        assert code in {"InvalidName", "ValidationException"}

    def test_an_update_does_not_reach_an_execution_under_way(self, sfn: Any, clients: Clients) -> None:
        queue = clients("sqs").create_queue(QueueName="update-tokens")["QueueUrl"]

        def waits_then_says(word: str) -> str:
            task = {
                "Type": "Task",
                "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
                "Parameters": {"QueueUrl": queue, "MessageBody.$": "$$.Task.Token"},
                "TimeoutSeconds": 600,
                "Next": "Say",
            }
            return json.dumps(
                {"StartAt": "Ask", "States": {"Ask": task, "Say": {"Type": "Pass", "Result": word, "End": True}}}
            )

        machine = sfn.create_state_machine(name=f"m-{uuid.uuid4()}", definition=waits_then_says("old"), roleArn=ROLE)
        arn = machine["stateMachineArn"]
        execution = sfn.start_execution(stateMachineArn=arn)["executionArn"]
        while not (messages := clients("sqs").receive_message(QueueUrl=queue).get("Messages")):
            time.sleep(0.02)
        sfn.update_state_machine(stateMachineArn=arn, definition=waits_then_says("new"), roleArn=OTHER_ROLE)
        sfn.send_task_success(taskToken=messages[0]["Body"], output="{}")
        assert ended(sfn, execution)["output"] == '"old"'
        described = sfn.describe_state_machine_for_execution(executionArn=execution)
        assert (described["definition"], described["roleArn"]) == (waits_then_says("old"), ROLE)
        assert "revisionId" not in described


def test_versions_aliases_and_what_was_started_by_them_survive_a_restart(
    home: Home, project: Path, client_of: Callable[[Home, str], Any], make_role: MakeRole
) -> None:
    daemon.up(home, project)
    sfn = client_of(home, "stepfunctions")
    make_role(client_of(home, "iam"), "machine", "states.amazonaws.com")
    machine = sfn.create_state_machine(name="kept", definition=says("one"), roleArn=ROLE)["stateMachineArn"]
    first = publish(sfn, machine)
    alias = make_alias(sfn, (first, 100))
    before = run(sfn, alias)
    revision = sfn.update_state_machine(stateMachineArn=machine, definition=says("two"))["revisionId"]
    daemon.down(home)
    daemon.up(home, project)
    sfn = client_of(home, "stepfunctions")
    after = sfn.describe_execution(executionArn=before["executionArn"])
    assert (after["stateMachineVersionArn"], after["stateMachineAliasArn"]) == (first, alias)
    assert sfn.describe_state_machine(stateMachineArn=machine)["revisionId"] == revision
    assert publish(sfn, machine) == f"{machine}:2"
    assert run(sfn, alias)["output"] == '"one"'


def test_a_taken_name_is_refused_unless_the_machine_is_the_same(sfn: Any, machine: str) -> None:
    name = machine.rpartition(":")[2]
    assert sfn.create_state_machine(name=name, definition=says("one"), roleArn=OTHER_ROLE)["stateMachineArn"] == machine
    with pytest.raises(sfn.exceptions.StateMachineAlreadyExists, match=f"State Machine Already Exists: '{machine}'"):
        sfn.create_state_machine(name=name, definition=says("two"), roleArn=ROLE)
    described = sfn.describe_state_machine(stateMachineArn=machine)
    assert (json.loads(described["definition"]), described["roleArn"]) == (json.loads(says("one")), ROLE)
