from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from steps.audit import EMPTY, NO_RECORD, AuditEvent, AuditRecord, Head, breaks_of, chained, digest_of_document


def event(number: int, **changes: object) -> AuditEvent:
    told = {"recipe": "tweets", "kind": "released", "run_id": f"tweets-{number}", "who": ["a@example.com"], "why": "ok"}
    return AuditEvent.model_validate({**told, "at": datetime(2026, 3, number, tzinfo=UTC), **changes})


@pytest.fixture
def chain() -> list[AuditRecord]:
    records: list[AuditRecord] = []
    head = EMPTY
    for number in range(1, 6):
        records.append(chained(event(number), head))
        head = Head(records[-1].sequence, records[-1].digest)
    return records


def head_of(records: list[AuditRecord]) -> Head:
    return Head(records[-1].sequence, records[-1].digest)


def test_a_record_names_the_one_before_and_comes_back_as_it_was_told(chain: list[AuditRecord]) -> None:
    assert chain[0].previous == NO_RECORD
    assert chain[1].previous == chain[0].digest
    assert [record.sequence for record in chain] == [1, 2, 3, 4, 5]
    assert chain[2].event == event(3)


def test_a_whole_chain_has_no_break(chain: list[AuditRecord]) -> None:
    assert list(breaks_of(chain, head_of(chain))) == []
    assert list(breaks_of(chain, None)) == []
    assert list(breaks_of([], EMPTY)) == []


def edited(record: AuditRecord, why: str) -> AuditRecord:
    body = json.loads(record.document)
    body["event"]["why"] = why
    return replace(record, document=json.dumps(body, sort_keys=True, separators=(",", ":")))


def test_an_edited_record_shows(chain: list[AuditRecord]) -> None:
    chain[2] = edited(chain[2], "never mind")
    assert list(breaks_of(chain, head_of(chain))) == ["Record 3 was edited: its text does not have its digest."]


def test_an_edited_record_with_a_new_digest_shows_in_the_next_one(chain: list[AuditRecord]) -> None:
    changed = edited(chain[2], "never mind")
    chain[2] = replace(changed, digest=digest_of_document(changed.document))
    assert list(breaks_of(chain, head_of(chain))) == ["Record 4 does not follow record 3 as it is now."]


def test_an_edited_last_record_with_a_new_digest_shows_in_the_head(chain: list[AuditRecord]) -> None:
    head = head_of(chain)
    changed = edited(chain[4], "never mind")
    chain[4] = replace(changed, digest=digest_of_document(changed.document))
    assert list(breaks_of(chain, head)) == ["Record 5 is not the one that the chain's end names."]


@pytest.mark.parametrize(
    ("gone", "said"),
    [
        (slice(0, 1), "Record 1 is missing."),
        (slice(1, 3), "Records 2 to 3 are missing."),
        (slice(4, 5), "Record 5 is missing at the end."),
        (slice(3, 5), "Records 4 to 5 are missing at the end."),
        (slice(0, 5), "Records 1 to 5 are missing at the end."),
    ],
)
def test_removed_records_show(chain: list[AuditRecord], gone: slice, said: str) -> None:
    head = head_of(chain)
    del chain[gone]
    assert said in list(breaks_of(chain, head))


def test_a_record_put_in_the_place_of_another_shows(chain: list[AuditRecord]) -> None:
    head = head_of(chain)
    chain[1] = replace(chain[3], sequence=2)
    assert "Record 2 says that it is number 4." in list(breaks_of(chain, head))


@pytest.mark.parametrize(
    "document", ["", "no JSON", "[]", '{"sequence":2}', '{"sequence":2,"previous":"x","event":{}}']
)
def test_a_record_that_is_none_is_said_and_the_rest_is_still_looked_at(chain: list[AuditRecord], document: str) -> None:
    head = head_of(chain)
    chain[1] = AuditRecord(2, document, chain[1].digest)
    said = list(breaks_of(chain, head))
    assert "Record 2 cannot be read." in said
    assert "Record 2 was edited: its text does not have its digest." in said
    assert not any(word in line for line in said for word in ("Record 4", "Record 5"))


def test_an_older_record_with_fewer_fields_is_still_whole(chain: list[AuditRecord]) -> None:
    body = json.loads(chain[4].document)
    del body["event"]["report_digest"]
    document = json.dumps(body)
    record = AuditRecord(5, document, digest_of_document(document))
    assert list(breaks_of([*chain[:4], record], Head(5, record.digest))) == []
    assert record.event.report_digest == ""


def test_events_of_one_kind_in_one_run_are_told_apart_by_their_step() -> None:
    first, second = event(1, kind="vote", step="0"), event(1, kind="vote", step="1")
    assert first.once != second.once
    assert first.once == event(1, kind="vote", step="0", why="told again").once
