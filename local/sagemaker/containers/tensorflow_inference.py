"""What the TensorFlow inference image does with `serve`: one SavedModel behind /ping and /invocations.

Reads   SAGEMAKER_BASE_DIR (an /opt/ml) and below it model/<N>/saved_model.pb
        SAGEMAKER_BIND_TO_PORT, SAGEMAKER_TFS_INTRA_OP_PARALLELISM, SAGEMAKER_TFS_INTER_OP_PARALLELISM
Serves  on 127.0.0.1 until SIGTERM
Run     python tensorflow_inference.py
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from serving.hosting import create_hosting_app, tensorflow_invocations
from serving.listening import listen, take_port
from serving.saved_model import NoSavedModelError, SavedModel, find_saved_model

DEFAULT_THREADS = 2
# Below the time after which the fleet kills what has not stopped.
GRACE_SECONDS = 4
# The fleet keeps its connections; one that this side closed would break the request that just set out on it.
KEEP_ALIVE_SECONDS = 24 * 3600


def main() -> None:
    """Load the model, then answer."""
    base = Path(os.environ["SAGEMAKER_BASE_DIR"])
    if (base / "model" / "code").is_dir():
        sys.exit("The archive holds code/, which the laptop's TensorFlow inference container does not run.")
    try:
        directory = find_saved_model(base / "model")
    except NoSavedModelError as error:
        sys.exit(str(error))
    bound = take_port("127.0.0.1", int(os.environ["SAGEMAKER_BIND_TO_PORT"]))
    _prepare_tensorflow()
    app = create_hosting_app(tensorflow_invocations(SavedModel(directory)))
    listen(app, bound, grace_seconds=GRACE_SECONDS, keep_alive_seconds=KEEP_ALIVE_SECONDS)


def _prepare_tensorflow() -> None:
    """A laptop runs more than this one server; TensorFlow alone would take every core for each request."""
    # Keras imports scikit-learn for wrappers that no server uses, and takes a second for it; the image has neither.
    sys.modules["sklearn"] = None  # type: ignore[assignment]  # how Python notes what cannot be imported
    import tensorflow as tf  # noqa: PLC0415 - after the checks that need no TensorFlow

    intra = int(os.environ.get("SAGEMAKER_TFS_INTRA_OP_PARALLELISM", DEFAULT_THREADS))
    inter = int(os.environ.get("SAGEMAKER_TFS_INTER_OP_PARALLELISM", DEFAULT_THREADS))
    tf.config.threading.set_intra_op_parallelism_threads(intra)
    tf.config.threading.set_inter_op_parallelism_threads(inter)


if __name__ == "__main__":
    main()
