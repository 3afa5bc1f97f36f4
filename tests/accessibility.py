"""What axe-core finds wrong with the page a browser shows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

AXE = Path(__file__).parents[1] / ".cache/node/node_modules/axe-core/axe.min.js"
SERIOUS = ("serious", "critical")
# The rules of WCAG 2.2 up to level AA, and those that axe-core calls best practice.
_RUN = """
const done = arguments[arguments.length - 1];
axe.run(document, {resultTypes: ["violations"]}).then(
  (found) => done(found.violations.map((each) => [each.impact, each.id, each.help, each.nodes.map((n) => n.html)])),
  (error) => done([["critical", "axe", String(error), []]])
);
"""


def serious_problems(driver: Any) -> list[str]:
    """Problems of the page that axe-core calls serious or critical, a line each; the browser needs JavaScript."""
    if not AXE.is_file():
        pytest.fail("the checker of pages is not installed; run: make install-node (needs Node and npm)")
    driver.execute_script(AXE.read_text(encoding="utf-8"))
    driver.set_script_timeout(60)
    found = driver.execute_async_script(_RUN)
    return [
        f"{rule}: {words}: {' '.join(elements)[:500]}" for impact, rule, words, elements in found if impact in SERIOUS
    ]
