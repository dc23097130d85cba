"""What CloudFormation calls in the caller's name for each resource type of our templates.

`keep` is what making, changing and looking at a resource takes, `remove` what deleting it takes, which a creation
that fails does too. From the permissions of each type's handlers in the CloudFormation registry, less what our
templates do not use; bound to the target's names wherever IAM knows a resource. Names are those of infra/*.yaml.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from salesperf_cli.core.permissions.grant import PREFIX, Condition, arn
from salesperf_cli.core.permissions.services import ARTIFACTS, BY_ALIAS


@dataclass(frozen=True, slots=True)
class Rule:
    """Actions of one service, without its name, on resources; `name` is the Sid under which types share a statement."""

    name: str
    service: str
    resources: tuple[str, ...]
    keep: str = ""
    remove: str = ""
    conditions: tuple[Condition, ...] = ()

    def actions(self, *, makes: bool) -> tuple[str, ...]:
        """The actions of making, in which removing is, or of removing alone."""
        words = f"{self.keep} {self.remove}" if makes else self.remove
        return tuple(f"{self.service}:{word}" for word in words.split())


def _everywhere(service: str, resource: str) -> str:
    """An ARN of a service that knows no region."""
    return f"arn:${{Partition}}:{service}::${{AccountId}}:{resource}"


_TAGS = "TagResource UntagResource ListTagsForResource"
_ROLES = _everywhere("iam", f"role/{PREFIX}-*")
_KEY = arn("kms", "key/*")
_CATALOG = (
    arn("glue", "catalog"), arn("glue", "database/${DatabasePrefix}_*"), arn("glue", "table/${DatabasePrefix}_*"),
)  # fmt: skip
_BUCKETS = ("arn:${Partition}:s3:::" + f"{PREFIX}-*-${{AccountId}}-${{Region}}",)
_LOGS = tuple(
    arn("logs", f"log-group:{group}{PREFIX}-*") for group in ("/aws-glue/jobs/", "/aws/lambda/", "/aws/cloudtrail/")
)


def _passes(service: str) -> Rule:
    """Handing one of the target's roles to a service, and to no other."""
    to = (Condition("StringEquals", "iam:PassedToService", (f"{service}.amazonaws.com",)),)
    return Rule(f"PassRolesTo{service.title()}", "iam", (_ROLES,), keep="PassRole", conditions=to)


_LOOK_AT_LOGS = Rule("SeeLogGroups", "logs", ("*",), keep="DescribeLogGroups")
_MAPPINGS = arn("lambda", "event-source-mapping:*")
_OUR_FUNCTIONS = (Condition("ArnLike", "lambda:FunctionArn", (arn("lambda", f"function:{PREFIX}-*"),)),)
_LAKE_FORMATION = "lakeformation"

