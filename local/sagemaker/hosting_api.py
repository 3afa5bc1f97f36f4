"""The hosting actions of the SageMaker API: models, endpoint configs and endpoints."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar, TypeVar

from moto.core.responses import ActionResult, EmptyResult
from moto.sagemaker.exceptions import ValidationError
from moto.sagemaker.responses import SageMakerResponse
from moto.sagemaker.utils import arn_formatter

from local.sagemaker.clients import require_trust
from local.sagemaker.deployments import Deployments
from local.sagemaker.endpoints import Endpoint, EndpointConfig, Model
from local.sagemaker.fleet import Variant, variant_of
from local.sagemaker.listing import list_page
from local.sagemaker.request_checks import check_request
from local.sagemaker.serverless import check_serverless, require_one_container, with_serverless

Record = TypeVar("Record", Model, EndpointConfig, Endpoint)

IN_PROGRESS = frozenset({"Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting"})


class HostingApi(SageMakerResponse):
    """Models, endpoint configs and endpoints. `deployments` is set once, before anything is served."""

    deployments: Deployments
    # Between the look at an endpoint's status and the change of it, no other request may look.
    changing: ClassVar[threading.Lock] = threading.Lock()

    def create_model(self) -> ActionResult:
        """CreateModel."""
        check_request("CreateModel", self.params)
        containers = self.params.get("Containers") or []
        if bool(self.params.get("PrimaryContainer")) == bool(containers):
            raise ValidationError("Provide either a PrimaryContainer or Containers.")
        if (self.params.get("InferenceExecutionConfig") or {}).get("Mode", "Serial") != "Serial":
            raise _unsupported("an InferenceExecutionConfig other than Serial")
        require_trust(self.params["ExecutionRoleArn"])
        model = Model(self.params, self.current_account, self.region)
        _add(self._models, model.model_name, model, "model")
        return ActionResult({"ModelArn": model.arn})

    def describe_model(self) -> ActionResult:
        """DescribeModel."""
        return ActionResult(self._model(self.params["ModelName"]).describe())

    def list_models(self) -> ActionResult:
        """ListModels."""
        return ActionResult(list_page(self._models.values(), "Models", "", self.params))

    def delete_model(self) -> ActionResult:
        """DeleteModel."""
        del self._models[self._model(self.params["ModelName"]).model_name]
        return EmptyResult()

    def create_endpoint_config(self) -> ActionResult:
        """CreateEndpointConfig."""
        check_request("CreateEndpointConfig", self.params)
        for name in ("AsyncInferenceConfig", "ShadowProductionVariants", "DataCaptureConfig", "ExplainerConfig"):
            if self.params.get(name):
                raise _unsupported(name)
        names = [variant["VariantName"] for variant in self.params["ProductionVariants"]]
        if len(set(names)) < len(names):
            raise ValidationError(f"The names of the production variants are not unique: {', '.join(names)}.")
        for variant in self.params["ProductionVariants"]:
            self._model(variant.get("ModelName", ""))
        check_serverless(self.params["ProductionVariants"])
        config = EndpointConfig(self.params, self.current_account, self.region)
        _add(self._configs, config.endpoint_config_name, config, "endpoint configuration")
        return ActionResult({"EndpointConfigArn": config.arn})

    def describe_endpoint_config(self) -> ActionResult:
        """DescribeEndpointConfig."""
        return ActionResult(self._config(self.params["EndpointConfigName"]).describe())

    def list_endpoint_configs(self) -> ActionResult:
        """ListEndpointConfigs."""
        return ActionResult(list_page(self._configs.values(), "EndpointConfigs", "", self.params))

    def delete_endpoint_config(self) -> ActionResult:
        """DeleteEndpointConfig. What an endpoint serves goes on; it keeps all it needs for that."""
        del self._configs[self._config(self.params["EndpointConfigName"]).endpoint_config_name]
        return EmptyResult()

    def create_endpoint(self) -> ActionResult:
        """CreateEndpoint."""
        check_request("CreateEndpoint", self.params)
        if self.params.get("DeploymentConfig"):
            raise _unsupported("DeploymentConfig")
        variants = self._variants(self.params["EndpointConfigName"])
        endpoint = Endpoint(self.params, self.current_account, self.region)
        _add(self._endpoints, endpoint.endpoint_name, endpoint, "endpoint")
        self.deployments.create(endpoint, variants)
        return ActionResult({"EndpointArn": endpoint.arn})

    def update_endpoint(self) -> ActionResult:
        """UpdateEndpoint."""
        check_request("UpdateEndpoint", self.params)
        for name in ("DeploymentConfig", "RetainAllVariantProperties", "RetainDeploymentConfig"):
            if self.params.get(name):
                raise _unsupported(name)
        config_name = self.params["EndpointConfigName"]
        variants = self._variants(config_name)
        with self.changing:
            endpoint = self._changeable_endpoint()
            if endpoint.endpoint_status == "Failed":
                raise ValidationError(f'Cannot update endpoint "{endpoint.arn}" in status Failed; delete it.')
            if config_name == endpoint.endpoint_config_name:
                raise ValidationError(f'Endpoint "{endpoint.arn}" already uses the configuration "{config_name}".')
            self.deployments.update(endpoint, config_name, variants)
        return ActionResult({"EndpointArn": endpoint.arn})

    def update_endpoint_weights_and_capacities(self) -> ActionResult:
        """UpdateEndpointWeightsAndCapacities: nothing on a laptop would change."""
        raise _unsupported("UpdateEndpointWeightsAndCapacities")

    def describe_endpoint(self) -> ActionResult:
        """DescribeEndpoint."""
        endpoint = self._endpoint()
        config = self._configs.get(endpoint.endpoint_config_name)
        return ActionResult(with_serverless(endpoint.describe(), config.request if config else {}))

    def list_endpoints(self) -> ActionResult:
        """ListEndpoints."""
        return ActionResult(list_page(self._endpoints.values(), "Endpoints", "EndpointStatus", self.params))

    def delete_endpoint(self) -> ActionResult:
        """DeleteEndpoint."""
        endpoints = self._endpoints
        with self.changing:
            endpoint = self._changeable_endpoint()
            self.deployments.delete(endpoint, partial(endpoints.pop, endpoint.endpoint_name, None))
        return EmptyResult()

    @property
    def _models(self) -> dict[str, Model]:
        models: dict[str, Any] = self.sagemaker_backend._models
        return models

    @property
    def _configs(self) -> dict[str, EndpointConfig]:
        configs: dict[str, Any] = self.sagemaker_backend.endpoint_configs
        return configs

    @property
    def _endpoints(self) -> dict[str, Endpoint]:
        endpoints: dict[str, Any] = self.sagemaker_backend.endpoints
        return endpoints

    def _model(self, name: str) -> Model:
        return _known(self._models.get(name), "model", self._arn("model", name))

    def _config(self, name: str) -> EndpointConfig:
        return _known(self._configs.get(name), "endpoint configuration", self._arn("endpoint-config", name))

    def _endpoint(self) -> Endpoint:
        name = self.params["EndpointName"]
        return _known(self._endpoints.get(name), "endpoint", self._arn("endpoint", name))

    def _changeable_endpoint(self) -> Endpoint:
        endpoint = self._endpoint()
        if endpoint.endpoint_status in IN_PROGRESS:
            raise ValidationError(f'Cannot update in-progress endpoint "{endpoint.arn}".')
        return endpoint

    def _variants(self, config_name: str) -> list[Variant]:
        config = self._config(config_name)
        for variant in config.request["ProductionVariants"]:
            require_one_container(variant, self._containers(self._model(variant["ModelName"])))
        return [
            variant_of(variant, (model := self._model(variant["ModelName"])).role_arn, self._containers(model))
            for variant in config.request["ProductionVariants"]
        ]

    def variant_of_model(self, model_name: str, name: str, environment: Mapping[str, str]) -> Variant:
        """What serves a model, under a name of its own and with more in its containers' environment."""
        model = self._model(model_name)
        containers = [
            {**each, "Environment": {**(each.get("Environment") or {}), **environment}}
            for each in self._containers(model)
        ]
        return variant_of({"VariantName": name}, model.role_arn, containers)

    def _containers(self, model: Model) -> list[dict[str, Any]]:
        """A model's containers; one that names a package is all of the package's."""
        found: list[dict[str, Any]] = []
        packages: dict[str, Any] = self.sagemaker_backend.model_packages
        for container in model.containers:
            package_name = container.get("ModelPackageName")
            if package_name and package_name not in packages:
                raise ValidationError(f"ModelPackage {package_name} does not exist.")
            packaged = packages[package_name].details["InferenceSpecification"]["Containers"] if package_name else [{}]
            found += [{**each, **container} for each in packaged]
        return found

    def _arn(self, resource: str, name: str) -> str:
        return arn_formatter(resource, name.lower(), self.current_account, self.region)


def _known(record: Record | None, noun: str, arn: str) -> Record:
    if record is None:
        raise ValidationError(f'Could not find {noun} "{arn}".')
    return record


def _add(records: dict[str, Record], name: str, record: Record, noun: str) -> None:
    if records.setdefault(name, record) is not record:
        raise ValidationError(f'Cannot create already existing {noun} "{record.arn}".')


def _unsupported(what: str) -> ValidationError:
    return ValidationError(f"The laptop's SageMaker does not support {what}.")
