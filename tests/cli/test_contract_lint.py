"""`contract lint`: each mistake in a pipeline that is otherwise right is found, where it stands and in plain words."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.lake import new_lake

CORNER_SHOP = Path(__file__).resolve().parents[1] / "pipelines" / "corner_shop"
BRONZE, SILVER = "contracts/bronze/transactions.yaml", "contracts/silver/transactions.yaml"
VALUE, RANKED = "contracts/gold/customer_value.yaml", "models/gold/customer_value.sql"


def problems(folder: Path) -> list[str]:
    result = new_lake(folder.parent / "shop", folder).call("contract", "lint", "-o", "json")
    found = result.document["problems"]
    assert result.exit_code == (3 if found else 0)
    return [f"{each['where']}: {each['message']}" for each in found]


@pytest.fixture
def pipeline(tmp_path: Path) -> Path:
    """The corner shop's pipeline, to be spoilt."""
    return shutil.copytree(CORNER_SHOP, tmp_path / "pipeline")


def test_a_pipeline_that_is_right_has_no_problem(pipeline: Path) -> None:
    assert problems(pipeline) == []


@pytest.mark.parametrize(
    ("file", "text", "instead", "where", "says"),
    [
        (BRONZE, "- name: loja", "- name: Loja Física", "bronze.transactions", "'Loja Física': name it in lower-case"),
        (BRONZE, "dd/MM/yyyy HH:mm:ss", "dd/MM/yyyy hh:mm", "bronze.transactions", "'hh' is not one of yyyy"),
        (BRONZE, "logicalType: date\n", "logicalType: string\n", BRONZE, "physicalType date does not fit"),
        (BRONZE, "minLength: 1,", "minLengh: 1,", BRONZE, "Extra inputs are not permitted"),
        (VALUE, "description: Loyalty number.", 'description: ""', "gold.customer_value", "has no description"),
        (VALUE, "silver.customers.customer_id", "silver.customers.id", "gold.customer_value", "has no such column"),
        (
            VALUE, "description: Loyalty number.", "description: x\n        physicalName: Cliente", VALUE,
            "physicalName is what received files call it",
        ),
        (
            SILVER, "silver.customers.customer_id", "gold.customer_value.customer_id", "silver.transactions",
            "gold.customer_value is made after silver is judged",
        ),
        (SILVER, '"NOT is_return OR amount <= 0"', '"iif(is_return, 1, 0) = 1"', "silver.transactions", "iif"),
        (RANKED, "AS value_rank,\n", "AS rank_of_value,\n", "gold.customer_value", "- value_rank, + rank_of_value"),
        (RANKED, "AS BIGINT) AS return_count", "AS INT) AS return_count", "gold.customer_value", "the model pins int"),
        (RANKED, "FROM silver.transactions", "FROM silver.sales", "gold.customer_value", "reads silver.sales, which"),
        (SILVER, "value: merge}", "value: touched}", "silver.transactions", "touched needs models/silver"),
    ],
)  # fmt: skip
def test_a_mistake_is_found_where_it_stands(
    pipeline: Path, file: str, text: str, instead: str, where: str, says: str
) -> None:
    written = pipeline / file
    before = written.read_text("utf-8")
    assert text in before
    written.write_text(before.replace(text, instead), "utf-8")
    found = [each for each in problems(pipeline) if each.startswith(f"{where}: ")]
    assert any(says in each for each in found), found


def test_a_contract_without_a_model_and_a_model_without_a_contract_are_found(pipeline: Path) -> None:
    (pipeline / RANKED).rename(pipeline / "models/gold/other.sql")
    found = problems(pipeline)
    assert "gold.customer_value: has a contract but no model builds it" in found
    assert "gold.other: has a model but no contract" in found


def test_models_that_read_each_other_in_a_circle_are_found(pipeline: Path) -> None:
    model = pipeline / RANKED
    model.write_text(model.read_text("utf-8").replace("silver.transactions", "gold.daily_sales"), "utf-8")
    daily = pipeline / "models/gold/daily_sales.sql"
    daily.write_text(daily.read_text("utf-8").replace("silver.transactions", "gold.customer_value"), "utf-8")
    assert any("→" in each for each in problems(pipeline))