TYPES: Mapping[str, tuple[Rule, ...]] = {
    # foundation
    "AWS::KMS::Key": (
        Rule("MakeKey", "kms", ("*",), keep="CreateKey"),
        Rule(
            "KeepKey", "kms", (_KEY,),
            keep="DescribeKey EnableKeyRotation GetKeyPolicy GetKeyRotationStatus ListResourceTags PutKeyPolicy"
            " TagResource UntagResource UpdateKeyDescription",
            remove="DescribeKey ScheduleKeyDeletion",
            conditions=(Condition("StringEquals", "aws:ResourceTag/project", ("${StackPrefix}",)),),
        ),
    ),
    "AWS::KMS::Alias": (
        Rule(
            "KeyAlias", "kms", (arn("kms", f"alias/{PREFIX}"), _KEY), keep="CreateAlias UpdateAlias",
            remove="DeleteAlias",
        ),
        Rule("SeeAliases", "kms", ("*",), keep="ListAliases"),
    ),
    "AWS::S3::Bucket": (
        Rule(
            "Buckets", "s3", _BUCKETS,
            keep="CreateBucket GetAccelerateConfiguration GetAnalyticsConfiguration GetBucket*"
            " GetEncryptionConfiguration"
            " GetIntelligentTieringConfiguration GetInventoryConfiguration GetLifecycleConfiguration"
            " GetMetricsConfiguration GetReplicationConfiguration PutBucketLogging PutBucketNotification"
            " PutBucketOwnershipControls PutBucketPublicAccessBlock PutBucketTagging PutBucketVersioning"
            " PutEncryptionConfiguration PutLifecycleConfiguration",
            remove="DeleteBucket",
        ),
    ),
    "AWS::S3::BucketPolicy": (
        Rule("Buckets", "s3", _BUCKETS, keep="GetBucketPolicy PutBucketPolicy", remove="DeleteBucketPolicy"),
    ),
    "AWS::Glue::Database": (
        Rule(
            "Catalog", "glue", (*_CATALOG, arn("glue", "userDefinedFunction/${DatabasePrefix}_*")),
            keep="CreateDatabase GetDatabase UpdateDatabase", remove="DeleteDatabase",
        ),
    ),
    "AWS::IAM::Role": (
        Rule(
            "Roles", "iam", (_ROLES,),
            keep="CreateRole GetRole GetRolePolicy ListAttachedRolePolicies ListRolePolicies ListRoleTags PutRolePolicy"
            " TagRole UntagRole UpdateAssumeRolePolicy UpdateRole UpdateRoleDescription",
            remove="DeleteRole DeleteRolePolicy GetRole ListAttachedRolePolicies ListRolePolicies",
        ),
    ),
    "AWS::IAM::ManagedPolicy": (
        Rule(
            "Policies", "iam", (_everywhere("iam", f"policy/{PREFIX}-*"),),
            keep="CreatePolicy CreatePolicyVersion GetPolicy GetPolicyVersion ListEntitiesForPolicy ListPolicyVersions",
            remove="DeletePolicy DeletePolicyVersion GetPolicy ListEntitiesForPolicy ListPolicyVersions",
        ),
    ),
    "AWS::LakeFormation::Resource": (
        Rule(
            "LakeFormation", _LAKE_FORMATION, ("*",), keep="DescribeResource RegisterResource UpdateResource",
            remove="DeregisterResource DescribeResource",
        ),
        _passes("lakeformation"),
    ),
    "AWS::LakeFormation::Tag": (
        Rule("LakeFormation", _LAKE_FORMATION, ("*",), keep="CreateLFTag GetLFTag UpdateLFTag", remove="DeleteLFTag"),
    ),
    "AWS::LakeFormation::TagAssociation": (
        Rule(
            "LakeFormation", _LAKE_FORMATION, ("*",), keep="AddLFTagsToResource GetResourceLFTags",
            remove="RemoveLFTagsFromResource",
        ),
    ),
    # batch
    "AWS::Glue::Job": (
        Rule(
            "Jobs", "glue", (arn("glue", f"job/{PREFIX}-*"),),
            keep="CreateJob GetJob GetTags TagResource UntagResource UpdateJob", remove="DeleteJob GetJob",
        ),
        _passes("glue"),
    ),
    "AWS::Glue::SecurityConfiguration": (
        Rule(
            "JobEncryption", "glue", ("*",), keep="CreateSecurityConfiguration GetSecurityConfiguration",
            remove="DeleteSecurityConfiguration GetSecurityConfiguration",
        ),
    ),
    "AWS::Logs::LogGroup": (
        Rule(
            "LogGroups", "logs", _LOGS,
            keep=f"AssociateKmsKey CreateLogGroup PutRetentionPolicy {_TAGS}", remove="DeleteLogGroup",
        ),
        _LOOK_AT_LOGS,
    ),
    "AWS::Scheduler::ScheduleGroup": (
        Rule(
            "Schedules", "scheduler",
            (arn("scheduler", f"schedule-group/{PREFIX}"), arn("scheduler", f"schedule/{PREFIX}/*")),
            keep=f"CreateScheduleGroup GetScheduleGroup {_TAGS}", remove="DeleteScheduleGroup GetScheduleGroup",
        ),
    ),
    "AWS::Scheduler::Schedule": (
        Rule(
            "Schedules", "scheduler",
            (arn("scheduler", f"schedule-group/{PREFIX}"), arn("scheduler", f"schedule/{PREFIX}/*")),
            keep="CreateSchedule GetSchedule UpdateSchedule", remove="DeleteSchedule GetSchedule",
        ),
        Rule(
            "EncryptSchedules", "kms", (_KEY,), keep="Decrypt DescribeKey GenerateDataKey",
            conditions=(
                BY_ALIAS,
                Condition("StringEquals", "kms:ViaService", ("scheduler.${Region}.amazonaws.com",)),
            ),
        ),
        _passes("scheduler"),
    ),
    # stream
    "AWS::Kinesis::Stream": (
        Rule(
            "Streams", "kinesis", (arn("kinesis", f"stream/{PREFIX}-*"),),
            keep="AddTagsToStream CreateStream DecreaseStreamRetentionPeriod DescribeStream DescribeStreamSummary"
            " IncreaseStreamRetentionPeriod ListTagsForStream RemoveTagsFromStream",
            remove="DeleteStream DescribeStreamSummary",
        ),
        Rule("ScaleStreams", "kinesis", ("*",), keep="UpdateShardCount UpdateStreamMode"),
        Rule(
            "SealStreams", "kinesis", (arn("kinesis", f"stream/{PREFIX}-*"), _KEY),
            keep="StartStreamEncryption StopStreamEncryption",
        ),
        Rule(
            "EncryptStreams", "kms", (_KEY,), keep="DescribeKey GenerateDataKey",
            conditions=(BY_ALIAS, Condition("StringEquals", "kms:ViaService", ("kinesis.${Region}.amazonaws.com",))),
        ),
    ),
    "AWS::Lambda::Function": (
        Rule(
            "Functions", "lambda", (arn("lambda", f"function:{PREFIX}-*"),),
            keep="CreateFunction GetFunction GetFunctionCodeSigningConfig GetFunctionConfiguration"
            " GetRuntimeManagementConfig ListTags TagResource UntagResource UpdateFunctionCode"
            " UpdateFunctionConfiguration",
            remove="DeleteFunction GetFunction",
        ),
        Rule("FetchCode", "s3", (f"{ARTIFACTS}/*",), keep="GetObject"),
        Rule(
            "EncryptFunctions", "kms", (_KEY,), keep="CreateGrant Decrypt DescribeKey Encrypt GenerateDataKey",
            conditions=(
                BY_ALIAS,
                Condition(
                    "StringEquals", "kms:ViaService", ("lambda.${Region}.amazonaws.com", "s3.${Region}.amazonaws.com")
                ),
            ),
        ),
        _passes("lambda"),
    ),
    "AWS::Lambda::EventSourceMapping": (
        Rule("MakeMapping", "lambda", ("*",), keep="CreateEventSourceMapping", conditions=_OUR_FUNCTIONS),
        Rule(
            "Mappings", "lambda", (_MAPPINGS,), keep="GetEventSourceMapping UpdateEventSourceMapping",
            remove="DeleteEventSourceMapping GetEventSourceMapping", conditions=_OUR_FUNCTIONS,
        ),
        Rule("MappingTags", "lambda", (_MAPPINGS,), keep="ListTags TagResource UntagResource"),
    ),
    "AWS::Glue::Table": (
        Rule("Catalog", "glue", _CATALOG, keep="CreateTable GetTable UpdateTable", remove="DeleteTable GetTable"),
    ),
    # serving
    "AWS::Athena::WorkGroup": (
        Rule(
            "WorkGroup", "athena", (arn("athena", f"workgroup/{PREFIX}"),),
            keep=f"CreateWorkGroup GetWorkGroup UpdateWorkGroup {_TAGS}", remove="DeleteWorkGroup GetWorkGroup",
        ),
    ),
    "AWS::Athena::NamedQuery": (
        Rule(
            "WorkGroup", "athena", (arn("athena", f"workgroup/{PREFIX}"),),
            keep="CreateNamedQuery GetNamedQuery ListNamedQueries UpdateNamedQuery", remove="DeleteNamedQuery",
        ),
    ),
    # observe
    "AWS::SNS::Topic": (
        Rule(
            "Topics", "sns", (arn("sns", f"{PREFIX}-*"),),
            keep=f"CreateTopic GetDataProtectionPolicy GetTopicAttributes ListSubscriptionsByTopic SetTopicAttributes"
            f" {_TAGS}",
            remove="DeleteTopic GetTopicAttributes",
        ),
    ),
    "AWS::SNS::TopicPolicy": (
        Rule("Topics", "sns", (arn("sns", f"{PREFIX}-*"),), keep="SetTopicAttributes", remove="SetTopicAttributes"),
    ),
    "AWS::SNS::Subscription": (
        Rule("Topics", "sns", (arn("sns", f"{PREFIX}-*"),), keep="ListSubscriptionsByTopic Subscribe"),
        Rule(
            "Subscriptions", "sns", ("*",), keep="GetSubscriptionAttributes SetSubscriptionAttributes",
            remove="GetSubscriptionAttributes Unsubscribe",
        ),
    ),
    "AWS::Events::Rule": (
        Rule(
            "EventRules", "events", (arn("events", f"rule/{PREFIX}-*"),),
            keep=f"DescribeRule ListTargetsByRule PutRule PutTargets RemoveTargets {_TAGS}",
            remove="DeleteRule DescribeRule ListTargetsByRule RemoveTargets",
        ),
    ),
    "AWS::CloudWatch::Alarm": (
        Rule(
            "Alarms", "cloudwatch", (arn("cloudwatch", f"alarm:{PREFIX}-*"),),
            keep=f"PutMetricAlarm {_TAGS}", remove="DeleteAlarms",
        ),
        Rule(
            "SeeAlarms", "cloudwatch", (arn("cloudwatch", "alarm:*"),), keep="DescribeAlarms", remove="DescribeAlarms"
        ),
    ),
    "AWS::CloudWatch::Dashboard": (
        Rule(
            "Dashboard", "cloudwatch", (_everywhere("cloudwatch", f"dashboard/{PREFIX}"),),
            keep="GetDashboard PutDashboard", remove="DeleteDashboards",
        ),
    ),
    "AWS::Budgets::Budget": (
        Rule(
            "Budget", "budgets", (_everywhere("budgets", f"budget/{PREFIX}"),),
            keep=f"ModifyBudget ViewBudget {_TAGS}", remove="ModifyBudget ViewBudget",
        ),
    ),
    "AWS::CloudTrail::Trail": (
        Rule(
            "Trail", "cloudtrail", (arn("cloudtrail", f"trail/{PREFIX}-*"),),
            keep="AddTags CreateTrail GetEventSelectors GetInsightSelectors GetTrail GetTrailStatus ListTags"
            " PutEventSelectors RemoveTags StartLogging UpdateTrail",
            remove="DeleteTrail StopLogging",
        ),
        Rule("SeeTrails", "cloudtrail", ("*",), keep="DescribeTrails"),
        _passes("cloudtrail"),
    ),
}  # fmt: skip


def rules_of(types: tuple[str, ...]) -> tuple[tuple[str, Rule], ...]:
    """The rules of resource types, each with its type, in the order of the table.

    Raises KeyError for a type that is not in it: a policy without it would be too small.
    """
    for each in types:
        TYPES[each]
    return tuple((each, rule) for each in TYPES if each in types for rule in TYPES[each])
