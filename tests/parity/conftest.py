"""Spark for the tests of this folder, or the reason why there is none."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest


@pytest.fixture(scope="session", autouse=True)
def spark_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which this process's Spark was started; skips where pyspark, Java or the jars cannot be had."""
    pytest.importorskip("pyspark", reason="pyspark is not installed here; run: make parity")
    if shutil.which("java") is None and not os.environ.get("JAVA_HOME"):
        pytest.skip("Spark needs Java 17 and there is none")
    from salesperf_cli.backends.spark.session import LocalSpark, local_session
    from salesperf_cli.errors import InputError

    home = tmp_path_factory.mktemp("spark")
    jars = os.environ.get("SALESPERF_SPARK_JARS", "")
    try:
        with local_session(home, home / "first", LocalSpark(home, jars, "2GB", 2)) as session:
            assert session.range(3).count() == 3
    except InputError as missing:
        if "jars cannot be had" in missing.what:
            pytest.skip(f"{missing.what}: {missing.why}")
        raise
    return home
