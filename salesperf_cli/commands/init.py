"""`salesperf init`: starts a project folder. Writes three small things and overwrites none."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from salesperf_cli.config import BUILTIN_PIPELINE, PROJECT_FILE
from salesperf_cli.environment import Environment
from salesperf_cli.errors import ConflictError, InputError
from salesperf_cli.options import DryRunOption, PipelineOption, environment
from salesperf_cli.resources import shipped_folder

_COPIED_PIPELINE = "pipeline"
_TEMPLATE = """\
# Settings of this project. A flag or a variable SALESPERF_… wins over this file;
# `salesperf config show` tells where each value comes from.

# "olist" is built in; a folder of your own holds contracts and SQL models.
pipeline = "{pipeline}"

# memory_limit = "4GB"         # default 1GB; what does not fit goes to disk
# threads = 2

[targets.local]
lake = "lake"                  # everything that salesperf keeps on this machine

# [targets.dev]                # a target on AWS: salesperf --target dev …
# region = "sa-east-1"
# profile = "sales-dev"        # a profile of ~/.aws/config; never a secret here
# monthly_budget = 50.00       # US dollars; what would exceed it is refused
"""
_IGNORED = "# The lake holds data, not source.\nlake/\n"


@dataclass(frozen=True, slots=True)
class WriteFileStep:
    """Create a file with this text."""

    path: Path
    text: str

    def run(self) -> None:
        """Create the file; ConflictError when somebody else just did."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with self.path.open("x", encoding="utf-8", newline="\n") as stream:
                stream.write(self.text)
        except FileExistsError as error:
            raise ConflictError(f"{self.path} appeared in between", remedy="run the command again") from error


@dataclass(frozen=True, slots=True)
class CopyFolderStep:
    """Copy a folder that travels with salesperf, for editing."""

    path: Path
    origin: Path

    def run(self) -> None:
        """Copy under a name of our own first, so that a half copy is never taken for a pipeline."""
        part = self.path.with_name(f".{self.path.name}.{os.getpid()}.part")
        part.parent.mkdir(parents=True, exist_ok=True)
        try:
            shutil.copytree(self.origin, part)
            part.rename(self.path)
        finally:
            shutil.rmtree(part, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class InitPlan:
    """What `init` will do in a folder: its steps, and what is there already and stays as it is."""

    folder: Path
    pipeline: str
    steps: tuple[WriteFileStep | CopyFolderStep, ...]
    kept: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class InitReport:
    """The JSON shape of `init`; paths are relative to the project folder."""

    project: Path
    pipeline: str
    dry_run: bool
    created: tuple[str, ...]
    kept: tuple[str, ...]
    next: tuple[str, ...]


def init(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="A new or existing folder; . for this one.")],
    pipeline: PipelineOption = None,
    copy_pipeline: Annotated[
        bool, typer.Option("--copy-pipeline", help="Copy the built-in pipeline into the project, to edit it.")
    ] = False,
    dry_run: DryRunOption = False,
) -> None:
    """Start a project in a folder.

    Writes salesperf.toml and .gitignore. Nothing that exists is overwritten, so it is safe to run again.

    Examples:
      salesperf init shop
      salesperf init . --copy-pipeline
      salesperf init shop --pipeline ../our-pipeline
    """
    world = environment(ctx)
    plan = plan_init(world.cwd / Path(name).expanduser(), _reference(world.cwd, world.flags.pipeline, copy_pipeline))
    if not dry_run:
        for step in plan.steps:
            step.run()
    report = _report(plan, world.cwd, dry_run)
    if world.sink.document_format != "table":
        world.sink.document(report)
    _tell(world, report)


