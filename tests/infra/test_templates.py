"""What always holds of infra/: tags, protected data, named resources, documented outputs. Needs PyYAML only.

The linters that look deeper run in an environment of their own: `make lint-infra`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.infra import templates
from tests.infra.templates import INFRA, ORDER, Template

ALL = {template.name: template for template in templates.load_all()}
EACH = pytest.mark.parametrize("template", ALL.values(), ids=ALL.keys())

# By CloudFormation's schemas; `make lint-infra` compares this with the schemas themselves.
CANNOT_BE_TAGGED = {
    "AWS::Athena::NamedQuery",
    "AWS::Glue::Database",
    "AWS::Glue::SecurityConfiguration",
    "AWS::Glue::Table",
    "AWS::IAM::ManagedPolicy",
    "AWS::KMS::Alias",
    "AWS::LakeFormation::Resource",
    "AWS::LakeFormation::Tag",
    "AWS::LakeFormation::TagAssociation",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::Subscription",
    "AWS::SNS::TopicPolicy",
    "AWS::Scheduler::Schedule",
}
HOLDS_DATA = {"AWS::S3::Bucket", "AWS::S3::BucketPolicy", "AWS::KMS::Key", "AWS::Glue::Database"}
# (template, resource, statement): the action knows no resource, and a condition bounds it.
MAY_NAME_NO_RESOURCE = {
    ("foundation", "SilverJobRole", "EmitMetrics"),
    ("foundation", "GoldJobRole", "EmitMetrics"),
}
# What ministack rejects (its release 1.5.33): the stand-in's parameters must switch all of it off.
A_STAND_IN_REJECTS = {
    "AWS::Athena::NamedQuery",
    "AWS::Budgets::Budget",
    "AWS::CloudTrail::Trail",
    "AWS::Glue::SecurityConfiguration",
    "AWS::LakeFormation::Resource",
    "AWS::LakeFormation::Tag",
    "AWS::LakeFormation::TagAssociation",
}
PARAMETER_FILES = {
    "dev": INFRA / "parameters" / "dev.json",
    "prod": INFRA / "parameters" / "prod.json",
    "standin": INFRA.parent / "tests" / "infra" / "standin.json",
}
EACH_FILE = pytest.mark.parametrize("file", PARAMETER_FILES)


def of_type(template: Template, kind: str) -> dict[str, dict[str, Any]]:
    return {name: r["Properties"] for name, r in template.resources.items() if r["Type"] == kind}


def buckets() -> dict[str, dict[str, Any]]:
    return of_type(ALL["foundation"], "AWS::S3::Bucket")


def given(file: str) -> dict[str, str]:
    entries = json.loads(PARAMETER_FILES[file].read_text("utf-8"))
    return {entry["ParameterKey"]: entry["ParameterValue"] for entry in entries}


def imported(template: Template) -> set[str]:
    joins = [
        node["Fn::ImportValue"]
        for node in templates.walk(template.body)
        if isinstance(node, dict) and "Fn::ImportValue" in node
    ]
    return {join["Fn::Sub"].removeprefix("${StackPrefix}-${Environment}-") for join in joins}


def identity_statements() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for template in ALL.values():
        for name, own in of_type(template, "AWS::IAM::Role").items():
            for policy in own["Policies"]:
                for statement in policy["PolicyDocument"]["Statement"]:
                    yield template.name, name, statement
        for name, own in of_type(template, "AWS::IAM::ManagedPolicy").items():
            for statement in own["PolicyDocument"]["Statement"]:
                yield template.name, name, statement


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def test_there_is_a_template_for_each_stack_and_no_other() -> None:
    assert {file.stem for file in INFRA.glob("*.yaml")} == set(ORDER)


@EACH
def test_a_template_is_small_enough_to_be_sent_in_the_call(template: Template) -> None:
    assert len((INFRA / f"{template.name}.yaml").read_bytes()) <= 51_200


@EACH
def test_whatever_can_be_tagged_says_project_environment_and_component(template: Template) -> None:
    for name, resource in template.resources.items():
        if resource["Type"] in CANNOT_BE_TAGGED:
            continue
        tags = resource["Properties"]["ResourceTags" if resource["Type"] == "AWS::Budgets::Budget" else "Tags"]
        found = tags if isinstance(tags, dict) else {tag["Key"]: tag["Value"] for tag in tags}
        assert found == {
            "project": {"Ref": "StackPrefix"},
            "environment": {"Ref": "Environment"},
            "component": template.name,
        }, name


@EACH
def test_data_stays_when_a_stack_goes_and_only_foundation_holds_any(template: Template) -> None:
    for name, resource in template.resources.items():
        if resource["Type"] in HOLDS_DATA:
            assert template.name == "foundation", name
            assert resource["DeletionPolicy"] == resource["UpdateReplacePolicy"] == "Retain", name


def test_a_bucket_is_encrypted_with_our_key_through_a_bucket_key() -> None:
    for name, own in buckets().items():
        (rule,) = own["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        assert rule["BucketKeyEnabled"] is True
        default = rule["ServerSideEncryptionByDefault"]
        if name == "LogsBucket":  # S3 delivers access logs to no bucket under a KMS key
            assert default == {"SSEAlgorithm": "AES256"}
        else:
            assert default == {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": {"Fn::GetAtt": ["Key", "Arn"]}}, name


def test_a_bucket_is_closed_to_the_public_owned_by_us_and_versioned() -> None:
    for name, own in buckets().items():
        assert set(own["PublicAccessBlockConfiguration"].values()) == {True}, name
        assert len(own["PublicAccessBlockConfiguration"]) == 4, name
        assert own["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}, name
        assert own["VersioningConfiguration"] == {"Status": "Enabled"}, name


def test_every_bucket_but_that_of_the_logs_logs_who_touched_it() -> None:
    for name, own in buckets().items():
        if name != "LogsBucket":
            assert own["LoggingConfiguration"]["DestinationBucketName"] == {"Ref": "LogsBucket"}, name


def test_every_bucket_ends_unfinished_uploads_and_old_versions() -> None:
    for name, own in buckets().items():
        rules = own["LifecycleConfiguration"]["Rules"]
        assert any("AbortIncompleteMultipartUpload" in rule for rule in rules), name
        assert any("NoncurrentVersionExpiration" in rule for rule in rules), name
        assert all(rule["Status"] == "Enabled" for rule in rules), name


def test_no_lifecycle_rule_deletes_bronze_tables_or_the_ledger() -> None:
    for rule in buckets()["LakeBucket"]["LifecycleConfiguration"]["Rules"]:
        if "ExpirationInDays" in rule:
            assert rule["Prefix"] in ("speed/", "speed_rejected/", "_tmp/")


def test_a_bucket_refuses_what_does_not_come_over_tls() -> None:
    policies = of_type(ALL["foundation"], "AWS::S3::BucketPolicy")
    assert {own["Bucket"]["Ref"] for own in policies.values()} == set(buckets())
    for own in policies.values():
        bucket = own["Bucket"]["Ref"]
        statements = {s["Sid"]: s for s in own["PolicyDocument"]["Statement"]}
        assert statements["TlsOnly"] == {
            "Sid": "TlsOnly",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [{"Fn::GetAtt": [bucket, "Arn"]}, {"Fn::Sub": f"${{{bucket}.Arn}}/*"}],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }


def test_everything_else_that_keeps_bytes_is_encrypted_with_our_key() -> None:
    key = {"Fn::ImportValue": {"Fn::Sub": "${StackPrefix}-${Environment}-KeyArn"}}
    for template in ALL.values():
        for own in of_type(template, "AWS::Logs::LogGroup").values():
            assert own["KmsKeyId"] == key and own["RetentionInDays"] == {"Ref": "LogRetentionDays"}
        for own in of_type(template, "AWS::SNS::Topic").values():
            assert own["KmsMasterKeyId"] == key
        for own in of_type(template, "AWS::Kinesis::Stream").values():
            assert own["StreamEncryption"] == {"EncryptionType": "KMS", "KeyId": key}
        for own in of_type(template, "AWS::Lambda::Function").values():
            assert own["KmsKeyArn"] == key
        for own in of_type(template, "AWS::Athena::WorkGroup").values():
            results = own["WorkGroupConfiguration"]["ResultConfiguration"]
            assert results["EncryptionConfiguration"] == {"EncryptionOption": "SSE_KMS", "KmsKey": key}


def test_a_policy_names_its_actions_and_its_resources() -> None:
    unnamed = set()
    for template, name, statement in identity_statements():
        assert statement["Effect"] == "Allow"
        assert not [action for action in listed(statement["Action"]) if "*" in action], (name, statement["Sid"])
        assert "NotAction" not in statement and "NotResource" not in statement
        if "*" in listed(statement["Resource"]):
            assert statement["Condition"], (name, statement["Sid"])
            unnamed.add((template, name, statement["Sid"]))
    assert unnamed == MAY_NAME_NO_RESOURCE


def test_policies_stay_within_what_iam_stores_under_the_longest_names() -> None:
    longest = {**templates.EVERYTHING_ON, "StackPrefix": "a" * 16, "Environment": "b" * 8}
    for template in ALL.values():
        resolved = templates.Resolver(template, longest, texts=True).template()["Resources"]
        for name, resource in resolved.items():
            own = resource["Properties"]
            if resource["Type"] == "AWS::IAM::Role":
                assert len(json.dumps(own["Policies"], separators=(",", ":"))) <= 10_240, name
            if resource["Type"] == "AWS::IAM::ManagedPolicy":
                assert len(json.dumps(own["PolicyDocument"], separators=(",", ":"))) <= 6_144, name


def test_the_budget_filters_by_our_project_tag() -> None:
    switched_on = {**given("prod"), **templates.EVERYTHING_ON}
    budget = templates.Resolver(ALL["observe"], switched_on).template()["Resources"]["Budget"]["Properties"]["Budget"]
    assert budget["CostFilters"] == {"TagKeyValue": ["user:project$salesperf"]}


def test_every_job_and_function_has_a_role_of_its_own() -> None:
    roles = [
        own["Role"]["Fn::ImportValue"]["Fn::Sub"]
        for template in ALL.values()
        for kind in ("AWS::Glue::Job", "AWS::Lambda::Function")
        for own in of_type(template, kind).values()
    ]
    assert len(roles) == len(set(roles)) == 3


def test_a_job_runs_once_at_a_time_and_ends() -> None:
    jobs = of_type(ALL["batch"], "AWS::Glue::Job")
    assert len(jobs) == 2
    for own in jobs.values():
        assert own["ExecutionProperty"] == {"MaxConcurrentRuns": 1} and own["MaxRetries"] == 0
        assert own["Timeout"] == {"Ref": "JobTimeoutMinutes"}
        assert own["DefaultArguments"]["--datalake-formats"] == "iceberg"
        assert own["DefaultArguments"]["--enable-metrics"] == "true"


def test_a_failed_batch_is_split_reported_and_kept_whole() -> None:
    (mapping,) = of_type(ALL["stream"], "AWS::Lambda::EventSourceMapping").values()
    assert mapping["BisectBatchOnFunctionError"] is True
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    destination = mapping["DestinationConfig"]["OnFailure"]["Destination"]["Fn::ImportValue"]
    assert destination == {"Fn::Sub": "${StackPrefix}-${Environment}-FailuresBucketArn"}


def test_no_query_can_leave_the_workgroups_limits() -> None:
    (group,) = of_type(ALL["serving"], "AWS::Athena::WorkGroup").values()
    settings = group["WorkGroupConfiguration"]
    assert settings["EnforceWorkGroupConfiguration"] is True
    assert settings["BytesScannedCutoffPerQuery"] == {"Ref": "BytesCutoff"}
    assert ALL["serving"].parameters["BytesCutoff"]["MinValue"] == 10_000_000  # Athena takes no less


def test_every_alarm_tells_somebody() -> None:
    alarms = of_type(ALL["observe"], "AWS::CloudWatch::Alarm")
    assert len(alarms) >= 10
    for name, own in alarms.items():
        assert own["AlarmActions"] == [{"Ref": "Topic"}] and own["ActionsEnabled"] is True, name


@EACH_FILE
def test_the_dashboard_is_json_whose_widgets_lie_side_by_side(file: str) -> None:
    body = templates.Resolver(ALL["observe"], given(file)).template()["Resources"]["Dashboard"]["Properties"]
    widgets = json.loads(body["DashboardBody"])["widgets"]
    cells = [(x, w["y"]) for w in widgets for x in range(w["x"], w["x"] + w["width"])]
    assert len(cells) == len(set(cells)) and max(x for x, _ in cells) < 24


@EACH
def test_no_account_and_no_region_is_written_down(template: Template) -> None:
    text = (INFRA / f"{template.name}.yaml").read_text("utf-8")
    assert not re.search(r"\b\d{12}\b", text)
    assert not re.search(r"\b(sa|us|eu|ap)-[a-z]+-\d\b", text)


def test_the_longest_allowed_names_still_make_bucket_names() -> None:
    longest = {"StackPrefix": "a" * 16, "Environment": "b" * 8}
    for name, parameter in longest.items():
        assert re.fullmatch(ALL["foundation"].parameters[name]["AllowedPattern"], parameter)
        assert not re.fullmatch(ALL["foundation"].parameters[name]["AllowedPattern"], parameter + "c")
    resolved = templates.Resolver(ALL["foundation"], longest).template()
    longest_region = len("ap-southeast-1") - len(templates.REGION)
    for resource in resolved["Resources"].values():
        if resource["Type"] == "AWS::S3::Bucket":
            assert len(resource["Properties"]["BucketName"]) + longest_region <= 63


@EACH
def test_a_stack_imports_only_what_an_earlier_one_exports(template: Template) -> None:
    earlier = {"foundation"} if template.name != "observe" else {"foundation", "stream"}
    exported = {name for stack in earlier - {template.name} for name in ALL[stack].outputs}
    assert imported(template) <= exported


def test_observe_needs_the_stream_only_for_the_streams_alarms() -> None:
    without = {**given("dev"), "WatchStream": "false"}
    left = templates.Resolver(ALL["observe"], without).template()
    from_stream = {f"salesperf-dev-{name}".lower() for name in ALL["stream"].outputs}
    assert not [node for node in templates.walk(left["Resources"]) if isinstance(node, str) and node in from_stream]


@EACH
def test_an_output_is_exported_under_its_own_name(template: Template) -> None:
    for name, output in template.outputs.items():
        assert output["Export"] == {"Name": {"Fn::Sub": f"${{StackPrefix}}-${{Environment}}-{name}"}}
        assert output["Description"]
    names = [name for other in ALL.values() for name in other.outputs]
    assert len(names) == len(set(names))


@EACH
def test_the_readme_lists_the_outputs_and_parameters_of_a_stack(template: Template) -> None:
    readme = (INFRA / "README.md").read_text("utf-8")
    section = re.search(rf"^### {template.name}\n(.*?)(?=^##|\Z)", readme, re.MULTILINE | re.DOTALL)
    assert section, f"no section ### {template.name}"
    parts = dict(re.findall(r"^(Parameters|Outputs):\n\n((?:\|.*\n)+)", section.group(1), re.MULTILINE))
    rows = {title: re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) for title, table in parts.items()}
    shared = {"StackPrefix", "Environment"}
    assert rows["Parameters"] == [name for name in template.parameters if name not in shared]
    assert rows["Outputs"] == list(template.outputs)


def test_a_parameter_means_the_same_in_every_stack() -> None:
    seen: dict[str, dict[str, Any]] = {}
    for template in ALL.values():
        for name, parameter in template.parameters.items():
            definition = {
                key: value
                for key, value in parameter.items()
                if key in ("Type", "Default", "AllowedPattern", "AllowedValues")
            }
            assert seen.setdefault(name, definition) == definition, name


def test_only_what_deploy_uploads_has_no_default() -> None:
    without = {n for template in ALL.values() for n, p in template.parameters.items() if "Default" not in p}
    assert without == set(templates.UPLOADED)


@EACH_FILE
def test_a_parameter_file_gives_values_that_the_templates_allow(file: str) -> None:
    known = {name: parameter for template in ALL.values() for name, parameter in template.parameters.items()}
    for name, value in given(file).items():
        parameter = known[name]
        assert isinstance(value, str)
        if allowed := parameter.get("AllowedValues"):
            assert value in [str(one) for one in allowed], name
        if pattern := parameter.get("AllowedPattern"):
            assert re.fullmatch(pattern, value), name
        if parameter["Type"] == "Number":
            assert parameter.get("MinValue", 0) <= int(value) <= parameter.get("MaxValue", int(value)), name


def test_a_parameter_file_is_for_the_environment_that_it_is_named_after() -> None:
    for file in PARAMETER_FILES:
        assert given(file)["Environment"] == file
        assert given(file)["StackPrefix"] == "salesperf"


def test_the_stand_ins_parameters_switch_off_what_it_rejects() -> None:
    for template in ALL.values():
        kinds = {r["Type"] for r in templates.Resolver(template, given("standin")).template()["Resources"].values()}
        assert not kinds & A_STAND_IN_REJECTS


def test_every_exception_gives_its_reason() -> None:
    for template in ALL.values():
        for resource in template.resources.values():
            for skip in resource.get("Metadata", {}).get("checkov", {}).get("skip", []):
                assert len(skip["comment"]) > 20, skip["id"]
    waivers = json.loads((INFRA.parent / "tests" / "infra" / "guard_waivers.json").read_text("utf-8"))
    for rule, entry in waivers.items():
        assert len(entry["reason"]) > 20 and entry["resources"], rule
