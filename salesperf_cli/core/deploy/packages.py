"""What a deployment uploads: the wheel, the job's script, the function's code, and a pipeline folder.

Each is made the same from the same files, bit for bit, and its key holds its content's hash: what is there already need
not be uploaded again, and a changed key is what makes CloudFormation update a job.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from salesperf_cli import __version__
from salesperf_cli.errors import InputError
from salesperf_cli.resources import shipped_folder

JOB_MODULES = ("msgspec", "pydantic", "PyYAML", "sqlglot", "pyiceberg")
"""What the wheel needs in a job and Glue does not carry, or carries older; Glue installs it from its package index."""
_LONG_AGO = (1980, 1, 1, 0, 0, 0)
_PACKAGE = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Package:
    """A file for the artifacts bucket. `parameter` is the template's parameter that takes its key."""

    parameter: str
    folder: str
    name: str
    data: bytes

    @property
    def key(self) -> str:
        """Its key: `wheels/<sha256-16>/salesperf-….whl`."""
        return f"{self.folder}/{hashlib.sha256(self.data).hexdigest()[:16]}/{self.name}"


def packages_for(declared: set[str], pipeline: Path | None) -> tuple[Package, ...]:
    """The packages that templates with these parameters need; `pipeline` is a folder, None for the one built in.

    Raises InputError when something that travels with salesperf is missing.
    """
    made = []
    if "ScriptKey" in declared:
        script = (shipped_folder("glue_scripts") / "run_layer.py").read_bytes()
        made.append(Package("ScriptKey", "glue", "run_layer.py", script))
    if "WheelKey" in declared:
        made.append(Package("WheelKey", "wheels", f"salesperf-{__version__}-py3-none-any.whl", wheel()))
    if "FunctionKey" in declared:
        made.append(Package("FunctionKey", "lambda", "handler.zip", function()))
    if "PipelineKey" in declared and pipeline is not None:
        made.append(
            Package("PipelineKey", "pipelines", f"{pipeline.name}.zip", zipped(_files(pipeline, pipeline.name)))
        )
    return tuple(made)


def job_modules() -> str:
    """What jobs install, as `name==version` pairs separated by commas: the versions that are installed here."""
    from importlib.metadata import version

    return ",".join(f"{name}=={version(name)}" for name in JOB_MODULES)


def wheel() -> bytes:
    """The wheel of this very package with what travels with it.

    It declares no dependencies: pip would bring what a job has no use for, and other versions than Glue's own.
    """
    files = [
        *_files(_PACKAGE, "salesperf_cli", without=("_pipelines", "_infra")),
        *_files(shipped_folder("glue_scripts"), "salesperf_cli/_pipelines"),
    ]
    about = f"salesperf-{__version__}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: salesperf\nVersion: {__version__}\n"
    form = "Wheel-Version: 1.0\nGenerator: salesperf\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    files += [(f"{about}/METADATA", metadata.encode()), (f"{about}/WHEEL", form.encode())]
    record = "".join(f"{name},{_record(data)}\n" for name, data in files) + f"{about}/RECORD,,\n"
    return zipped([*files, (f"{about}/RECORD", record.encode())])


def function() -> bytes:
    """The code of the speed layer's function."""
    folder = shipped_folder("infra") / "lambda"
    if not (folder / "handler.py").is_file():
        raise InputError(
            "the function's code is missing",
            why="infra/lambda/handler.py did not come with this installation",
            remedy="install salesperf again, or leave the stream out: salesperf deploy foundation batch serving",
        )
    return zipped(_files(folder, ""))


def zipped(files: list[tuple[str, bytes]] | Iterator[tuple[str, bytes]]) -> bytes:
    """A zip that depends on names and contents alone.

    Not compressed: two builds of zlib press the same bytes differently, and jobs would change with who deploys.
    """
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, data in files:
            entry = zipfile.ZipInfo(name, _LONG_AGO)
            entry.external_attr = 0o644 << 16
            entry.create_system = 3  # as on Linux, wherever it is made
            archive.writestr(entry, data)
    return out.getvalue()


def _files(folder: Path, under: str, without: tuple[str, ...] = ()) -> Iterator[tuple[str, bytes]]:
    """The files below a folder by name, without what Python or an editor leaves there."""
    for file in sorted(folder.rglob("*")):
        inside = file.relative_to(folder)
        hidden = any(part.startswith(".") or part == "__pycache__" or part in without for part in inside.parts)
        if file.is_file() and not hidden:
            yield f"{under}/{inside.as_posix()}".lstrip("/"), file.read_bytes()


def _record(data: bytes) -> str:
    """A file's hash and size, as a wheel's RECORD has them (PyPA, binary distribution format)."""
    import base64

    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
    return f"sha256={digest},{len(data)}"
