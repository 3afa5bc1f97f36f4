"""The parts of SageMaker's requests that differ from run to run.

The state machine holds the rest (entry points, role, tags) and copies these parts in unread.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from steps.recipe import Recipe
from steps.recipe_sections.training import HyperparameterRange, TuningSection

PROCESSING_INSTANCE_TYPE = "ml.m5.xlarge"
PROCESSING_VOLUME_GB = 30
PROCESSING_MAX_RUNTIME_SECONDS = 3600
# A batch is as long as its file; a transform job has no limit of its own, so its task has one.
BATCH_MAX_RUNTIME_SECONDS = 4 * 3600
TRANSFORM_INSTANCE_TYPE = "ml.m5.xlarge"
TRANSFORM_MAX_RUNTIME_SECONDS = 24 * 3600
# Finding instances and pulling an image come on top of a job's own time.
START_UP_SECONDS = 900

INPUT = "/opt/ml/processing/input"
OUTPUT = "/opt/ml/processing/output"
# The wheels that come with the code: for Python 3.12, and those for the 3.10 of AWS's scikit-learn image.
LIBRARIES = "lib"
SCIKIT_LEARN_LIBRARIES = "lib-py310"


def preprocess_request(
    *,
    image: str,
    code_uri: str,
    data_uri: str,
    recipe_uri: str,
    recipe_file: str,
    output_uri: str,
    libraries: str = LIBRARIES,
) -> dict[str, Any]:
    """Processing job that splits and profiles one CSV."""
    return _processing_request(
        image=image,
        inputs={"code": f"{code_uri}/source/", "data": data_uri, "recipe": recipe_uri},
        arguments=["--data", f"{INPUT}/data", "--recipe", f"{INPUT}/recipe/{recipe_file}", "--output", OUTPUT],
        output_uri=output_uri,
        libraries=libraries,
    )


def evaluate_request(
    *,
    image: str,
    code_uri: str,
    test_uri: str,
    candidate_uri: str,
    champion_uri: str | None,
    recipe_uri: str,
    recipe_file: str,
    output_uri: str,
    libraries: str = LIBRARIES,
    champion_card_uri: str | None = None,
    validation_uri: str | None = None,
) -> dict[str, Any]:
    """Processing job that measures the candidate, and the champion when there is one, on the same rows.

    champion_card_uri: its model card, which holds the thresholds that it answers by
    validation_uri: the rows on which the candidate's thresholds are chosen, when they are
    """
    inputs = {"code": f"{code_uri}/source/", "test": test_uri, "candidate": candidate_uri, "recipe": recipe_uri}
    arguments = ["--test", f"{INPUT}/test", "--candidate", f"{INPUT}/candidate"]
    if champion_uri is not None:
        inputs["champion"] = champion_uri
        arguments += ["--champion", f"{INPUT}/champion"]
        if champion_card_uri is not None:
            inputs["champion_card"] = champion_card_uri
            arguments += ["--champion-card", f"{INPUT}/champion_card/{_base_name(champion_card_uri)}"]
    if validation_uri is not None:
        inputs["validation"] = validation_uri
        arguments += ["--validation", f"{INPUT}/validation"]
    arguments += ["--recipe", f"{INPUT}/recipe/{recipe_file}", "--output", OUTPUT]
    return _processing_request(
        image=image, inputs=inputs, arguments=arguments, output_uri=output_uri, libraries=libraries
    )


def split_rows_request(
    *,
    image: str,
    code_uri: str,
    rows_uri: str,
    card_uri: str,
    file_name: str,
    text_column: str | None,
    output_uri: str,
    volume_gb: int,
) -> dict[str, Any]:
    """Processing job that makes a file's rows into requests."""
    arguments = ["--rows", f"{INPUT}/rows", "--card", f"{INPUT}/card/{_base_name(card_uri)}", "--output", OUTPUT]
    # With an equals sign, a name that begins with a hyphen is no option.
    arguments.append(f"--file-name={file_name}")
    if text_column is not None:
        arguments.append(f"--text-column={text_column}")
    return _processing_request(
        image=image,
        inputs={"code": f"{code_uri}/source/", "rows": rows_uri, "card": card_uri},
        arguments=arguments,
        output_uri=output_uri,
        libraries=LIBRARIES,
        volume_gb=volume_gb,
        max_runtime_seconds=BATCH_MAX_RUNTIME_SECONDS,
    )


