"""`salesperf demo`: the whole pipeline on sample data, in one go."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from salesperf_cli.errors import InputError
from salesperf_cli.options import environment

if TYPE_CHECKING:
    from salesperf_cli.environment import Environment

QUESTIONS = {
    "Which states bring most revenue?": """\
SELECT customer_state, count(DISTINCT order_id) AS orders,
       sum(price) AS revenue
FROM gold.sales_wide
GROUP BY 1 ORDER BY revenue DESC LIMIT 5""",
    "What sold best around Black Friday 2017?": """\
SELECT product_category_en, count(*) AS items,
       sum(price) AS revenue
FROM gold.sales_wide WHERE purchase_month = DATE '2017-11-01'
GROUP BY 1 ORDER BY revenue DESC LIMIT 5""",
    "Does a late parcel cost stars?": """\
SELECT is_late, count(*) AS items,
       round(avg(CAST(review_score AS double)), 2) AS stars
FROM gold.sales_wide
WHERE is_late IS NOT NULL AND review_score IS NOT NULL
GROUP BY 1 ORDER BY 1""",
}


@dataclass(frozen=True, slots=True)
class DemoReport:
    """The JSON shape of `demo`: where everything is, and what was asked."""

    project: Path
    lake: Path
    questions: tuple[str, ...]


def demo(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="[FOLDER]", help="A new folder for the project.")] = Path(
        "demo-shop"
    ),
    orders: Annotated[int, typer.Option("--orders", metavar="N", min=1, help="How many orders to make up.")] = 10_000,
    seed: Annotated[int, typer.Option("--seed", metavar="S", help="The same seed gives the same data.")] = 42,
) -> None:
    """Run the whole pipeline on sample data, in one go.

    Makes a project, writes nine sample CSV files, ingests them, builds, audits and publishes silver and gold, and asks
    three questions. Each step shows the command that does the same.

    Examples:
      salesperf demo
      salesperf demo my-shop --orders 50000
    """
    world = environment(ctx)
    project = _new_folder(world, folder)
    story = _Story(world, project)
    story.step("A project: its settings and its lake in one folder", ["init", str(project)])
    sample = ["sample", "sample", "--orders", str(orders), "--seed", str(seed)]
    story.step(f"Nine CSV files of a shop with {orders:,} orders", sample)
    story.step("Bronze: the files as received, each once", ["ingest", "sample"])
    story.step("Silver and gold: built, audited, published", ["run-batch", "--promote"])
    for title, sql in QUESTIONS.items():
        story.step(title, ["query", sql], show=True)
    _tell_end(world, folder, project)


def _new_folder(world: Environment, folder: Path) -> Path:
    """Where the project will be. Raises InputError when something is there already."""
    project = world.cwd / folder
    if project.exists() and any(project.iterdir()):
        raise InputError(
            f"{folder} is there already and not empty",
            why="the demo starts from nothing, so that you can see each step",
            remedy=f"remove it (rm -r {folder}), or name another: salesperf demo other-shop",
        )
    return project


class _Story:
    """Runs commands of ours one after the other, each under a heading and as it would be typed."""

    def __init__(self, world: Environment, project: Path) -> None:
        self._world = world
        self._project = project
        self._number = 0

    def step(self, title: str, arguments: list[str], *, show: bool = False) -> None:
        """Run one command in the project; its data is shown only where it is the point of the step."""
        from salesperf_cli.commands.demo_stage import run_inside

        self._number += 1
        sink = self._world.sink
        sink.say(f"\n{self._number}. {title}")
        typed = [Path(each).name if each == str(self._project) else each for each in arguments]
        sink.say(f"   $ salesperf {' '.join(map(_as_typed, typed))}".replace("\n", "\n     "))
        run_inside(self._world, self._project, arguments, show=show)


def _as_typed(argument: str) -> str:
    """An argument as a person would quote it in a shell: SQL has single quotes of its own."""
    return f'"{argument}"' if " " in argument and not set('"$`\\') & set(argument) else shlex.quote(argument)


def _tell_end(world: Environment, folder: Path, project: Path) -> None:
    report = DemoReport(project, project / "lake", tuple(QUESTIONS))
    if world.sink.document_format != "table":
        world.sink.document(report)
    world.sink.say(f"\nThe lake is in {folder / 'lake'}")
    world.sink.next_steps(
        [
            f"cd {folder}",
            "salesperf status",
            "salesperf query --name top_states",
            "salesperf contract show gold.sales_wide",
        ]
    )
