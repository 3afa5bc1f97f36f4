"""A report as a file: the part that other pages show, and the style it is shown with."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

# Values in a report are escaped, so none of them can be one of these.
BEGIN = "<!-- report begins -->"
END = "<!-- report ends -->"
_STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)


class ReportUnreadableError(Exception):
    """What was read is not the report that was asked for; the message is a sentence for people."""


@dataclass(frozen=True)
class ReportDocument:
    """A whole report, the part between its markers, and its style."""

    html: str
    part: str
    style: str


def read_document(body: bytes, digest: str) -> ReportDocument:
    """A report by its bytes; raises ReportUnreadableError when they are not those of the digest."""
    if hashlib.sha256(body).hexdigest() != digest:
        raise ReportUnreadableError("The report was changed after it was written, so it is not shown.")
    html = body.decode()
    style = _STYLE.search(html)
    begin, end = html.find(BEGIN), html.find(END)
    if style is None or not 0 <= begin < end:
        raise ReportUnreadableError("The report has another form than this page knows, so it is not shown.")
    return ReportDocument(html=html, part=html[begin + len(BEGIN) : end], style=style.group(1))
