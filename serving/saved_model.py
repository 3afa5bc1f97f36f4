"""A SavedModel and how it answers: the rows and columns of TensorFlow Serving's REST API.

The laptop's endpoint answers with it, and evaluation measures with it what the endpoint would answer.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from serving.unusable_input import UnusableInputError


class NoSavedModelError(FileNotFoundError):
    """No SavedModel lies under a numeric folder, where the serving image looks for it."""


def find_saved_model(directory: Path) -> Path:
    """The newest version: `<directory>/<N>/saved_model.pb` or `<directory>/<name>/<N>/saved_model.pb`.

    Raises NoSavedModelError when there is none.
    """
    files = [*directory.glob("*/saved_model.pb"), *directory.glob("*/*/saved_model.pb")]
    versions = [file.parent for file in files if file.parent.name.isdecimal()]
    if not versions:
        raise NoSavedModelError(
            f"no SavedModel bundles found! The archive must hold <number>/saved_model.pb; "
            f"it holds {sorted(path.name for path in directory.iterdir()) or 'nothing'}"
        )
    return max(versions, key=lambda version: int(version.name))


class SavedModel:
    """One loaded SavedModel, answering through its `serving_default` signature; safe for threads.

    directory: holds saved_model.pb.
    """

    def __init__(self, directory: Path) -> None:
        import tensorflow as tf  # noqa: PLC0415 - seconds to load, and not needed to import this module

        self._tf = tf
        # The signature is owned by the loaded model, which must stay alive beside it.
        self._loaded = tf.saved_model.load(str(directory))
        if "serving_default" not in self._loaded.signatures:
            raise UnusableInputError(f"The SavedModel in {directory} has no signature named serving_default.")
        self._signature = self._loaded.signatures["serving_default"]
        self._inputs: dict[str, Any] = self._signature.structured_input_signature[1]

    def predict_rows(self, instances: Sequence[Any]) -> list[Any]:
        """One prediction for each instance, in order.

        instances: a value each, or a mapping of input names to values; needed when the signature has several inputs.
        Gives a value each, or a mapping of output names to values when the signature has several outputs.
        """
        if not instances:
            raise UnusableInputError("The request has no instances.")
        outputs = self._call(self._columns(instances))
        if len(outputs) == 1:
            return next(iter(outputs.values()))
        names = list(outputs)
        return [dict(zip(names, row, strict=True)) for row in zip(*outputs.values(), strict=True)]

    def predict_columns(self, inputs: Any) -> Any:  # noqa: ANN401 - the shape of the signature, as JSON
        """The outputs for whole columns: a value or a mapping by name, as many as the signature has."""
        named = isinstance(inputs, Mapping) and set(inputs) == set(self._inputs)
        outputs = self._call(inputs if named else {self._only_input(): inputs})
        return next(iter(outputs.values())) if len(outputs) == 1 else outputs

    def _columns(self, instances: Sequence[Any]) -> dict[str, list[Any]]:
        if all(isinstance(row, Mapping) and "b64" not in row for row in instances):
            wrong = next((set(row) for row in instances if set(row) != set(self._inputs)), None)
            if wrong is not None:
                raise UnusableInputError(f"An instance has the inputs {sorted(wrong)}, not {sorted(self._inputs)}.")
            return {name: [row[name] for row in instances] for name in self._inputs}
        return {self._only_input(): list(instances)}

    def _only_input(self) -> str:
        if len(self._inputs) != 1:
            raise UnusableInputError(f"The model has the inputs {sorted(self._inputs)}; name them in each instance.")
        return next(iter(self._inputs))

    def _call(self, columns: Mapping[str, Any]) -> dict[str, Any]:
        tensors = {name: self._tensor(name, values) for name, values in columns.items()}
        try:
            outputs = self._signature(**tensors)
        except self._tf.errors.InvalidArgumentError as error:
            raise UnusableInputError(str(error.message)) from error
        return {name: _to_json(tensor.numpy().tolist()) for name, tensor in sorted(outputs.items())}

    def _tensor(self, name: str, values: Any) -> Any:  # noqa: ANN401 - TensorFlow has no types
        spec = self._inputs[name]
        try:
            tensor = self._tf.constant(_decoded(values), dtype=spec.dtype)
        except (TypeError, ValueError) as error:
            raise UnusableInputError(f"The values of '{name}' are no {spec.dtype.name} tensor: {error}") from error
        if not spec.shape.is_compatible_with(tensor.shape):
            raise UnusableInputError(f"The values of '{name}' have the shape {tensor.shape}, not {spec.shape}.")
        return tensor


def _decoded(value: Any) -> Any:  # noqa: ANN401 - JSON
    """JSON's way to write bytes, {"b64": "…"}, undone."""
    if isinstance(value, list):
        return [_decoded(item) for item in value]
    if isinstance(value, Mapping):
        if set(value) != {"b64"}:
            raise UnusableInputError('A value is an object; only {"b64": …} may stand for a value.')
        try:
            return base64.b64decode(value["b64"], validate=True)
        except (binascii.Error, TypeError) as error:
            raise UnusableInputError(f"A b64 value is not base64: {error}") from error
    return value


def _to_json(value: Any) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, list):
        return [_to_json(item) for item in value]
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    return value
