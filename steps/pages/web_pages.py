"""Pages for people: no script, nothing from elsewhere, nothing kept by the browser.

`shared/` holds the layout, the style that all pages share, and the page of a refusal.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from markupsafe import Markup

from steps.pages.rendering import templates

SHARED = Path(__file__).parent / "shared"
_STYLE = "page.css"


class WebPages:
    """The pages in a folder: templates, and a page.css beside the shared style."""

    def __init__(self, folder: Path) -> None:
        self._templates = templates(folder, SHARED)
        parts = (SHARED / "base.css", folder / _STYLE)
        self._style = "".join(part.read_text(encoding="utf-8") for part in parts)

    @property
    def security_headers(self) -> dict[str, str]:
        """Headers of every page: only its own style, only its own form, no frame around it, no trace of its address."""
        return self.headers_with()

    def headers_with(self, *styles: str) -> dict[str, str]:
        """The same for a page that has these styles too."""
        return security_headers(self._style, *styles)

    def html(self, template: str, values: Mapping[str, object]) -> str:
        """A template with values in it."""
        # The style is files of this project, not anybody's input.
        return self._templates.get_template(template).render({**values, "style": Markup(self._style)})  # noqa: S704


def security_headers(*styles: str) -> dict[str, str]:
    """Headers of a page: only these styles, only its own form, no frame around it, no trace of its address."""
    digests = (base64.b64encode(hashlib.sha256(style.encode()).digest()).decode() for style in styles)
    allowed = " ".join(f"'sha256-{digest}'" for digest in digests)
    return {
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "Content-Security-Policy": (
            f"default-src 'none'; style-src {allowed}; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        ),
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "X-Robots-Tag": "noindex",
    }


def is_cross_site(headers: Mapping[str, str], host: str) -> bool:
    """Whether the browser says that a form is another site's; without a word from it, it is not.

    headers: names in lower case. A page with no referrer policy sends its form with the origin `null`, so that alone
    says nothing.
    """
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site not in {"same-origin", "none"}
    origin = headers.get("origin", "null")
    try:
        return origin != "null" and urlsplit(origin).netloc not in {headers.get("host", host), host}
    except ValueError:  # no browser sends an address that is none
        return True
