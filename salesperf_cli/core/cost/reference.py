"""The reference page of usage figures, free tiers and billed types, made from the code that uses them."""

from __future__ import annotations

from salesperf_cli.core.cost.figures import FIGURES
from salesperf_cli.core.cost.free import ALWAYS_FREE
from salesperf_cli.core.cost.metering import FREE_OF_CHARGE, METERS
from salesperf_cli.core.cost.money import plain_number

_HEAD = """# Usage figures

What `salesperf cost` reckons with. A usage file gives any of them another value, a number or
`{low: …, expected: …, high: …}`; `salesperf cost usage > usage.yaml` writes one with all of
them, and with `--measured` it holds what the project's own lake shows. Under `resources:` a
single resource gets figures of its own:

```yaml
orders_per_day: {low: 500, expected: 800, high: 4000}
resources:
  GoldJob: {gold_run_seconds: 300}
```

Quantities hold a month of 730 hours (365 days of 24 hours in 12 parts), as AWS's own
calculator has it. GB and TB are powers of 1024, as on the bill.
"""

_FREE = """## Free tier of an account

Taken off once for all resources, and shown apart. The price book holds more: a price that
begins at so many units is free up to there. Offers of the first twelve months are left out.

| Service | Usage types | Units a month | Source | Verified |
|---|---|---|---|---|
"""


def reference_page() -> str:
    """The page as Markdown."""
    parts = [_HEAD]
    for group in dict.fromkeys(figure.group for figure in FIGURES.values()):
        rows = [
            f"| `{each.name}` | {each.unit} | {_default(each.low, each.expected, each.high)} | {each.meaning} "
            f"| {each.source} |"
            for each in FIGURES.values()
            if each.group == group
        ]
        head = "| Figure | Unit | Low, expected, high | Meaning | From |\n|---|---|---|---|---|"
        parts.append(f"## {group}\n\n{head}\n" + "\n".join(rows) + "\n")
    free = [
        f"| {each.service} | {', '.join(each.keys)} | {plain_number(each.quantity)} | {each.source} "
        f"| {'yes' if each.verified else 'no'} |"
        for each in ALWAYS_FREE
    ]
    parts.append(_FREE + "\n".join(free) + "\n")
    parts.append("## Resource types that are priced\n\n" + "\n".join(f"- `{kind}`" for kind in sorted(METERS)) + "\n")
    nothing = "\n".join(f"| `{kind}` | {why} |" for kind, why in sorted(FREE_OF_CHARGE.items()))
    parts.append(f"## Resource types that cost nothing\n\n| Type | Why |\n|---|---|\n{nothing}\n")
    parts.append("Any other type is listed as unpriced, and counted.\n")
    return "\n".join(parts)


def _default(*values: object) -> str:
    return "yours" if values[1] is None else ", ".join(f"{value:,f}" for value in values)
