"""Puts what templates point at into a bucket, as `sam package` does, and makes the templates point there.

Every object's key is the digest of its content, so the same content is uploaded once and a template changes only when
what it points at changes.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Mapping
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

from greenlight.errors import WrongUseError
from greenlight.package_content import files_below
from local.template_syntax import TemplateSyntaxError, parse_template

# What a function's or a layer's package holds: `Metadata: Package` lists names in its folder; without it, all of it.
PACKAGE = "Package"
# The earliest time a zip archive can hold; with it the same files always make the same archive.
ZIP_TIME = (1980, 1, 1, 0, 0, 0)
ZIP_MODE = 0o644 << 16

# Puts content under a key and returns its address: s3://bucket/key.
Upload = Callable[[str, bytes], str]
# Says where CloudFormation finds a template that was put at s3://bucket/key.
TemplateUrl = Callable[[str], str]


class Packager:
    """Packages one root template with everything below it."""

    def __init__(self, upload: Upload, template_url: TemplateUrl) -> None:
        self._upload = upload
        self._template_url = template_url
        self._zipped = cache(zip_folders)

    def package(self, template: Path) -> dict[str, Any]:
        """The template, its intrinsic functions in their long form, pointing at the bucket only.

        Raises WrongUseError naming the file that is missing or wrong.
        """
        document = read_template(template)
        folder = template.parent
        shared = document.get("Globals", {}).get("Function", {}).pop("CodeUri", None)
        for name, resource in document.get("Resources", {}).items():
            properties = resource.setdefault("Properties", {})
            place = f"{template}: {name}"
            match resource.get("Type"):
                case "AWS::Serverless::Application":
                    self._replace(properties, "Location", place, lambda given: self._package_child(folder / given))
                case "AWS::CloudFormation::Stack":
                    self._replace(properties, "TemplateURL", place, lambda given: self._package_child(folder / given))
                case "AWS::Serverless::Function":
                    if shared is not None:
                        properties.setdefault("CodeUri", shared)
                    chosen = resource.get("Metadata", {}).get(PACKAGE)
                    self._replace(properties, "CodeUri", place, lambda given: self._zip(folder / given, chosen))  # noqa: B023 - called at once
                case "AWS::Serverless::LayerVersion":
                    chosen = resource.get("Metadata", {}).get(PACKAGE)
                    self._replace(properties, "ContentUri", place, lambda given: self._zip(folder / given, chosen))  # noqa: B023 - called at once
                case "AWS::Serverless::StateMachine":
                    self._replace(properties, "DefinitionUri", place, lambda given: self._put(folder / given))
        return document

    def put_template(self, document: Mapping[str, Any]) -> str:
        """Upload a packaged template; returns its address for CloudFormation."""
        content = json.dumps(document, indent=1).encode()
        return self._template_url(self._upload(f"{_digest(content)}.template", content))

    @staticmethod
    def _replace(properties: dict[str, Any], key: str, place: str, put: Callable[[str], str]) -> None:
        given = properties.get(key)
        if not isinstance(given, str) or given.startswith(("s3://", "http://", "https://")):
            return
        try:
            properties[key] = put(given)
        except FileNotFoundError as error:
            raise WrongUseError(f"{place}: {key} points at {error.filename}, which does not exist") from error

    def _package_child(self, template: Path) -> str:
        return self.put_template(self.package(template))

    def _put(self, file: Path) -> str:
        content = file.read_bytes()
        return self._upload(f"{_digest(content)}{file.suffix}", content)

    def _zip(self, folder: Path, chosen: list[str] | None) -> str:
        content = self._zipped(folder.resolve(strict=True), tuple(chosen) if chosen is not None else None)
        return self._upload(f"{_digest(content)}.zip", content)


def read_template(file: Path) -> dict[str, Any]:
    """A template file as plain values. Raises WrongUseError saying what is wrong with it."""
    try:
        return deepcopy(parse_template(file.read_text()))
    except TemplateSyntaxError as error:
        raise WrongUseError(f"{file}: {error}") from error


def zip_folders(folder: Path, chosen: tuple[str, ...] | None) -> bytes:
    """A zip archive of some folders below one, always the same for the same files.

    chosen: names below folder; everything in it when None
    Raises FileNotFoundError for one that does not exist.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, file in files_below(folder, chosen).items():
            entry = zipfile.ZipInfo(name, ZIP_TIME)
            entry.external_attr = ZIP_MODE
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, file.read_bytes())
    return buffer.getvalue()


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:32]
