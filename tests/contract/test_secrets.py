"""What the port `Secrets` promises, in an environment variable and in Secrets Manager; nothing is shown of a secret."""

from __future__ import annotations

import io
import traceback
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from salesperf_cli.backends.ports import Secrets
from salesperf_cli.environment import Environment
from salesperf_cli.errors import InputError
from salesperf_cli.factory import AwsWorkspace, LocalWorkspace, open_secrets

Store = Callable[[str], tuple[Secrets, str]]
TEXT = 'x-"é"\nhunter2'


@pytest.fixture
def store(target: str, request: pytest.FixtureRequest) -> Store:
    """Puts a secret where the target keeps them; gives that place and the secret's name."""
    name = f"shop/{uuid.uuid4().hex}"
    if target == "embedded":
        from salesperf_cli.backends.embedded.secrets import VariableSecrets

        return lambda text: (VariableSecrets({name: text, "OTHER": "hunter2"}, name), name)
    from salesperf_cli.backends.aws.secrets import SecretsManager

    session = request.getfixturevalue("aws")

    def put(text: str) -> tuple[Secrets, str]:
        session.client("secretsmanager").create_secret(Name=name, SecretString=text)
        return SecretsManager(session), name

    return put


def test_a_secret_is_read_as_it_was_stored(store: Store) -> None:
    secrets, name = store(TEXT)
    assert secrets.read(name) == TEXT


def test_a_secret_that_is_not_there_is_told_without_any_other(store: Store) -> None:
    secrets, _ = store(TEXT)
    with pytest.raises(InputError) as caught:
        secrets.read("OTHER")
    told = "".join(traceback.format_exception(caught.value)) + repr(vars(caught.value))
    assert "hunter2" not in told and caught.value.remedy


def test_a_target_on_aws_asks_secrets_manager_and_this_machine_its_variables(
    request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    from salesperf_cli.backends.aws.lake import AwsLake

    session, name = request.getfixturevalue("aws"), f"shop/{uuid.uuid4().hex}"
    session.client("secretsmanager").create_secret(Name=name, SecretString=TEXT)
    world: Any = Environment(io.StringIO(), io.StringIO(), io.StringIO(), {"TOKEN": "here"}, tmp_path)
    nothing: Any = None
    lake = AwsLake(session, nothing, tmp_path)
    assert open_secrets(world, AwsWorkspace(nothing, nothing, lake, nothing), None).read(name) == TEXT
    assert open_secrets(world, LocalWorkspace(nothing, nothing, nothing, nothing), "TOKEN").read("TOKEN") == "here"


def test_bytes_are_no_secret_to_send(request: pytest.FixtureRequest) -> None:
    from salesperf_cli.backends.aws.secrets import SecretsManager

    session, name = request.getfixturevalue("aws"), f"shop/{uuid.uuid4().hex}"
    session.client("secretsmanager").create_secret(Name=name, SecretBinary=b"hunter2")
    with pytest.raises(InputError, match="no secret"):
        SecretsManager(session).read(name)
