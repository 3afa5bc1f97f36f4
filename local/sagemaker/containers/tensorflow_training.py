"""What the TensorFlow and scikit-learn images do with `train`: the sagemaker-training toolkit runs the user's script.

Reads   SAGEMAKER_BASE_DIR (the job's /opt/ml) and below it input/config/*.json
Writes  output/success or output/failure below it
Run     python tensorflow_training.py
"""

from __future__ import annotations

import os
import sys
from pathlib import Path


def main() -> None:
    """Run the entry point as the image's framework module does: what the script raised goes into output/failure."""
    from sagemaker_training import entry_point, environment  # noqa: PLC0415 - reads SAGEMAKER_BASE_DIR when imported

    job = environment.Environment()
    entry_point.run(job.module_dir, job.user_entry_point, job.to_cmd_args(), job.to_env_vars(), capture_error=True)


if __name__ == "__main__":
    # The toolkit would load all of TensorFlow only to list the names of its exceptions, and does without when it is
    # not there. The user's script is a process of its own and loads it as ever.
    sys.modules["tensorflow"] = None  # type: ignore[assignment]  # Python's way to make an import fail
    os.environ["SAGEMAKER_TRAINING_MODULE"] = f"{Path(__file__).stem}:{main.__name__}"
    from sagemaker_training.cli import train

    train.main()
