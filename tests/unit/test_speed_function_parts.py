"""The function's modules travel together, and what its calls need is made before the first."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import zipfile
from pathlib import Path

from salesperf_cli.core.deploy.packages import function

LAMBDA = {
    "AWS_LAMBDA_FUNCTION_NAME": "speed",
    "AWS_DEFAULT_REGION": "sa-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "SALESPERF_LAKE_BUCKET": "lake",
    "SALESPERF_SPEED_PREFIX": "speed/t/",
    "SALESPERF_REJECTED_PREFIX": "speed_rejected/t/",
}


def deployed(folder: Path) -> Path:
    with zipfile.ZipFile(io.BytesIO(function())) as archive:
        archive.extractall(folder)
    return folder


def after(code: str, folder: Path, **variables: str) -> str:
    """What a fresh Python prints that has nothing but the deployed files and its own packages."""
    given = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTHON"))}
    done = subprocess.run(
        [sys.executable, "-B", "-c", code],
        cwd=folder,
        env=given | variables,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def test_the_zip_holds_every_module_and_the_contract(tmp_path: Path) -> None:
    names = {file.name for file in deployed(tmp_path).iterdir()}
    assert names == {"handler.py", "event_contract.py", "event_landing.py", "contract.json"}


def test_on_lambda_the_client_is_made_when_the_module_is_imported(tmp_path: Path) -> None:
    code = "import handler; print(handler._landing.cache_info().currsize, handler.handle({'Records': []}, None))"
    assert after(code, deployed(tmp_path), **LAMBDA) == "1 {'batchItemFailures': []}"


def test_anywhere_else_importing_it_makes_nothing(tmp_path: Path) -> None:
    code = "import sys, handler; print(handler._landing.cache_info().currsize, 'botocore' in sys.modules)"
    assert after(code, deployed(tmp_path)) == "0 False"


def test_the_local_target_loads_the_same_modules_without_awss_side(tmp_path: Path) -> None:
    code = (
        "import sys; from salesperf_cli.backends.embedded.function import module; found = module();"
        "print(found.Landing.__module__, found.Contract.__module__, {'handler', 'botocore'} & {*sys.modules})"
    )
    root = str(Path(__file__).resolve().parents[2])
    assert after(code, tmp_path, PYTHONPATH=root) == "event_landing event_contract set()"
