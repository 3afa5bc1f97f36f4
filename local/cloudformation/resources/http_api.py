"""AWS::ApiGatewayV2: HTTP APIs, their routes from an OpenAPI body."""

# ruff: noqa: ARG002, D102 - every type has the same three methods, described in ResourceType

from __future__ import annotations

from typing import Any

from moto.apigatewayv2.models import apigatewayv2_backends

from local.cloudformation.clients import Clients
from local.cloudformation.errors import ResourceError
from local.cloudformation.resources.base import Made, Properties, Request, ResourceType, tag_map, without
from local.home import ACCOUNT, REGION

METHODS = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}
ANY_METHOD = "x-amazon-apigateway-any-method"
MISSING = ("NotFoundException",)


class HttpApi(ResourceType):
    """AWS::ApiGatewayV2::Api of the protocol HTTP."""

    tags = "map"
    immutable = frozenset({"ProtocolType"})

    def __init__(self, clients: Clients, endpoint_url: str) -> None:
        super().__init__(clients)
        self._endpoint_url = endpoint_url

    def create(self, request: Request) -> Made:
        properties = request.properties
        if properties.get("ProtocolType", "HTTP") != "HTTP":
            raise ResourceError("the laptop serves HTTP APIs only")
        body = properties.get("Body", {})
        api_id = self.clients.call(
            "apigatewayv2",
            "CreateApi",
            **{
                **without(properties, "Body", "FailOnWarnings"),
                "Name": properties.get("Name") or body.get("info", {}).get("title") or request.name(None),
                "ProtocolType": "HTTP",
                "Tags": tag_map(properties.get("Tags")),
                "CorsConfiguration": properties.get("CorsConfiguration") or _cors(body),
            },
        )["ApiId"]
        endpoint = f"{self._endpoint_url}/_api/{api_id}"
        apigatewayv2_backends[ACCOUNT][REGION].get_api(api_id).api_endpoint = endpoint
        self._add_routes(api_id, body)
        return Made(api_id, {"ApiEndpoint": endpoint, "ApiId": api_id})

    def update(self, request: Request, made: Made, before: Properties) -> Made:
        properties, api_id = request.properties, made.physical_id
        body = properties.get("Body", {})
        self.clients.call(
            "apigatewayv2",
            "UpdateApi",
            **{
                **without(properties, "Body", "FailOnWarnings", "ProtocolType", "Tags"),
                "ApiId": api_id,
                "CorsConfiguration": properties.get("CorsConfiguration") or _cors(body),
            },
        )
        if body != before.get("Body", {}):
            self._remove_routes(api_id)
            self._add_routes(api_id, body)
        return made

    def delete(self, made: Made, properties: Properties) -> None:
        self.clients.try_call("apigatewayv2", "DeleteApi", MISSING, ApiId=made.physical_id)

    def _add_routes(self, api_id: str, body: Properties) -> None:
        schemes = body.get("components", {}).get("securitySchemes", {})
        for path, methods in body.get("paths", {}).items():
            for method, details in methods.items():
                if method in METHODS or method == ANY_METHOD:
                    self._add_route(api_id, _route_key(path, method), details, schemes)

    def _add_route(self, api_id: str, route_key: str, details: Properties, schemes: Properties) -> None:
        integration = details["x-amazon-apigateway-integration"]
        integration_id = self.clients.call(
            "apigatewayv2",
            "CreateIntegration",
            ApiId=api_id,
            IntegrationType=str(integration["type"]).upper(),
            IntegrationMethod=integration.get("httpMethod"),
            IntegrationUri=integration["uri"],
            PayloadFormatVersion=integration.get("payloadFormatVersion"),
            TimeoutInMillis=integration.get("timeoutInMillis"),
        )["IntegrationId"]
        self.clients.call(
            "apigatewayv2",
            "CreateRoute",
            ApiId=api_id,
            RouteKey=route_key,
            Target=f"integrations/{integration_id}",
            AuthorizationType=_authorization(route_key, details, schemes),
        )

    def _remove_routes(self, api_id: str) -> None:
        api = apigatewayv2_backends[ACCOUNT][REGION].get_api(api_id)
        for route_id in list(api.routes):
            self.clients.call("apigatewayv2", "DeleteRoute", ApiId=api_id, RouteId=route_id)
        for integration_id in list(api.integrations):
            self.clients.call("apigatewayv2", "DeleteIntegration", ApiId=api_id, IntegrationId=integration_id)


class Stage(ResourceType):
    """AWS::ApiGatewayV2::Stage."""

    tags = "map"
    immutable = frozenset({"ApiId", "StageName"})

    def create(self, request: Request) -> Made:
        properties = {**request.properties, "Tags": tag_map(request.properties.get("Tags"))}
        self.clients.call("apigatewayv2", "CreateStage", **properties)
        return Made(request.properties["StageName"])

    def update(self, request: Request, made: Made, before: Properties) -> Made:
        # moto cannot change a stage; it is made anew under its name.
        self.delete(made, before)
        return self.create(request)

    def delete(self, made: Made, properties: Properties) -> None:
        self.clients.try_call(
            "apigatewayv2", "DeleteStage", MISSING, ApiId=properties["ApiId"], StageName=made.physical_id
        )


def _route_key(path: str, method: str) -> str:
    if path == "/$default":
        return "$default"
    return f"{'ANY' if method == ANY_METHOD else method.upper()} {path}"


def _authorization(route_key: str, details: Properties, schemes: Properties) -> str:
    for requirement in details.get("security", []):
        for name in requirement:
            if name == "NONE" and name not in schemes:
                return "NONE"  # what SAM writes for a route that its template opens
            if schemes.get(name, {}).get("x-amazon-apigateway-authtype") != "awsSigv4":
                raise ResourceError(
                    f"the route {route_key} asks for the authorizer {name}; the laptop knows AWS_IAM only"
                )
            return "AWS_IAM"
    return "NONE"


def _cors(body: Properties) -> dict[str, Any] | None:
    """The CORS settings of an OpenAPI body, under the API's names."""
    given = body.get("x-amazon-apigateway-cors")
    return {key[0].upper() + key[1:]: value for key, value in given.items()} if given else None
