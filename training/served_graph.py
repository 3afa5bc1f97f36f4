"""What a SavedModel from elsewhere may do and answer: its operations, its signature, and a few texts put to it."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from serving.model import TextModel
from steps.answers import NO_THRESHOLDS, Output, read_answer
from steps.recipe import Recipe
from training.archive_checks import ArchiveRefusedError

logger = logging.getLogger("import")

SIGNATURE = "serving_default"
# They run Python that is not in the graph, or touch files that are not the model's.
PYTHON_OPERATIONS = frozenset({"PyFunc", "PyFuncStateless", "EagerPyFunc"})
FILE_OPERATIONS = frozenset(
    {
        *("ReadFile", "WriteFile", "MatchingFiles", "WholeFileReader", "WholeFileReaderV2"),
        *("TextLineReader", "TextLineReaderV2", "TextLineDataset", "FixedLengthRecordReader"),
        *("FixedLengthRecordReaderV2", "FixedLengthRecordDataset", "FixedLengthRecordDatasetV2"),
        *("TFRecordReader", "TFRecordReaderV2", "TFRecordDataset", "TFRecordDatasetV2"),
        *("LoadDataset", "LoadDatasetV2", "SaveDataset", "SaveDatasetV2", "SnapshotDataset", "SnapshotDatasetV2"),
        *("CacheDataset", "CacheDatasetV2", "SSTableReader", "Print", "PrintV2", "WriteSummary"),
        *("CreateSummaryFileWriter", "DebugIdentity", "DebugIdentityV2", "DebugIdentityV3", "RemoteCall"),
    }
)
MAX_SHOWN_CHARACTERS = 300
# Texts that a model of texts must bear, beside the recipe's own smoke cases.
PROBES = ("a", "Zwölf Boxkämpfer — 你好, 😀!", "word " * 500)


def check_graph(model: Path) -> None:
    """Refuse a graph that runs Python or touches files; nothing is loaded for it.

    Raises ArchiveRefusedError.
    """
    from tensorflow.core.protobuf import saved_model_pb2  # noqa: PLC0415 - seconds to load

    saved: Any = saved_model_pb2.SavedModel()
    try:
        saved.ParseFromString((model / "saved_model.pb").read_bytes())
    except Exception as error:  # google.protobuf has no types, and its error no base of its own
        raise ArchiveRefusedError("Its saved_model.pb is damaged or no SavedModel; export the model again.") from error
    for meta_graph in saved.meta_graphs:
        graph = meta_graph.graph_def
        nodes = [*graph.node, *(node for function in graph.library.function for node in function.node_def)]
        used = {node.op for node in nodes}
        for operations, words in (
            (PYTHON_OPERATIONS, "which runs Python that is not in the graph"),
            (FILE_OPERATIONS, "which reaches beyond the model's own graph"),
        ):
            if found := sorted(used & operations):
                raise ArchiveRefusedError(f"Its graph uses {found[0]}, {words}; export the model without it.")
    serving = [graph for graph in saved.meta_graphs if "serve" in graph.meta_info_def.tags]
    if len(serving) != 1:
        raise ArchiveRefusedError("It has no graph with the tag 'serve'; save it with tf.saved_model.save.")
    _check_signature_exists(serving[0])


def check_signature(model: Path, recipe: Recipe) -> None:
    """Refuse a signature that takes anything but texts, or gives anything but the recipe's outputs.

    model: a folder that check_graph has passed
    Raises ArchiveRefusedError.
    """
    from tensorflow.core.framework import types_pb2  # noqa: PLC0415 - as above
    from tensorflow.core.protobuf import saved_model_pb2  # noqa: PLC0415

    saved: Any = saved_model_pb2.SavedModel()
    saved.ParseFromString((model / "saved_model.pb").read_bytes())
    signature = next(graph for graph in saved.meta_graphs if "serve" in graph.meta_info_def.tags).signature_def[
        SIGNATURE
    ]
    inputs, outputs = list(signature.inputs.values()), list(signature.outputs.values())
    if len(inputs) != 1 or inputs[0].dtype != types_pb2.DT_STRING or _shape(inputs[0]) != [-1]:
        given = ", ".join(_words(each, types_pb2) for each in inputs) or "nothing"
        raise ArchiveRefusedError(
            f"Its signature {SIGNATURE} takes {given}; it must take texts alone, strings of the shape (rows,)."
        )
    floats = {types_pb2.DT_FLOAT, types_pb2.DT_DOUBLE, types_pb2.DT_HALF, types_pb2.DT_BFLOAT16}
    wanted = output_count(recipe)
    if len(outputs) != 1 or outputs[0].dtype not in floats or _shape(outputs[0]) not in ([-1, wanted], [-1, -1], None):
        given = ", ".join(_words(each, types_pb2) for each in outputs) or "nothing"
        raise ArchiveRefusedError(
            f"Its signature {SIGNATURE} gives {given}; the recipe {recipe.name} needs numbers of the shape "
            f"(rows, {wanted}), {_why(recipe)}."
        )


def check_answers(model: Path, recipe: Recipe) -> None:
    """Put a few texts to the model and refuse it unless each answer is one of the recipe's task.

    Raises ArchiveRefusedError.
    """
    texts = [*(case.text for case in recipe.smoke.cases if case.text is not None), *PROBES]
    try:
        answers = TextModel(model).predict(texts)
    except Exception as error:  # whatever a graph makes TensorFlow raise, it cannot be served
        logger.exception("the model cannot be asked")
        words = " ".join(str(error).split())[:MAX_SHOWN_CHARACTERS]
        raise ArchiveRefusedError(f"Its model cannot be loaded or does not answer a text: {words}") from error
    for output in answers:
        _check_answer(output, recipe)


def output_count(recipe: Recipe) -> int:
    """Numbers that a model of the recipe gives for each row."""
    return max(1, len(recipe.data.class_names))


def _check_answer(output: Output, recipe: Recipe) -> None:
    wanted, numbers = output_count(recipe), output.values
    if len(numbers) != wanted:
        raise ArchiveRefusedError(
            f"Its model answers {len(numbers)} numbers a text; the recipe {recipe.name} needs {wanted}, {_why(recipe)}."
        )
    if read_answer(recipe.task, recipe.data.class_names, output, NO_THRESHOLDS) is None:
        wants = {
            "multi_label": "a probability for each label, from 0 to 1",
            "regression": "a finite number",
        }.get(recipe.task, "probabilities that add up to 1")
        shown = ", ".join(f"{number:.4g}" for number in numbers[:5])
        raise ArchiveRefusedError(
            f"Its model answers {shown}{' …' if len(numbers) > 5 else ''} to a text, where the recipe's task "  # noqa: PLR2004 - enough to see
            f"{recipe.task} needs {wants}."
        )


def _check_signature_exists(graph: Any) -> None:  # noqa: ANN401 - google.protobuf has no types
    if SIGNATURE not in graph.signature_def:
        known = ", ".join(sorted(name for name in graph.signature_def if not name.startswith("__"))) or "none"
        raise ArchiveRefusedError(
            f"It has no signature {SIGNATURE} (it has: {known}); save the model with "
            "signatures={'serving_default': …}."
        )


def _shape(info: Any) -> list[int] | None:  # noqa: ANN401 - as above
    """Sizes, -1 where any is possible; None when not even their number is known."""
    shape = info.tensor_shape
    return None if shape.unknown_rank else [dimension.size for dimension in shape.dim]


def _words(info: Any, types: Any) -> str:  # noqa: ANN401 - as above
    shape = _shape(info)
    name = types.DataType.Name(info.dtype).removeprefix("DT_").lower()
    return f"{name} of {'any shape' if shape is None else f'the shape {tuple(shape)}'}"


def _why(recipe: Recipe) -> str:
    if recipe.task == "regression":
        return "its one number"
    return f"one each for {', '.join(recipe.data.class_names[:5])}{' …' if len(recipe.data.class_names) > 5 else ''}"  # noqa: PLR2004 - as above
