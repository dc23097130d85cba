"""Writes the generated pages of docs/reference/ from the code and the contracts, so that they cannot drift.

`make docs` runs it; tests/unit/test_docs.py fails when a committed page differs. Pages written by hand are not touched.
What is on a page is in docs/pages, or beside the code that the page is about.
"""

from __future__ import annotations

import sys
from pathlib import Path

DOCS = Path(__file__).resolve().parent
# The checkout's package, also where another one is installed; and `pages`, also where something else was started.
sys.path[:0] = [str(DOCS.parent), str(DOCS)]

from pages.commands import commands_page  # noqa: E402
from pages.contract_format import contract_format_page  # noqa: E402
from pages.exit_codes import exit_codes_page  # noqa: E402
from pages.permissions import permissions_page  # noqa: E402
from pages.pipeline_tables import tables_page  # noqa: E402
from pages.portable_functions import portable_functions_page  # noqa: E402
from salesperf_cli.core.athena import reference_page as athena_page  # noqa: E402
from salesperf_cli.core.cost.reference import reference_page as usage_page  # noqa: E402
from salesperf_cli.core.events.function_contract import function_contract  # noqa: E402
from salesperf_cli.core.pipeline import load_pipeline  # noqa: E402

HEAD = "<!-- Written by docs/generate.py. Change what it reads, then run: make docs -->\n\n"


def pages() -> dict[str, str]:
    """Every generated page: path below docs/ and text."""
    return {
        "reference/commands.md": HEAD + commands_page(),
        "reference/exit-codes.md": HEAD + exit_codes_page(),
        "reference/contract-format.md": HEAD + contract_format_page(),
        "reference/olist-tables.md": HEAD + tables_page(),
        "reference/athena-sql.md": athena_page(),
        "reference/usage-figures.md": HEAD + usage_page(),
        "reference/portable-functions.md": HEAD + portable_functions_page(),
        "reference/aws-permissions.md": HEAD + permissions_page(),
    }


def write() -> list[str]:
    """Write the pages that differ from what is on disk, and name them."""
    changed = []
    for name, text in pages().items():
        file = DOCS / name
        if not file.exists() or file.read_text("utf-8") != text:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, "utf-8")
            changed.append(name)
    return changed


def write_function_contract() -> list[str]:
    """Write the contract that the speed layer's function judges by, where it differs, and name it."""
    (contract,) = load_pipeline("olist").contracts(["speed"]).values()
    file, compiled = DOCS.parent / "infra" / "lambda" / "contract.json", function_contract(Path(contract.origin))
    if file.exists() and file.read_bytes() == compiled:
        return []
    file.write_bytes(compiled)
    return ["infra/lambda/contract.json"]


if __name__ == "__main__":
    for name in (*(f"docs/{page}" for page in write()), *write_function_contract()):
        print(name)
