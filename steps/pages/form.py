"""The form on a recipe's page: its fields, and the row that a browser sends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import parse_qs

from steps.model_card import ModelCard

FORM_TYPE = "application/x-www-form-urlencoded"
TEXT_FIELD = "text"
_COLUMN_FIELD = "column:"
# Beside the columns; a browser sends each field once.
OTHER_FIELDS = 10


class FormError(Exception):
    """What came is no form of this page. status: for HTTP; the message is a sentence for whoever sent it"""

    def __init__(self, status: HTTPStatus, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


@dataclass(frozen=True)
class Field:
    """One column of a table's form."""

    column: str
    value: str
    is_numeric: bool

    @property
    def name(self) -> str:
        """What the browser sends it as."""
        return f"{_COLUMN_FIELD}{self.column}"


def read_fields(content_type: str, body: str, *, most_fields: int = OTHER_FIELDS) -> dict[str, str]:
    """The fields of a form; raises FormError."""
    if content_type.partition(";")[0].strip().lower() != FORM_TYPE:
        raise FormError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Please use the form on the page.")
    try:
        parsed = parse_qs(body, keep_blank_values=True, max_num_fields=most_fields, errors="strict")
    except ValueError as error:
        raise FormError(
            HTTPStatus.BAD_REQUEST, "The form could not be read; please use the one on the page."
        ) from error
    return {name: values[0] for name, values in parsed.items()}


def most_fields(card: ModelCard) -> int:
    """How many fields a recipe's form may have."""
    return OTHER_FIELDS + (len(card.input.features.columns) if card.input.features else 0)


def instance_of(fields: Mapping[str, str], card: ModelCard) -> object:
    """The row in a form, as a program would send it; an empty field of a table is a missing value."""
    if card.input.features is None:
        # Browsers send every line break as two characters.
        return fields.get(TEXT_FIELD, "").replace("\r\n", "\n")
    sent = {column: fields.get(f"{_COLUMN_FIELD}{column}") for column in card.input.features.columns}
    return {column: value for column, value in sent.items() if value is not None}


def example_of(card: ModelCard, number: str) -> object:
    """An example row by its number from 0; the first for a table and none for a text when there is no such number."""
    if number.isascii() and number.isdecimal() and len(number) < len("100") and int(number) < len(card.examples):
        return card.examples[int(number)]
    if card.input.features is None:
        return ""
    return card.examples[0] if card.examples else {}


def fields_of(instance: object, card: ModelCard) -> list[Field]:
    """A table's form, filled with a row."""
    table = card.input.features
    if table is None:
        return []
    row = instance if isinstance(instance, Mapping) else {}
    return [Field(column, _written(row.get(column)), column in table.numeric) for column in table.columns]


def _written(value: object) -> str:
    if value is None:
        return ""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
