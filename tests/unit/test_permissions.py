"""What the definition of permissions always holds: every verb is in it, its policies fit, names are the target's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from salesperf_cli.app import VERBS as TYPED
from salesperf_cli.app import load_verb
from salesperf_cli.core.permissions.grant import Grant, together
from salesperf_cli.core.permissions.place import PLACEHOLDERS, Place, left_open, target
from salesperf_cli.core.permissions.policy import LONGEST, Part, document, length, parts, template_types
from salesperf_cli.core.permissions.resource_types import TYPES
from salesperf_cli.core.permissions.verbs import VERBS
from salesperf_cli.options import VerbGroup
from tests.lake import Result, in_process

INFRA = Path(__file__).resolve().parents[2] / "infra"
TEMPLATE_TYPES = template_types(INFRA)
POLICIES = [(verb, part) for verb in VERBS.values() for part in parts(verb, TEMPLATE_TYPES)]
KNOWS_NO_RESOURCE = {
    "ce:GetCostAndUsage", "pricing:GetProducts", "cloudformation:DescribeStackDriftDetectionStatus", "kms:CreateKey",
    "kms:ListAliases", "logs:DescribeLogGroups", "lambda:CreateEventSourceMapping", "cloudtrail:DescribeTrails",
    "glue:CreateSecurityConfiguration", "glue:GetSecurityConfiguration", "glue:DeleteSecurityConfiguration",
    "kinesis:UpdateShardCount", "kinesis:UpdateStreamMode",
    "sns:GetSubscriptionAttributes", "sns:SetSubscriptionAttributes", "sns:Unsubscribe",
}  # fmt: skip
"""Actions for which the Service Authorization Reference names no resource type; those of Lake Formation, too."""


def largest() -> Place:
    """A target all of whose names are as long as they can be."""
    prefix, environment, region, account = "a" * 16, "b" * 8, "ap-southeast-1", "123456789012"
    name = f"{prefix}-{environment}"
    outputs = {
        "LakeBucketName": f"{name}-lake-{account}-{region}",
        "ResultsBucketName": f"{name}-results-{account}-{region}",
        "KeyArn": f"arn:aws-us-gov:kms:{region}:{account}:key/{'0' * 36}",
        "StreamArn": f"arn:aws-us-gov:kinesis:{region}:{account}:stream/{name}-sales",
        "WorkGroupName": name,
    }
    for layer in ("Silver", "Gold", "Quarantine", "Serving", "Speed"):
        outputs[f"{layer}DatabaseName"] = f"{prefix}_{environment}_{layer.lower()}"
        outputs[f"{layer}JobName"] = f"{name}-{layer.lower()}"
        outputs[f"{layer}LogGroupPrefix"] = f"/aws-glue/jobs/{name}-{layer.lower()}"
    return target(prefix, environment, region, outputs, identity=f"arn:aws-us-gov:sts::{account}:assumed-role/r/s")


def _commands() -> Iterator[str]:
    """Every command as it is typed; of a group that asks AWS nothing, the group."""
    for name in TYPED:
        command = load_verb(name)
        if isinstance(command, VerbGroup) and name not in VERBS:
            yield from (f"{name} {each}" for each in command.commands)
        else:
            yield name


def test_every_command_is_defined_and_nothing_else() -> None:
    assert sorted(_commands()) == sorted(VERBS)


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: f"{policy[0].name} {policy[1].name}")
def test_a_policy_fits_into_iam_with_the_longest_names_and_leaves_none_open(policy: tuple[object, Part]) -> None:
    made = document(policy[1].grants, largest())
    assert length(made) <= LONGEST
    assert left_open([json.dumps(made)]) == ()
    sids = [statement["Sid"] for statement in made["Statement"]]
    assert all(sid.isalnum() for sid in sids) and len(set(sids)) == len(sids)
    assert json.dumps(made) == json.dumps(document(policy[1].grants, largest()))


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: f"{policy[0].name} {policy[1].name}")
def test_only_what_knows_no_resource_is_allowed_on_all(policy: tuple[object, Part]) -> None:
    anything = [grant for grant in policy[1].grants if "*" in grant.resources]
    actions = {action for grant in anything for action in grant.actions}
    assert {each for each in actions if not each.startswith("lakeformation:")} <= KNOWS_NO_RESOURCE
    assert not [each for each in actions if each.endswith("*")]


@pytest.mark.parametrize("verb", VERBS.values(), ids=VERBS)
def test_who_reads_or_writes_what_is_encrypted_may_use_the_key_through_that_service_alone(verb: object) -> None:
    grants = getattr(verb, "grants")  # noqa: B009 - the parameter's type is pytest's
    by_service: dict[str, set[str]] = {}
    for grant in grants:
        for action in grant.actions:
            service = action.partition(":")[0]
            by_service.setdefault(service, set()).add(action)
    through = {
        value.partition(".")[0]: set(grant.actions)
        for grant in grants
        for condition in grant.conditions
        if condition.key == "kms:ViaService"
        for value in condition.values
    }
    s3 = by_service.get("s3", set())
    expected = ({"kms:Decrypt"} if "s3:GetObject" in s3 else set()) | (
        {"kms:Decrypt", "kms:GenerateDataKey"} if "s3:PutObject" in s3 else set()
    )
    assert through.get("s3", set()) == expected
    assert ("kinesis" in through) == bool(
        {"kinesis:PutRecords", "kinesis:GetRecords"} & by_service.get("kinesis", set())
    )
    assert {"kms:Decrypt", "kms:GenerateDataKey"} >= by_service.get("kms", set())


def test_every_resource_type_of_the_templates_is_in_the_table_and_no_other() -> None:
    assert {each for types in TEMPLATE_TYPES.values() for each in types} == set(TYPES)


def test_what_deploy_may_make_destroy_may_remove() -> None:
    made = {part.name: part for part in parts(VERBS["deploy"], TEMPLATE_TYPES)}
    removed = {part.name: part for part in parts(VERBS["destroy"], TEMPLATE_TYPES)}
    assert made.keys() == removed.keys()
    for name in TEMPLATE_TYPES:
        more = {action for grant in removed[name].grants for action in grant.actions}
        assert more <= {action for grant in made[name].grants for action in grant.actions}
        assert not [action for action in more if ":Create" in action or action == "iam:PassRole"]


def test_grants_of_one_name_are_joined_only_where_they_say_the_same() -> None:
    one, more = Grant("Read", "", ("s3:GetObject",), ("a",)), Grant("Read", "", ("s3:GetObject",), ("b", "a"))
    assert together(one, (more,)) == (Grant("Read", "", ("s3:GetObject",), ("a", "b")),)
    with pytest.raises(ValueError, match="two grants are called Read"):
        together(one, Grant("Read", "", ("s3:PutObject",), ("a",)))


# the command


def _call(folder: Path, *args: str) -> Result:
    return in_process("permissions", *args, folder=folder, variables={"HOME": str(folder), "COLUMNS": "80"})


def test_alone_it_lists_every_verb(tmp_path: Path) -> None:
    listed = _call(tmp_path, "-o", "json").document["verbs"]
    assert [each["verb"] for each in listed] == list(VERBS)
    assert {"verb": "init", "actions": []} in listed
    shown = _call(tmp_path, "-o", "table").stdout
    assert "kinesis: GetRecords, GetShardIterator, ListShards" in " ".join(shown.split())


def test_with_a_verb_it_shows_each_call_and_what_it_is_for(tmp_path: Path) -> None:
    shown = _call(tmp_path, "cost", "actual", "-o", "json").document
    assert shown["calls"] == [
        {
            "name": "ReadBills",
            "purpose": "Ask Cost Explorer what was billed.",
            "actions": ["ce:GetCostAndUsage"],
            "resources": ["*"],
            "conditions": [],
        }
    ]
    assert "asks AWS nothing" in _call(tmp_path, "contract", "-o", "table").stdout


def test_the_policy_is_a_document_for_iam_and_what_is_left_open_is_said(tmp_path: Path) -> None:
    printed = _call(tmp_path, "releases", "--policy")
    assert printed.document == document(VERBS["releases"].grants, PLACEHOLDERS)
    assert "The local target has no account" in printed.stderr
    assert "To be filled in: ${AccountId}, ${Environment}, ${KeyArn}, ${LakeBucketName}" in " ".join(
        printed.stderr.split()
    )
    quiet = _call(tmp_path, "cost", "prices", "--policy", "--placeholders")
    assert quiet.stderr == ""


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("quer",), "the nearest is query"),
        (("cost",), "permissions are defined for"),
        (("query", "batch"), "has no part 'batch'"),
        (("deploy", "--policy"), "takes 6 policies"),
        (("init", "--policy"), "needs no policy"),
        (("--policy",), "--policy needs a verb"),
    ],
)
def test_what_cannot_be_shown_is_refused_with_what_can(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    refused = _call(tmp_path, *words)
    assert refused.exit_code == 2
    assert said in " ".join(refused.stderr.split())


def test_an_account_that_cannot_be_reached_leaves_names_open_and_says_so(tmp_path: Path) -> None:
    settings = '[targets.dev]\nregion = "sa-east-1"\nprofile = "nobody"\n'
    (tmp_path / "salesperf.toml").write_text(settings)
    printed = _call(tmp_path, "releases", "--policy", "--target", "dev")
    assert printed.exit_code == 0
    assert printed.document == document(VERBS["releases"].grants, PLACEHOLDERS)
    assert "Names are left open: there is no AWS profile 'nobody'" in " ".join(printed.stderr.split())
