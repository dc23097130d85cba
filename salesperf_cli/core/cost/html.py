"""The report as one HTML file that needs nothing else: stacked bars, a curve over scale, every line and its source.

Colours follow the reader's light or dark setting; nothing is loaded from anywhere, and nothing runs.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from decimal import Decimal
from html import escape

from salesperf_cli.core.cost.architecture import Architecture, CostReport, report
from salesperf_cli.core.cost.estimate import CostLine, explained
from salesperf_cli.core.cost.money import ZERO, dollars, short_number
from salesperf_cli.core.cost.usage import Case
from salesperf_cli.core.cost.whatif import Point, curve

_STYLE = """
:root{color-scheme:light dark;--ink:#1d2430;--soft:#5b6675;--rule:#d9dee6;--page:#fff;--card:#f6f8fa;
--c0:#3366cc;--c1:#d9822b;--c2:#2e8b57;--c3:#a23b72;--c4:#7a6ad8;--c5:#0f8b8d;--c6:#b5453c;--c7:#8a8f98}
@media (prefers-color-scheme:dark){:root{--ink:#e6eaf0;--soft:#9aa5b4;--rule:#333b47;--page:#14181e;--card:#1c222a;
--c0:#7aa2f7;--c1:#f0a95a;--c2:#5fc48d;--c3:#e07ab0;--c4:#a99cf5;--c5:#4fc3c5;--c6:#ef8a80;--c7:#9aa0aa}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:60rem;padding:2rem 1.25rem 4rem;background:var(--page);color:var(--ink);
font:16px/1.5 system-ui,sans-serif}
h1{font-size:1.5rem;margin:0}h2{font-size:1.1rem;margin:2.5rem 0 .5rem}p{margin:.4rem 0;max-width:44rem}
.soft,.axis{color:var(--soft)}.big{font-size:2.6rem;font-weight:650;margin:.2rem 0}
table{border-collapse:collapse;width:100%;font-size:.9rem}
th,td{padding:.3rem .6rem .3rem 0;text-align:left;border-bottom:1px solid var(--rule);vertical-align:top}
.n{padding-right:1.6rem;text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
svg{width:100%;height:auto;display:block}svg text{fill:var(--ink);font:13px system-ui,sans-serif}
svg .axis{fill:var(--soft)}.scroll{overflow-x:auto}
ul.key{list-style:none;padding:0;display:flex;flex-wrap:wrap;gap:.3rem 1.2rem;font-size:.9rem}
.key i{display:inline-block;width:.8rem;height:.8rem;border-radius:.15rem;margin-right:.4rem;vertical-align:-.05rem}
.warn{background:var(--card);border-left:4px solid var(--c1);padding:.7rem 1rem}summary{cursor:pointer}
details p{font-size:.85rem;color:var(--soft);margin:.1rem 0 .1rem 1rem}
"""
_COLOURS = 8
_OVER = "orders_per_day"


def page(architecture: Architecture) -> str:
    """The whole report."""
    found = report(architecture)
    cases = {case: _sums(architecture.month(case).lines) for case in Case}
    order = sorted(cases[Case.EXPECTED], key=lambda name: -cases[Case.EXPECTED][name])
    points = curve(architecture, _OVER, architecture.usage.expected[_OVER])
    present = architecture.usage.expected[_OVER]
    title = f"A month in {escape(found.region)}"
    return "\n".join(
        (
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width,initial-scale=1">',
            f"<title>{title}: {dollars(found.expected.gross)}</title><style>{_STYLE}</style></head><body>",
            f"<h1>{title}</h1>",
            f'<p class="big">{dollars(found.expected.gross)}</p>',
            f"<p>{_beside(found)}</p>",
            f'<p class="soft">Prices of {found.book_date}, usage: {escape(found.usage)}.</p>',
            _warnings(found),
            "<h2>By service</h2>",
            _stacked(cases, order),
            _key(order),
            "<h2>Over scale</h2>",
            _curve(points, present),
            f"<h2>Line by line</h2>{_lines(found)}",
            f"<h2>Free tier of the account</h2>{_free(found)}",
            "</body></html>\n",
        )
    )


def _beside(found: CostReport) -> str:
    low, high = dollars(found.low.gross), dollars(found.high.gross)
    net = dollars(found.expected.net)
    return f"{net} after the account's free tier; {low} to {high} with low and high usage. USD, taxes excluded."


def _sums(lines: Sequence[CostLine]) -> Mapping[str, Decimal]:
    sums: dict[str, Decimal] = {}
    for line in lines:
        sums[line.service] = sums.get(line.service, ZERO) + line.usd
    return sums


def _warnings(found: CostReport) -> str:
    texts = []
    if found.assumed_usd:
        texts.append(f"<p>{dollars(found.assumed_usd)} of it rests on assumed or unverified prices.</p>")
    if found.unpriced:
        rows = "".join(f"<li>{escape(each.resource)}: {escape(each.reason)}</li>" for each in found.unpriced)
        texts.append(f"<p>{found.unpriced_count} without a price, in no sum:</p><ul>{rows}</ul>")
    return f'<div class="warn">{"".join(texts)}</div>' if texts else ""


def _colour(order: Sequence[str], name: str) -> str:
    return f"var(--c{min(order.index(name), _COLOURS - 1)})"


def _stacked(cases: Mapping[Case, Mapping[str, Decimal]], order: Sequence[str]) -> str:
    """A bar a case, each service a piece of it."""
    most = max((sum(sums.values(), ZERO) for sums in cases.values()), default=ZERO) or Decimal(1)
    parts = ['<svg viewBox="0 0 900 150" role="img" aria-label="Cost by service in the three cases of usage">']
    for row, (case, sums) in enumerate(cases.items()):
        y, x = 10 + row * 48, 90.0
        parts.append(f'<text x="0" y="{y + 22}">{case.value}</text>')
        for name in (each for each in order if sums.get(each)):
            width = float(sums[name] / most) * 720
            tip = f"{escape(name)}: {dollars(sums[name])}"
            fill = _colour(order, name)
            parts.append(
                f'<rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="32" fill="{fill}"><title>{tip}</title></rect>'
            )
            x += width
        parts.append(f'<text x="{x + 8:.1f}" y="{y + 22}">{dollars(sum(sums.values(), ZERO))}</text>')
    return "".join((*parts, "</svg>"))


def _key(order: Sequence[str]) -> str:
    items = (
        f'<li><i style="background:{_colour(order, name)}"></i>{escape(name)}</li>' for name in order[: _COLOURS - 1]
    )
    rest = '<li><i style="background:var(--c7)"></i>others</li>' if len(order) >= _COLOURS else ""
    return f'<ul class="key">{"".join(items)}{rest}</ul>'


def _curve(points: Sequence[Point], present: Decimal) -> str:
    """Cost over orders a day, both logarithmic."""
    kept = [point for point in points if point.value > 0 and point.gross > 0]
    if len(kept) < 2:
        return "<p>There is nothing to draw.</p>"
    xs = [math.log10(point.value) for point in kept]
    ys = [math.log10(point.gross) for point in kept]
    low, high = math.floor(min(ys)), max(math.ceil(max(ys)), math.floor(min(ys)) + 1)

    def at(x: float, y: float) -> tuple[float, float]:
        return 90 + 780 * (x - xs[0]) / (xs[-1] - xs[0]), 270 - 250 * (y - low) / (high - low)

    parts = ['<svg viewBox="0 0 900 320" role="img" aria-label="Cost a month over orders a day">']
    for power in range(low, high + 1):
        _, y = at(xs[0], power)
        parts.append(f'<line x1="90" x2="870" y1="{y:.1f}" y2="{y:.1f}" stroke="var(--rule)"/>')
        label = dollars(Decimal(10) ** power).removesuffix(".00")
        parts.append(f'<text class="axis" x="82" y="{y + 4:.1f}" text-anchor="end">{label}</text>')
    for power in range(math.ceil(xs[0]), math.floor(xs[-1]) + 1):
        x, _ = at(power, low)
        label = short_number(Decimal(10) ** power)
        parts.append(f'<text class="axis" x="{x:.1f}" y="292" text-anchor="middle">{label}</text>')
    places = [at(x, y) for x, y in zip(xs, ys, strict=True)]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    parts.append(f'<polyline points="{line}" fill="none" stroke="var(--c0)" stroke-width="2.5"/>')
    for point, (x, y) in zip(kept, places, strict=True):
        is_now = point.value == present
        tip = f"{short_number(point.value)} orders a day: {dollars(point.gross)}"
        radius, fill = (7, "var(--c1)") if is_now else (4, "var(--c0)")
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius}" fill="{fill}"><title>{tip}</title></circle>')
        if is_now:
            parts.append(f'<text x="{x:.1f}" y="{y - 14:.1f}" text-anchor="middle">now</text>')
    parts.append('<text class="axis" x="480" y="314" text-anchor="middle">orders a day</text>')
    return "".join((*parts, "</svg>"))


def _lines(found: CostReport) -> str:
    rows = []
    for line in sorted(found.lines, key=lambda each: -each.usd):
        why = "".join(f"<p>{escape(name)}: {escape(text)}</p>" for name, text in explained(line))
        first = f"<details><summary>{escape(line.resource)}</summary>{why}</details>"
        rows.append(
            f"<tr><td>{escape(line.service)}</td><td>{first}</td><td>{escape(line.what)}</td>"
            f'<td class="n">{dollars(line.usd)}</td><td>{line.standing}</td></tr>'
        )
    head = '<tr><th>Service</th><th>Resource</th><th>For</th><th class="n">USD a month</th><th>Price</th></tr>'
    return f'<div class="scroll"><table>{head}{"".join(rows)}</table></div>'


def _free(found: CostReport) -> str:
    rows = "".join(
        f"<tr><td>{escape(each.service)}</td><td>{escape(each.usage_type)}</td>"
        f"<td>{short_number(each.used)} of {short_number(each.free)}</td>"
        f'<td class="n">{dollars(-each.usd)}</td><td>{escape(each.source)}</td></tr>'
        for each in found.free_tier
    )
    head = '<tr><th>Service</th><th>Usage type</th><th>Used</th><th class="n">USD</th><th>Source</th></tr>'
    return f'<div class="scroll"><table>{head}{rows}</table></div>'