def join_predictions_request(
    *, image: str, code_uri: str, rows_uri: str, card_uri: str, answers_uri: str, output_uri: str, volume_gb: int
) -> dict[str, Any]:
    """Processing job that puts each answer beside its row."""
    arguments = ["--rows", f"{INPUT}/rows", "--card", f"{INPUT}/card/{_base_name(card_uri)}"]
    arguments += ["--answers", f"{INPUT}/answers", "--output", OUTPUT]
    return _processing_request(
        image=image,
        inputs={"code": f"{code_uri}/source/", "rows": rows_uri, "card": card_uri, "answers": f"{answers_uri}/"},
        arguments=arguments,
        output_uri=output_uri,
        libraries=LIBRARIES,
        volume_gb=volume_gb,
        max_runtime_seconds=BATCH_MAX_RUNTIME_SECONDS,
    )


def transform_request(*, requests_uri: str, output_uri: str) -> dict[str, Any]:
    """Transform job that asks the model one request a line; a line of answers comes back for each.

    Each line is a whole body, so that every serving image understands it, and the rows of one belong together.
    """
    source = {"S3DataType": "S3Prefix", "S3Uri": requests_uri}
    return {
        "BatchStrategy": "SingleRecord",
        "MaxConcurrentTransforms": 2,
        "MaxPayloadInMB": 6,
        "TransformInput": {
            "DataSource": {"S3DataSource": source},
            "ContentType": "application/json",
            "CompressionType": "None",
            "SplitType": "Line",
        },
        "TransformOutput": {"S3OutputPath": output_uri, "Accept": "application/json", "AssembleWith": "Line"},
        "TransformResources": {"InstanceType": TRANSFORM_INSTANCE_TYPE, "InstanceCount": 1},
        "TimeoutSeconds": TRANSFORM_MAX_RUNTIME_SECONDS,
    }


