"""What a snapshot keeps of our own classes: another attribute needs another format.

An object that was kept by older code comes back without an attribute that newer code gave its class; only the format in
the snapshot's stamp tells the two apart.
"""

from __future__ import annotations

import ast
from pathlib import Path

from local.snapshot import FORMAT

PROJECT = Path(__file__).parents[3]
FORMAT_OF_THESE = 3
# Modules with the classes whose objects lie in moto's backends, each class with its attributes.
KEPT = {
    "local.cloudformation.backend.StackBackend": "change_sets deleted_stacks engine stacks",
    "local.cloudformation.stack.StackResource": (
        "attributes deletion_policy logical_resource_id physical_resource_id properties resource_status "
        "resource_status_reason resource_type stack_id stack_name timestamp update_replace_policy"
    ),
    "local.cloudformation.stack.StackEvent": (
        "event_id logical_resource_id physical_resource_id resource_properties resource_status "
        "resource_status_reason resource_type stack_id stack_name timestamp"
    ),
    "local.cloudformation.stack.Export": "exporting_stack_id name value",
    "local.cloudformation.stack.Stack": (
        "attempted_description capabilities creation_time deletion_time disable_rollback "
        "enable_termination_protection events hidden_parameters last_updated_time notification_arns "
        "output_values parent_id policy processed removed replaced resolved_parameters resources role_arn "
        "root_id stack_id stack_name stack_status stack_status_reason tags template timeout_in_minutes undone"
    ),
    "local.cloudformation.stack.Change": "action logical_resource_id physical_resource_id resource_type",
    "local.cloudformation.stack.ChangeSet": (
        "change_set_id change_set_name change_set_type changes creation_time description execution_status "
        "notification_arns parameters role_arn stack_id stack_name status status_reason tags template"
    ),
    "local.interpreter.EndedWorker": "_history",
    "local.sagemaker.endpoints.Model": "arn creation_time model_name request tags",
    "local.sagemaker.endpoints.EndpointConfig": "arn creation_time endpoint_config_name request tags",
    "local.sagemaker.endpoints.Endpoint": (
        "arn creation_time endpoint_config_name endpoint_name endpoint_status failure_reason "
        "last_modified_time pending_config_name tags variants"
    ),
    "local.sagemaker.fleet.HostedContainer": "environment image model_data_uri",
    "local.sagemaker.fleet.Variant": "containers instance_count name role_arn startup_seconds weight",
    "local.sagemaker.jobs.Job": (
        "arn creation_time end_time failure_reason last_modified_time name noun operation request resource "
        "start_time status tags"
    ),
    "local.sagemaker.jobs.ProcessingJob": "exit_message",
    "local.sagemaker.jobs.TrainingJob": "last_modified_time metrics transitions",
    "local.sagemaker.tuning_jobs.Trial": "job objective tuned",
    "local.sagemaker.tuning_jobs.TuningJob": "trials",
    "local.sagemaker.jobs.TransformJob": "variant",
    "local.sagemaker.model_packages.ModelPackageGroup": "arn creation_time last_version name request tags",
    "local.sagemaker.model_packages.ModelPackage": (
        "arn client_token creation_time details group_name last_modified_time tags version"
    ),
}


def attributes(node: ast.ClassDef) -> set[str]:
    """What a class declares in its body, and what its methods set on self."""
    declared = {
        each.target.id for each in node.body if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name)
    }
    assigned = [
        target
        for each in ast.walk(node)
        if isinstance(each, (ast.Assign, ast.AnnAssign))
        for target in (each.targets if isinstance(each, ast.Assign) else [each.target])
    ]
    flat = [part for target in assigned for part in (target.elts if isinstance(target, ast.Tuple) else [target])]
    return declared | {
        part.attr
        for part in flat
        if isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name) and part.value.id == "self"
    }


def kept_now() -> dict[str, str]:
    found = {}
    for name in KEPT:
        module, _, class_name = name.rpartition(".")
        tree = ast.parse((PROJECT / f"{module.replace('.', '/')}.py").read_text())
        (node,) = (each for each in tree.body if isinstance(each, ast.ClassDef) and each.name == class_name)
        found[name] = " ".join(sorted(attributes(node)))
    return found


def test_kept_classes_change_with_the_format_only() -> None:
    assert kept_now() == KEPT, "raise FORMAT in local/snapshot.py, then FORMAT_OF_THESE and the attributes here"
    assert FORMAT == FORMAT_OF_THESE
