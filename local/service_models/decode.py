"""The parameters of a request with the types and names that its service model gives them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

import botocore.session
from botocore.model import OperationModel, Shape, StructureShape
from moto.core.parse import QueryParser
from moto.core.utils import get_service_model

from local.iam.calls import CBOR, MODELS, Call, json_object, peek_body

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

BODIES = frozenset({"json", CBOR})
# Those of a REST request that are no part of its body.
PLACES = frozenset({"uri", "querystring", "header"})


def operation_of(call: Call) -> OperationModel | None:
    """The model of what a call asks for; None when no model knows it."""
    for name in MODELS.get(call.service, (call.service,)):
        model = _service_model(name)
        if model is not None and call.operation in model.operation_names:
            operation: OperationModel = model.operation_model(call.operation)
            return operation
    return None


def parameters_of(
    call: Call, operation: OperationModel, shape: StructureShape, environ: WSGIEnvironment
) -> dict[str, Any]:
    """What was sent, by the model's names; what the model does not know keeps the name it was sent under.

    Of an S3 request only what stands in its path, query and headers: its body may be of any size.
    Raises ValueError when a form's field is no number where the model wants one.
    """
    if call.protocol in BODIES:
        return dict(call.parameters)
    if call.protocol == "query":
        return _from_form(call, operation, shape)
    located = {
        name: _from_text(member, call.parameters[name])
        for name, member in _located(shape).items()
        if name in call.parameters
    }
    return located if call.protocol == "rest-xml" else {**located, **_from_body(shape, environ)}


def judged_members(call: Call, shape: StructureShape) -> Mapping[str, Shape]:
    """Members that can be judged: all of them, and of an S3 request those outside its body."""
    return _located(shape) if call.protocol == "rest-xml" else shape.members


@cache
def _service_model(name: str) -> Any:  # noqa: ANN401 - moto's own, which its parsers need
    known = botocore.session.get_session().get_available_services()
    return get_service_model(name) if name in known else None


def _located(shape: StructureShape) -> dict[str, Shape]:
    places = {name: member.serialization.get("location") for name, member in shape.members.items()}
    return {name: member for name, member in shape.members.items() if places[name] in PLACES}


def _from_form(call: Call, operation: OperationModel, shape: StructureShape) -> dict[str, Any]:
    """Form fields such as `Tags.member.1.Key`, which name what a list or a structure holds."""
    names = {member.serialization.get("name", name) for name, member in shape.members.items()}
    fields = {field: text for field, text in call.parameters.items() if field != "Version"}
    unknown = {field: text for field, text in fields.items() if field.partition(".")[0] not in names}
    parser: Any = QueryParser
    return {**parser(operation).parse({"values": fields}), **unknown}


def _from_body(shape: StructureShape, environ: WSGIEnvironment) -> dict[str, Any]:
    payload = shape.serialization.get("payload")
    body = peek_body(environ)
    if payload and shape.members[payload].type_name in {"blob", "string"}:
        return {payload: body if shape.members[payload].type_name == "blob" else body.decode()} if body else {}
    document = json_object(body)
    return {payload: document} if payload and document else document


def _from_text(shape: Shape, text: Any) -> Any:  # noqa: ANN401 - whatever the shape is
    """A value out of a path, a query or a header; one that is none of its type stays a text."""
    if not isinstance(text, str):
        return text
    if shape.type_name in {"integer", "long"} and text.lstrip("-").isdecimal():
        return int(text)
    if shape.type_name == "boolean" and text.lower() in {"true", "false"}:
        return text.lower() == "true"
    if shape.type_name == "list":
        return [_from_text(shape.member, text)]  # type: ignore[attr-defined]  # a ListShape
    return text