def training_request(
    recipe: Recipe,
    *,
    image: str,
    region: str,
    code_uri: str,
    rows_uri: str,
    output_uri: str,
    libraries: str = LIBRARIES,
    pretrained_uri: str | None = None,
) -> dict[str, Any]:
    """Training job in script mode.

    rows_uri: the folder with train.csv and validation.csv, and schema.json of a table
    output_uri: SageMaker puts the archive at `<output_uri>/<job name>/output/model.tar.gz`
    pretrained_uri: the folder of weights to start from
    """
    training = recipe.training
    # SageMaker wants every value as text and the training toolkit decodes each once as JSON, so that the class
    # names, encoded twice, reach the script as one JSON argument.
    hyperparameters = {
        **training.hyperparameters,
        "seed": training.seed,
        "task": recipe.task,
        "class_names": json.dumps(recipe.data.class_names),
        "sagemaker_program": training.script,
        "sagemaker_submit_directory": f"{code_uri}/source.tar.gz",
        "sagemaker_region": region,
    }
    channels = [_channel(name, f"{rows_uri}/{name}.csv") for name in ("train", "validation")]
    if recipe.data.features is not None:
        channels.append(_channel("schema", f"{rows_uri}/schema.json", content_type="application/json"))
    if pretrained_uri is not None:
        channels.append(_channel("pretrained", f"{pretrained_uri}/", content_type="application/octet-stream"))
    return {
        "TrainingImage": image,
        "HyperParameters": {name: json.dumps(value) for name, value in hyperparameters.items()},
        "InputDataConfig": channels,
        "OutputDataConfig": {"S3OutputPath": output_uri},
        "ResourceConfig": {
            "InstanceCount": 1,
            "InstanceType": training.instance_type,
            "VolumeSizeInGB": training.volume_gb,
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": training.max_runtime_seconds},
        "Environment": {"PYTHONPATH": f"/opt/ml/code/{libraries}"},
        "TimeoutSeconds": training.max_runtime_seconds + START_UP_SECONDS,
    }


def tuning_request(recipe: Recipe, training: Mapping[str, Any]) -> dict[str, Any]:
    """Hyperparameter tuning job: the trainings' own request, what is searched, and the log line that compares them.

    training: what training_request gives. Raises ValueError when the recipe asks for no search.
    """
    tuning = recipe.tuning
    if tuning is None:
        raise ValueError(f"the recipe {recipe.name} has no section `tuning`")
    static = {name: value for name, value in training["HyperParameters"].items() if name not in tuning.ranges}
    # One after the other, as the laptop runs them; SageMaker is done sooner when it runs some at the same time.
    seconds = tuning.max_jobs * (recipe.training.max_runtime_seconds + START_UP_SECONDS)
    return {
        **training,
        "HyperParameters": static,
        "MetricDefinitions": [
            {"Name": tuning.objective, "Regex": f"objective {tuning.objective}=(-?[0-9][-+.0-9eE]*)"},
        ],
        "HyperParameterTuningJobConfig": {
            "Strategy": tuning.strategy,
            "HyperParameterTuningJobObjective": {"Type": tuning.goal, "MetricName": tuning.objective},
            "ResourceLimits": {
                "MaxNumberOfTrainingJobs": tuning.max_jobs,
                "MaxParallelTrainingJobs": tuning.max_parallel_jobs,
            },
            "ParameterRanges": _parameter_ranges(tuning),
            "TrainingJobEarlyStoppingType": "Off",
            "RandomSeed": recipe.training.seed,
        },
        "TimeoutSeconds": seconds,
    }


def import_request(
    *, image: str, code_uri: str, model_uri: str, recipe_uri: str, recipe_file: str, output_uri: str
) -> dict[str, Any]:
    """Processing job that checks a model archive and, when it may be taken, hands it on unchanged."""
    file = model_uri.rsplit("/", 1)[-1]
    return _processing_request(
        image=image,
        inputs={"code": f"{code_uri}/source/", "archive": model_uri, "recipe": recipe_uri},
        arguments=[
            *("--archive", f"{INPUT}/archive/{file}"),
            *("--recipe", f"{INPUT}/recipe/{recipe_file}", "--output", OUTPUT),
        ],
        output_uri=output_uri,
        libraries=LIBRARIES,
    )


def trainings_of(request: Mapping[str, Any]) -> int:
    """How many trainings a request may start: those of a search, else one."""
    limits = request.get("HyperParameterTuningJobConfig", {}).get("ResourceLimits", {})
    return int(limits.get("MaxNumberOfTrainingJobs", 1))


def _parameter_ranges(tuning: TuningSection) -> dict[str, list[dict[str, Any]]]:
    ranges: dict[str, list[dict[str, Any]]] = {
        "IntegerParameterRanges": [],
        "ContinuousParameterRanges": [],
        "CategoricalParameterRanges": [],
    }
    for name, given in tuning.ranges.items():
        if given.values:
            # The training toolkit decodes every hyperparameter once as JSON.
            values = [json.dumps(value) for value in given.values]
            ranges["CategoricalParameterRanges"].append({"Name": name, "Values": values})
        else:
            kind = "IntegerParameterRanges" if given.whole else "ContinuousParameterRanges"
            ranges[kind].append({"Name": name, **_limits(given), "ScalingType": given.scaling})
    return ranges


def _limits(given: HyperparameterRange) -> dict[str, str]:
    pairs = {"MinValue": given.minimum, "MaxValue": given.maximum}
    return {key: str(int(value) if given.whole else value) for key, value in pairs.items() if value is not None}


def _channel(name: str, uri: str, content_type: str = "text/csv") -> dict[str, Any]:
    source = {"S3DataType": "S3Prefix", "S3Uri": uri, "S3DataDistributionType": "FullyReplicated"}
    return {
        "ChannelName": name,
        "DataSource": {"S3DataSource": source},
        "ContentType": content_type,
        "CompressionType": "None",
        "InputMode": "File",
    }


def _base_name(uri: str) -> str:
    return uri.rpartition("/")[2]


def _processing_request(
    *,
    image: str,
    inputs: dict[str, str],
    arguments: list[str],
    output_uri: str,
    libraries: str,
    volume_gb: int = PROCESSING_VOLUME_GB,
    max_runtime_seconds: int = PROCESSING_MAX_RUNTIME_SECONDS,
) -> dict[str, Any]:
    output = {"S3Uri": output_uri, "LocalPath": OUTPUT, "S3UploadMode": "EndOfJob"}
    return {
        "ImageUri": image,
        "ContainerArguments": arguments,
        "Environment": {"PYTHONPATH": f"{INPUT}/code:{INPUT}/code/{libraries}"},
        "ProcessingInputs": [_processing_input(name, uri) for name, uri in inputs.items()],
        "ProcessingOutputConfig": {"Outputs": [{"OutputName": "output", "S3Output": output}]},
        "ProcessingResources": {
            "ClusterConfig": {
                "InstanceCount": 1,
                "InstanceType": PROCESSING_INSTANCE_TYPE,
                "VolumeSizeInGB": volume_gb,
            }
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": max_runtime_seconds},
        "TimeoutSeconds": max_runtime_seconds + START_UP_SECONDS,
    }


def _processing_input(name: str, uri: str) -> dict[str, Any]:
    return {
        "InputName": name,
        "S3Input": {
            "S3Uri": uri,
            "LocalPath": f"{INPUT}/{name}",
            "S3DataType": "S3Prefix",
            "S3InputMode": "File",
            "S3DataDistributionType": "FullyReplicated",
            "S3CompressionType": "None",
        },
    }
