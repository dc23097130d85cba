"""Makes the folder that the stand-in account runs from: `python install.py FOLDER` (make standin).

It becomes a venv that carries Java for Trino, with Trino and Spark's jars beside it. Standard library only.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent


def main(folder: Path) -> int:
    lacking = [program for program in ("java", "mvn") if shutil.which(program) is None]
    if lacking:
        _say(f"Skipped: the stand-in account needs Java 17 and Maven, and there is no {' and no '.join(lacking)} here.")
        return 0
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "-r", str(HERE / "requirements.txt")], check=True)
    maven = [
        "mvn",
        "--batch-mode",
        "--quiet",
        "-f",
        str(HERE / "pom.xml"),
        f"-Dto={folder.resolve()}",
        "generate-resources",
    ]
    if subprocess.run(maven, check=False).returncode:
        _say("Skipped: Maven did not give Trino or Spark's jars (see above); the tests of the stand-in account skip.")
        return 0
    _unpack(folder / "archives", folder / "trino")
    (folder / "ready").touch()
    return 0


def _unpack(archives: Path, trino: Path) -> None:
    """The server with the two plugins that are wanted; those that it brings only make its start slower."""
    # Not by Maven: the server's archive has hard links, which its plugin leaves out.
    with tarfile.open(next(archives.glob("trino-server-core-*.tar.gz"))) as server:
        server.extractall(archives, filter="data")
    next(archives.glob("trino-server-core-*/")).rename(trino)
    shutil.rmtree(trino / "plugin")
    for plugin in ("iceberg", "hive"):
        with zipfile.ZipFile(next(archives.glob(f"trino-{plugin}-*.zip"))) as packed:
            packed.extractall(trino / "plugin")
        next(trino.glob(f"plugin/trino-{plugin}-*")).rename(trino / "plugin" / plugin)
    shutil.rmtree(archives)


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
