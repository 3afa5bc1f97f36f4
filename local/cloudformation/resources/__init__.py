"""Every resource type that a template may hold on the laptop."""

from __future__ import annotations

from local.cloudformation.clients import Clients
from local.cloudformation.resources import (
    encryption,
    functions,
    http_api,
    iam,
    logs,
    messaging,
    model_registry,
    storage,
    workflow,
)
from local.cloudformation.resources.base import ResourceType
from local.cloudformation.resources.custom import CustomResource
from local.cloudformation.resources.nested import NestedStack, NestedStacks
from local.cloudformation.resources.plain import PLAIN_TYPES, PlainType

CUSTOM = "AWS::CloudFormation::CustomResource"


def resource_types(clients: Clients, endpoint_url: str, stacks: NestedStacks) -> dict[str, ResourceType]:
    """What creates, updates and deletes the resources of each type; Custom::* is under CUSTOM."""
    custom = CustomResource(clients)
    return {
        **{name: PlainType(clients, api) for name, api in PLAIN_TYPES.items()},
        CUSTOM: custom,
        "AWS::ApiGatewayV2::Api": http_api.HttpApi(clients, endpoint_url),
        "AWS::ApiGatewayV2::Stage": http_api.Stage(clients),
        "AWS::CloudFormation::Stack": NestedStack(clients, stacks),
        "AWS::DynamoDB::Table": storage.Table(clients),
        "AWS::Events::Rule": workflow.Rule(clients),
        "AWS::IAM::ManagedPolicy": iam.ManagedPolicy(clients),
        "AWS::IAM::Policy": iam.Policy(clients),
        "AWS::IAM::Role": iam.Role(clients),
        "AWS::KMS::Key": encryption.Key(clients),
        "AWS::Lambda::Alias": functions.Alias(clients),
        "AWS::Lambda::EventInvokeConfig": functions.EventInvokeConfig(clients),
        "AWS::Lambda::Function": functions.Function(clients),
        "AWS::Lambda::LayerVersion": functions.LayerVersion(clients),
        "AWS::Lambda::Permission": functions.Permission(clients),
        "AWS::Lambda::Version": functions.Version(clients),
        "AWS::Logs::LogGroup": logs.LogGroup(clients),
        "AWS::Logs::MetricFilter": logs.MetricFilter(clients),
        "AWS::Logs::ResourcePolicy": logs.LogResourcePolicy(clients),
        "AWS::S3::Bucket": storage.Bucket(clients),
        "AWS::S3::BucketPolicy": storage.BucketPolicy(clients),
        "AWS::SES::EmailIdentity": messaging.EmailIdentity(clients),
        "AWS::SNS::Subscription": messaging.Subscription(clients),
        "AWS::SNS::Topic": messaging.Topic(clients),
        "AWS::SNS::TopicPolicy": messaging.TopicPolicy(clients),
        "AWS::SQS::Queue": messaging.Queue(clients),
        "AWS::SQS::QueuePolicy": messaging.QueuePolicy(clients),
        "AWS::SageMaker::ModelPackageGroup": model_registry.ModelPackageGroup(clients),
        "AWS::StepFunctions::StateMachine": workflow.StateMachine(clients),
        "AWS::StepFunctions::StateMachineAlias": workflow.StateMachineAlias(clients),
        "AWS::StepFunctions::StateMachineVersion": workflow.StateMachineVersion(clients),
    }
