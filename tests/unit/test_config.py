"""Settings: flag > environment > salesperf.toml > default, and every mistake named with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from salesperf_cli.config import Settings, find_project, load_settings
from salesperf_cli.environment import Flags
from salesperf_cli.errors import InputError
from salesperf_cli.output import OutputFormat

TOML = """\
# a comment
target = "dev"
memory_limit = "2GB"

[targets.local]
lake = "data/lake"

[targets.dev]
region = "sa-east-1"
endpoint_url = "http://user:hush@localhost:5000"
"""


def _load(folder: Path, flags: Flags | None = None, **variables: str) -> Settings:
    return load_settings(flags or Flags(), variables, folder)


def _write(folder: Path, text: str) -> None:
    (folder / "salesperf.toml").write_text(text)


def test_without_a_file_everything_has_a_default(tmp_path: Path) -> None:
    settings = _load(tmp_path)
    assert (settings.target, settings.pipeline, settings.lake) == ("local", "olist", tmp_path / "lake")
    assert (settings.memory_limit, settings.threads, settings.output) == (None, None, None)
    assert settings.price_region == "sa-east-1"
    assert settings.is_local
    assert settings.pipeline_folder is None
    assert set(settings.sources.values()) == {"default", "default: this folder"}


def test_flag_beats_environment_beats_file_beats_default(tmp_path: Path) -> None:
    _write(tmp_path, TOML)
    from_file = _load(tmp_path)
    from_environment = _load(tmp_path, SALESPERF_TARGET="local")
    from_flag = _load(tmp_path, Flags(target="dev"), SALESPERF_TARGET="local")
    assert (from_file.target, from_file.sources["target"]) == ("dev", "salesperf.toml line 2")
    assert (from_environment.target, from_environment.sources["target"]) == (
        "local",
        "environment SALESPERF_TARGET",
    )
    assert (from_flag.target, from_flag.sources["target"]) == ("dev", "flag --target")


def test_the_keys_of_the_chosen_target_count(tmp_path: Path) -> None:
    _write(tmp_path, TOML)
    dev, local = _load(tmp_path), _load(tmp_path, Flags(target="local"))
    assert (dev.region, dev.is_local) == ("sa-east-1", False)
    assert (local.region, local.is_local, local.lake) == (None, True, tmp_path / "data" / "lake")
    assert local.sources["lake"] == "salesperf.toml line 6"


def test_a_budget_belongs_to_a_target_and_is_a_sum_of_money(tmp_path: Path) -> None:
    _write(tmp_path, TOML + "monthly_budget = 200.5\n")
    settings = _load(tmp_path)
    assert str(settings.monthly_budget) == "200.50"
    assert settings.sources["monthly_budget"] == "salesperf.toml line 11"
    assert _load(tmp_path, Flags(target="local")).monthly_budget is None
    assert str(_load(tmp_path, SALESPERF_MONTHLY_BUDGET="0.125").monthly_budget) == "0.125"
    for wrong in ("-1", "true", "'much'", "nan", "1e40"):
        _write(tmp_path, TOML + f"monthly_budget = {wrong}\n")
        with pytest.raises(InputError, match="monthly_budget must be a sum in US dollars"):
            _load(tmp_path)
    _write(tmp_path, "monthly_budget = 5\n")
    with pytest.raises(InputError, match="unknown key 'monthly_budget'"):
        _load(tmp_path)


def test_the_project_is_the_nearest_folder_upwards(tmp_path: Path) -> None:
    _write(tmp_path, TOML)
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    settings = _load(deep, Flags(target="local"))
    assert (settings.project, settings.lake) == (tmp_path, tmp_path / "data" / "lake")
    assert find_project(deep) == tmp_path


def test_a_project_can_be_named_from_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    _write(tmp_path / "shop", "threads = 3\n")
    for settings in (_load(tmp_path, Flags(project=Path("shop"))), _load(tmp_path, SALESPERF_PROJECT="shop")):
        assert (settings.threads, settings.project.name) == (3, "shop")
    with pytest.raises(InputError, match="does not exist"):
        _load(tmp_path, Flags(project=Path("nowhere")))


def test_a_path_in_the_file_starts_at_the_project_and_one_typed_at_the_folder_one_is_in(
    tmp_path: Path,
) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "sub" / "other").mkdir(parents=True)
    _write(tmp_path, 'pipeline = "mine"\n')
    assert _load(tmp_path / "sub").pipeline_folder == tmp_path / "mine"
    assert _load(tmp_path / "sub", Flags(pipeline="other")).pipeline_folder == tmp_path / "sub" / "other"
    assert _load(tmp_path / "sub", SALESPERF_LAKE="lake").lake == tmp_path / "sub" / "lake"


@pytest.mark.parametrize(
    ("text", "what", "remedy"),
    [
        ("\nlakee = 1\n", "line 2: unknown key 'lakee'", "remove that line"),
        ("\npipelin = 'olist'\n", "line 2: unknown key 'pipelin'", "did you mean 'pipeline'?"),
        (
            "[targets.dev]\n\nregoin = 'x'\n",
            "line 3: unknown key 'regoin' in [targets.dev]",
            "did you mean 'region'?",
        ),
        ("[target.dev]\n", "[target.…] is not a table", "write [targets.…] instead"),
        ("threads = 'many'\n", "threads must be a whole number above 0", ""),
        ("threads = 0\n", "threads must be", ""),
        ("memory_limit = 2\n", "memory_limit must be a size such as '2GB' or '512MiB'", ""),
        ("output = 'xml'\n", "output must be one of table, json", ""),
        ("target = 'dve'\n[targets.dev]\n", "there is no target 'dve'", "did you mean 'dev'?"),
        ("pipeline = 'nowhere'\n", "there is no pipeline folder", ""),
        ("targets = 3\n", "targets must be a table", ""),
        ("threads = \n", "is not valid TOML", "correct that line"),
    ],
)
def test_a_mistake_is_named_with_its_place(tmp_path: Path, text: str, what: str, remedy: str) -> None:
    _write(tmp_path, text)
    with pytest.raises(InputError) as caught:
        _load(tmp_path)
    assert what in caught.value.what
    assert remedy in caught.value.remedy


def test_a_wrong_variable_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        _load(tmp_path, SALESPERF_THREADS="two")
    assert caught.value.why == "environment SALESPERF_THREADS says 'two'"


def test_an_unknown_key_never_shows_its_value(tmp_path: Path) -> None:
    _write(tmp_path, "aws_secret_access_key = 'hush'\n")
    with pytest.raises(InputError) as caught:
        _load(tmp_path)
    assert "hush" not in f"{caught.value.what}{caught.value.why}{caught.value.remedy}"


def test_what_is_shown_masks_a_password_in_an_address(tmp_path: Path) -> None:
    _write(tmp_path, TOML)
    shown = {each.name: each for each in _load(tmp_path).shown()}
    assert shown["endpoint_url"].value == "http://user:***@localhost:5000"
    assert (shown["memory_limit"].value, shown["memory_limit"].source) == ("2GB", "salesperf.toml line 3")
    assert shown["threads"].value is None


def test_words_become_values(tmp_path: Path) -> None:
    settings = _load(tmp_path, SALESPERF_THREADS="4", SALESPERF_OUTPUT="csv", SALESPERF_MEMORY_LIMIT="1.5 GiB")
    assert (settings.threads, settings.output, settings.memory_limit) == (4, OutputFormat.CSV, "1.5 GiB")
