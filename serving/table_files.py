"""The files of a table's model in its archive; both containers of an inference pipeline are given all of them."""

from __future__ import annotations

TRANSFORMER = "transformer.skops"
BOOSTER = "booster.ubj"
SCHEMA = "schema.json"
