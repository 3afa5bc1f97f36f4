"""Writes steps/instance_types.py from botocore's model of SageMaker, which the rules may not read themselves.

Run     python -m local.instance_types      writes the file
"""

from __future__ import annotations

import textwrap
from pathlib import Path

import botocore.session
from botocore.model import StringShape

FILE = Path(__file__).parent.parent / "steps" / "instance_types.py"
# Use of an instance -> botocore's enum.
ENUMS = {
    "PROCESSING": "ProcessingInstanceType",
    "TRAINING": "TrainingInstanceType",
    "HOSTING": "ProductionVariantInstanceType",
}
_HEAD = '''"""Which instance types SageMaker processes, trains and serves on.

Written by `python -m local.instance_types` from botocore's model of SageMaker; a test says when it is out of date.
"""

# ruff: noqa: SIM905 - lists of hundreds of quoted names would hide what is in them

from __future__ import annotations
'''


def render() -> str:
    """The file's text, from the botocore that is installed."""
    model = botocore.session.get_session().get_service_model("sagemaker")
    parts = [_HEAD]
    for name, shape in ENUMS.items():
        enum = model.shape_for(shape)
        if not isinstance(enum, StringShape):
            raise TypeError(f"botocore's {shape} is no list of names any more")
        types = textwrap.fill(" ".join(sorted(enum.enum)), width=112, break_on_hyphens=False)
        parts.append(f'{name} = frozenset(\n    """\n{textwrap.indent(types, "    ")}\n    """.split()\n)\n')
    return "\n".join(parts)


if __name__ == "__main__":
    FILE.write_text(render(), encoding="utf-8")
