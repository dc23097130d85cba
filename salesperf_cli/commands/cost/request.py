"""What a cost command asks about: its options, and the architecture made of them, the project and what travels with us.

No command of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from salesperf_cli.errors import InputError
from salesperf_cli.resources import shipped_folder

if TYPE_CHECKING:
    from collections.abc import Mapping

    from salesperf_cli.core.cost.architecture import Architecture
    from salesperf_cli.core.cost.book import PriceBook
    from salesperf_cli.core.cost.usage import UsageRange
    from salesperf_cli.environment import Environment

UsageOption = Annotated[
    Path | None,
    typer.Option("--usage", metavar="FILE", help="Usage figures; else usage.yaml of the project, else defaults."),
]
RegionOption = Annotated[str | None, typer.Option("--region", metavar="NAME", help="Whose prices; else price_region.")]
TemplatesOption = Annotated[
    Path | None, typer.Option("--templates", metavar="PATH", help="A template or a folder; else those of salesperf.")
]
ParametersOption = Annotated[
    str | None,
    typer.Option("--parameters", metavar="NAME", help="dev, prod, or a file of parameters; else the target's."),
]


@dataclass(frozen=True, slots=True)
class CostRequest:
    """What the options say; None where nothing was said."""

    templates: Path | None = None
    parameters: str | None = None
    usage: Path | None = None
    region: str | None = None


def architecture(world: Environment, asked: CostRequest) -> Architecture:
    """The architecture that was asked about. Raises InputError."""
    from salesperf_cli.core.cost.architecture import Architecture
    from salesperf_cli.core.cost.template import read_templates

    folder = world.cwd / asked.templates if asked.templates else shipped_folder("infra")
    book = price_book(world)
    return Architecture(
        templates=read_templates(folder),
        parameters=parameters(world, asked.parameters, folder),
        usage=usage(world, asked.usage),
        book=book,
        region=known_region(book, asked.region, "--region") if asked.region else region(world),
    )


def known_region(book: PriceBook, name: str, option: str) -> str:
    """A region as typed. Raises InputError where the book has no price of it: all of it would be unpriced."""
    if name in book.regions:
        return name
    raise InputError(
        f"{option} cannot be {name!r}",
        why=f"the price book has prices of {', '.join(book.regions)} only",
        remedy=f"{option} {book.regions[0]}",
    )


def region(world: Environment) -> str:
    """The region of the target, or the one whose prices the settings name."""
    settings = world.settings
    return settings.price_region if settings.is_local else settings.region or settings.price_region


def parameters(world: Environment, name: str | None, folder: Path) -> Mapping[str, str]:
    """Parameters by the name of an environment, or from a file; those of the target when nothing is said."""
    from salesperf_cli.core.cost.template import read_parameters

    homes = [home / "parameters" for home in (folder, shipped_folder("infra"))]
    if name is None and world.settings.parameters is not None:
        return read_parameters(world.settings.parameters)
    if name is None:
        # As a deployment has it: without a file the templates' own defaults hold. This machine looks like dev.
        names = ("dev",) if world.settings.is_local else (world.settings.target,)
        named = [home / f"{each}.json" for home in homes for each in names]
        return next((read_parameters(file) for file in named if file.is_file()), {})
    if (world.cwd / name).is_file():
        return read_parameters(world.cwd / name)
    for home in homes:
        if (home / f"{name}.json").is_file():
            return read_parameters(home / f"{name}.json")
    raise InputError(
        f"there are no parameters {name!r}",
        why=f"neither a file of that name nor {homes[-1].name}/{name}.json",
        remedy="--parameters dev, --parameters prod, or the path of a file",
    )


def usage(world: Environment, file: Path | None) -> UsageRange:
    """The usage of a file, of the project's usage.yaml, or the defaults."""
    from salesperf_cli.core.cost.usage import USAGE_FILE, default_usage, read_usage

    if file is not None:
        return replace(read_usage(world.cwd / file), origin=str(file))
    own = world.settings.project / USAGE_FILE
    return replace(read_usage(own), origin=USAGE_FILE) if own.is_file() else default_usage()


def price_book(world: Environment) -> PriceBook:
    """The project's price book or the packaged one; warns when it is old."""
    from salesperf_cli.core.cost.book import STALE_AFTER_DAYS, project_book

    book = project_book(world.settings.project)
    age = book.age(world.clock().date())
    if age > STALE_AFTER_DAYS:
        world.sink.warn(
            f"the prices are {age} days old ({book.generated}); salesperf cost prices refresh reads new ones"
        )
    return book


def amount(text: str, option: str) -> Decimal:
    """A sum of money as typed, `200` or `$200`. Raises InputError."""
    try:
        found = Decimal(text.strip().removeprefix("$").replace(",", ""))
    except InvalidOperation:
        found = Decimal(-1)
    if not found.is_finite() or found < 0:
        raise InputError(f"{option} cannot be {text!r}", why="it is no sum of money", remedy=f"{option} 200")
    return found
