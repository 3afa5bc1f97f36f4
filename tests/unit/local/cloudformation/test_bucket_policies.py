from __future__ import annotations

from typing import Any

import pytest

from local.cloudformation.bucket_policies import statements_that_can_hold

PLAIN = {"Effect": "Allow", "Action": "s3:GetObject"}
TLS_ONLY = {"Effect": "Deny", "Action": "s3:*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}


@pytest.mark.parametrize(
    ("statement", "left"),
    [
        ([PLAIN, TLS_ONLY], [PLAIN]),
        (TLS_ONLY, []),
        ({**TLS_ONLY, "Condition": {"Bool": {"AWS:secureTransport": False}}}, []),
        (PLAIN, [PLAIN]),
        ({**PLAIN, "Condition": {"Bool": {"aws:SecureTransport": "true"}}}, None),
    ],
)
def test_a_statement_against_plain_transport_never_holds(statement: Any, left: list[Any] | None) -> None:
    expected = [statement] if left is None else left
    assert statements_that_can_hold({"Statement": statement}) == expected
