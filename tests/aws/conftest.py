"""A project whose target lies in a stand-in account: commands run in process, AWS is on loopback."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from salesperf_cli.backends.aws.athena import AthenaQueries
from salesperf_cli.backends.aws.session import Account, AwsSession
from tests.athena_names import DATABASES
from tests.aws.asking import WORKGROUP
from tests.aws.ministack import ministack, missing_ministack
from tests.aws.played_athena import Play, served
from tests.aws.standin.parts import ACCOUNT, REGION, ROOT
from tests.lake import Result, in_process

SECRET = "standin-secret-4f1c9e"
"""The stand-in takes any; no output may hold it."""
STANDIN_PARAMETERS = ROOT / "tests" / "infra" / "standin.json"


@dataclass(frozen=True)
class Shop:
    """A project folder with the target `standin` at `endpoint_url`."""

    folder: Path
    endpoint_url: str

    def call(self, *args: str) -> Result:
        """Run a command line on the target."""
        variables = {"HOME": str(self.folder)}
        result = in_process(*args, "--target", "standin", folder=self.folder, variables=variables)
        assert SECRET not in result.stdout + result.stderr, f"{args} shows the secret key"
        return result

    def done(self, *args: str) -> Any:
        """Run a command line that must succeed; gives its document."""
        result = self.call(*args)
        assert result.exit_code == 0, f"{args}: exit {result.exit_code}\n{result.stderr}"
        return result.document if result.stdout else None

    def rows(self, sql: str, *args: str) -> list[dict[str, Any]]:
        """The answer to a question."""
        found: list[dict[str, Any]] = self.done("query", sql, "-o", "json", *args)
        return found

    def set_parameters(self, more: Mapping[str, str]) -> None:
        """Write the target's parameter file: that of the stand-in, and more."""
        entries = {each["ParameterKey"]: each["ParameterValue"] for each in json.loads(STANDIN_PARAMETERS.read_text())}
        form = [{"ParameterKey": key, "ParameterValue": value} for key, value in {**entries, **more}.items()]
        (self.folder / "standin.json").write_text(json.dumps(form))


def new_shop(folder: Path, endpoint_url: str) -> Shop:
    """A project in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    target = f'[targets.standin]\nregion = "{REGION}"\nendpoint_url = "{endpoint_url}"\nparameters = "standin.json"\n'
    (folder / "salesperf.toml").write_text(target)
    shop = Shop(folder, endpoint_url)
    shop.set_parameters({})
    return shop


@pytest.fixture(scope="session")
def credentials() -> Iterator[None]:
    """The stand-in's credentials, where boto3 looks for them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", ACCOUNT)
        patch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        yield


@pytest.fixture
def shop(tmp_path: Path, credentials: None) -> Iterator[Shop]:
    """A project in a fresh account that knows neither jobs nor queries."""
    if missing := missing_ministack():
        pytest.skip(missing)
    with ministack(tmp_path / "account") as endpoint_url:
        yield new_shop(tmp_path / "shop", endpoint_url)


@pytest.fixture(scope="module")
def stage() -> Iterator[tuple[Play, AwsSession]]:
    """One server and one session for all tests here: a client takes longer to make than a test to run."""
    play = Play()
    with pytest.MonkeyPatch.context() as patch, served(play) as address:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "testing")
        patch.delenv("AWS_PROFILE", raising=False)
        yield play, AwsSession(Account("sa-east-1", None, address))


@pytest.fixture
def play(stage: tuple[Play, AwsSession]) -> Play:
    """Athena as a script plays it, begun anew."""
    stage[0].begin_anew()
    return stage[0]


@pytest.fixture
def pauses() -> list[float]:
    """The seconds that were waited."""
    return []


@pytest.fixture
def queries(stage: tuple[Play, AwsSession], play: Play, pauses: list[float]) -> AthenaQueries:
    """Queries that the play answers."""
    return AthenaQueries(stage[1], WORKGROUP, DATABASES, pause=pauses.append)
