from __future__ import annotations

import pytest

from bench.release import Timing, split_seconds


@pytest.mark.parametrize(
    ("state", "seconds", "elsewhere"),
    [
        ("PrepareRun", 0.5, 0.0),
        ("TrainModel", 10.0, 9.5),
        ("RequestApproval", 3.0, 3.0),
        ("WaitForEndpoint", 5.0, 5.0),
    ],
)
def test_seconds_of_a_job_an_approver_or_an_endpoint_are_not_orchestration(
    state: str, seconds: float, elsewhere: float
) -> None:
    timings = split_seconds([{"name": state, "status": "succeeded", "seconds": seconds}], {"TrainModel": 9.5})
    assert timings == [Timing(state, seconds, elsewhere)]
    assert timings[0].orchestration == seconds - elsewhere


def test_a_job_whose_clock_ran_longer_than_its_state_takes_all_of_it() -> None:
    timings = split_seconds([{"name": "Preprocess", "status": "succeeded", "seconds": 1.0}], {"Preprocess": 1.2})
    assert timings[0].orchestration == 0
