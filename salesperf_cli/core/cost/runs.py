"""A layer's Glue job in an architecture, and how long its runs take."""

from __future__ import annotations

from decimal import Decimal

from salesperf_cli.core.cost.activity import Surroundings
from salesperf_cli.core.cost.architecture import Architecture
from salesperf_cli.core.cost.template import Resource
from salesperf_cli.core.cost.usage import Case
from salesperf_cli.errors import InputError


def job_of(architecture: Architecture, layer: str) -> Resource:
    """The job that makes a layer. Raises InputError when the templates have none."""
    for resource in architecture.resources:
        if resource.kind == "AWS::Glue::Job" and resource.text("DefaultArguments", "--layer") == layer:
            return resource
    raise InputError(
        f"the templates have no job for {layer}", why="no AWS::Glue::Job has it as --layer", remedy="check --templates"
    )


def run_seconds(architecture: Architecture, layer: str, case: Case = Case.EXPECTED) -> Decimal:
    """How long one run of a layer works, by the usage figures."""
    job = job_of(architecture, layer)
    around = Surroundings(architecture.resources, architecture.usage.case(case).of(job.name))
    return around.run_seconds(layer, job.number("NumberOfWorkers", default=2))
