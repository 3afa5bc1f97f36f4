from __future__ import annotations

from local.instance_types import FILE, render
from steps import instance_types
from steps.job_requests import PROCESSING_INSTANCE_TYPE
from steps.prices import price_table


def test_the_committed_types_are_those_of_the_installed_botocore() -> None:
    assert FILE.read_text(encoding="utf-8") == render(), "run: python -m local.instance_types"


def test_some_types_serve_but_do_not_train_and_the_other_way_round() -> None:
    assert "ml.t2.medium" in instance_types.HOSTING - instance_types.TRAINING - instance_types.PROCESSING
    assert "ml.t3.medium" in instance_types.TRAINING - instance_types.HOSTING
    assert "ml.m5.xlarge" in instance_types.HOSTING & instance_types.TRAINING & instance_types.PROCESSING


def test_our_own_processing_jobs_run_on_a_type_that_processes() -> None:
    assert PROCESSING_INSTANCE_TYPE in instance_types.PROCESSING


def test_no_price_is_that_of_a_type_that_does_not_exist() -> None:
    known = {
        "processing": instance_types.PROCESSING,
        "training": instance_types.TRAINING,
        "hosting": instance_types.HOSTING,
    }
    for charged in price_table().regions.values():
        for use, prices in charged.instances.items():
            assert set(prices) <= known[use]