def _reference(cwd: Path, pipeline: str | None, copy_pipeline: bool) -> str | None:
    """What salesperf.toml should say about the pipeline, None when the user did not say."""
    if pipeline is None:
        return _COPIED_PIPELINE if copy_pipeline else None
    if copy_pipeline:
        raise InputError(
            "--pipeline and --copy-pipeline exclude each other",
            why="the first uses a folder where it lies, the second makes a new one",
            remedy="leave one of them out",
        )
    folder = (cwd / Path(pipeline).expanduser()).resolve()
    if pipeline == BUILTIN_PIPELINE or (folder / "pipeline.yaml").is_file():
        return pipeline if pipeline == BUILTIN_PIPELINE else str(folder)
    raise InputError(
        f"{folder} is not a pipeline folder",
        why="it has no pipeline.yaml",
        remedy="salesperf init NAME --copy-pipeline makes one to start from",
    )


def plan_init(folder: Path, reference: str | None) -> InitPlan:
    """Decide what is missing in a folder. Raises InputError when what is there says something else."""
    folder = Path(os.path.normpath(folder))
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder} is a file", why="a project is a folder", remedy="choose another name")
    steps: list[WriteFileStep | CopyFolderStep] = []
    kept: list[Path] = []
    project_file = folder / PROJECT_FILE
    if project_file.exists():
        reference = _agreed(project_file, reference)
        kept.append(project_file)
    else:
        shown = (reference or BUILTIN_PIPELINE).replace("\\", "/").replace('"', '\\"')
        steps.append(WriteFileStep(project_file, _TEMPLATE.format(pipeline=shown)))
    if reference == _COPIED_PIPELINE:
        copy = folder / _COPIED_PIPELINE
        if copy.exists():
            kept.append(copy)
        else:
            steps.append(CopyFolderStep(copy, shipped_folder(f"glue_scripts/{BUILTIN_PIPELINE}")))
    ignore = folder / ".gitignore"
    if ignore.exists():
        kept.append(ignore)
    else:
        steps.append(WriteFileStep(ignore, _IGNORED))
    return InitPlan(folder, reference or BUILTIN_PIPELINE, tuple(steps), tuple(kept))


def _agreed(project_file: Path, reference: str | None) -> str:
    """The pipeline that an existing salesperf.toml names, unless another one was asked for."""
    from salesperf_cli.config import read_project_file

    said = str(read_project_file(project_file.parent).top.get("pipeline", BUILTIN_PIPELINE))
    if reference is None or reference == said:
        return said
    raise InputError(
        f"{project_file} exists and names the pipeline {said!r}",
        why=f"init overwrites nothing, and {reference!r} was asked for",
        remedy=f'set pipeline = "{reference}" in that file, or init another folder',
    )


def _report(plan: InitPlan, cwd: Path, dry_run: bool) -> InitReport:
    def relative(path: Path) -> str:
        text = str(path.relative_to(plan.folder))
        return text + "/" if path.suffix == "" and path.name == _COPIED_PIPELINE else text

    inside = plan.folder.is_relative_to(cwd)
    enter = () if plan.folder == cwd else (f"cd {plan.folder.relative_to(cwd) if inside else plan.folder}",)
    commands = (
        *enter,
        "salesperf ingest PATH-TO-YOUR-FILES",
        "salesperf run-batch --promote",
        "salesperf status",
    )
    created = tuple(relative(step.path) for step in plan.steps)
    kept = tuple(relative(path) for path in plan.kept)
    return InitReport(plan.folder, plan.pipeline, dry_run, created, kept, commands[:3])


def _tell(world: Environment, report: InitReport) -> None:
    sink = world.sink
    for path in report.created:
        sink.step(path, "would be created" if report.dry_run else "created", mark="·" if report.dry_run else "✓")
    for path in report.kept:
        sink.step(path, "was there, stays as it is", mark="·")
    if ".gitignore" in report.kept:
        text = (report.project / ".gitignore").read_text(encoding="utf-8", errors="replace")
        if not {"lake", "lake/", "/lake", "/lake/"} & {line.strip() for line in text.splitlines()}:
            sink.warn(".gitignore does not name lake/: add that line, the lake holds data")
    if not report.dry_run:
        sink.next_steps(report.next, as_typed=False)
