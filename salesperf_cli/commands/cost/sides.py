"""What one side of a comparison means: templates, a usage file, parameters, a region, `deployed` or `local`.

No command of its own.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from salesperf_cli.commands.cost.request import parameters
from salesperf_cli.errors import InputError
from salesperf_cli.resources import shipped_folder

if TYPE_CHECKING:
    from pathlib import Path

    from salesperf_cli.core.cost.architecture import Architecture
    from salesperf_cli.environment import Environment


def side(world: Environment, base: Architecture, text: str) -> Architecture:
    """The architecture with what `text` names in place of its own. Raises InputError when it names nothing."""
    from salesperf_cli.core.cost.template import read_templates

    if text == "deployed":
        return _deployed(world, base)
    if text == "local":
        return replace(base, templates=read_templates(shipped_folder("infra")))
    if text in base.book.regions:
        return base.in_region(text)
    path = world.cwd / text
    if path.is_dir():
        return replace(base, templates=read_templates(path))
    if path.is_file():
        return _file(world, base, path, text)
    if (shipped_folder("infra") / "parameters" / f"{text}.json").is_file():
        return replace(base, parameters=parameters(world, text, shipped_folder("infra")))
    raise InputError(
        f"{text} names nothing to compare",
        why="it is no file or folder, no parameters (dev, prod), no region of the price book",
        remedy="what the target has is called deployed, what it would get local; see: salesperf cost diff --help",
    )


def _file(world: Environment, base: Architecture, path: Path, text: str) -> Architecture:
    from salesperf_cli.core.cost.template import read_parameters, read_templates
    from salesperf_cli.core.cost.usage import read_usage

    content = path.read_text("utf-8", errors="replace")
    if "ParameterKey" in content:
        return replace(base, parameters=read_parameters(path))
    if "Resources" in content:
        return replace(base, templates=read_templates(path))
    return replace(base, usage=replace(read_usage(path), origin=text))


def _deployed(world: Environment, base: Architecture) -> Architecture:
    from salesperf_cli.core.cost.template import parse_template
    from salesperf_cli.factory import open_deployment

    deployment = open_deployment(world)
    templates, values = [], dict(base.parameters)
    for template, name in deployment.names.items():
        state = deployment.stacks.state(name)
        if state is not None:
            templates.append(parse_template(deployment.stacks.body(name), template, name))
            values.update(state.parameters)
    if not templates:
        raise InputError(
            f"the target {world.settings.target} is not deployed",
            why="none of its stacks is there",
            remedy=f"salesperf deploy --target {world.settings.target}",
        )
    return replace(base, templates=tuple(templates), parameters=values)
