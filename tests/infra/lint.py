"""`make lint-infra`: cfn-lint, checkov, parliament and cfn-guard over infra/, all offline, each with its exceptions.

Runs in an environment of its own (requirements.txt beside this file). Exceptions stand where a reader looks for them:
checkov's in the templates, cfn-guard's in guard_waivers.json. One that is no longer needed is a finding, too.
"""

from __future__ import annotations

import json
import platform
import re
import subprocess
import sys
import tarfile
import tempfile
import time
import warnings
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.path.append(str(HERE.parents[1]))  # salesperf_cli, which is not installed here

import templates  # noqa: E402  (beside this file, which is run as a script)

BIN = Path(sys.executable).parent
WAIVERS = HERE / "guard_waivers.json"
# What parliament says without being right; every other finding fails.
PARLIAMENT_WAIVERS: dict[tuple[str, str], str] = {
    ("deploy calls", "UNKNOWN_ACTION"): "cloudformation:DescribeEvents is younger than its definitions",
    ("destroy calls", "UNKNOWN_ACTION"): "the same",
    ("deploy calls", "UNKNOWN_CONDITION_FOR_ACTION"): "kms:ResourceAliases holds for all uses of a key (KMS guide)",
    ("deploy batch", "UNKNOWN_CONDITION_FOR_ACTION"): "the same",
    ("deploy stream", "UNKNOWN_CONDITION_FOR_ACTION"): "the same",
    ("deploy serving", "RESOURCE_MISMATCH"): "the tags are a workgroup's; other kinds of resources have some, too",
    ("deploy foundation", "RESOURCE_POLICY_PRIVILEGE_ESCALATION"): "who makes buckets and roles can give rights away",
}


def main() -> int:
    """Run all linters; 0 when none has a finding."""
    failed = False
    for name, linter in (
        ("cfn-lint", cfn_lint),
        ("tags", tags),
        ("parliament", policies),
        ("cfn-guard", guard),
        ("checkov", checkov),
    ):
        begun = time.monotonic()
        said, findings = linter()
        print(f"{name:11} {said} ({time.monotonic() - begun:.1f} s)")
        for finding in findings:
            print(f"  {finding}")
        failed |= bool(findings)
    return int(failed)


Verdict = tuple[str, list[str]]


def cfn_lint() -> Verdict:
    """Every rule, the informational ones among them, for our region."""
    files = [str(templates.INFRA / f"{name}.yaml") for name in templates.ORDER]
    command = [str(BIN / "cfn-lint"), "-c", "I", "-r", templates.REGION, "-f", "parseable", "-t", *files]
    lines = [line for line in _run(command, (0, 2, 4, 6, 8, 10, 12, 14)).splitlines() if line.strip()]
    return f"{len(files)} templates, {len(lines)} findings", lines


def tags() -> Verdict:
    """Every resource whose type can be tagged, by CloudFormation's own schema, carries tags."""
    from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER as SCHEMAS

    tagged, findings = 0, []
    for template in templates.load_all():
        for name, resource in template.resources.items():
            schema = SCHEMAS.get_resource_schema(templates.REGION, resource["Type"]).schema
            if not schema.get("tagging", {}).get("taggable", schema.get("taggable", False)):
                continue
            key = schema.get("tagging", {}).get("tagProperty", "/properties/Tags").rsplit("/", 1)[1]
            tagged += 1
            if key not in resource["Properties"]:
                findings.append(f"{template.name}.{name} ({resource['Type']}) has no {key}")
    return f"{tagged} taggable resources", findings


def policies() -> Verdict:
    """Every policy of a role, and of a verb, as IAM would see it."""
    warnings.filterwarnings("ignore", message="pkg_resources")  # parliament's own affair; setuptools is pinned for it
    from parliament import analyze_policy_string, enhance_finding

    count, findings, used = 0, [], set()
    for where, document in (*_identity_policies(), *_verbs()):
        count += 1
        for finding in map(enhance_finding, analyze_policy_string(json.dumps(document)).findings):
            key = (where, finding.issue)
            used.add(key)
            if key not in PARLIAMENT_WAIVERS:
                findings.append(f"{where}: {finding.issue}: {finding.title}: {finding.detail} {finding.location}")
    findings += [f"the waiver {key} is not needed" for key in PARLIAMENT_WAIVERS.keys() - used]
    return f"{count} policies, {len(findings)} findings", findings


def _identity_policies() -> Iterator[tuple[str, Any]]:
    for template in templates.load_all():
        for name, resource in _as_deployed(template)["Resources"].items():
            own = resource["Properties"]
            for policy in own.get("Policies", []) if resource["Type"] == "AWS::IAM::Role" else []:
                yield f"{template.name}.{name}", policy["PolicyDocument"]
            if resource["Type"] == "AWS::IAM::ManagedPolicy":
                yield f"{template.name}.{name}", own["PolicyDocument"]


def _verbs() -> Iterator[tuple[str, Any]]:
    """What is documented for each verb, with the names that outputs would give."""
    from salesperf_cli.core.permissions.place import target
    from salesperf_cli.core.permissions.policy import document, parts, template_types
    from salesperf_cli.core.permissions.verbs import VERBS

    name, account = "salesperf-dev", templates.ACCOUNT
    outputs = {
        "KeyArn": f"arn:aws:kms:{templates.REGION}:{account}:key/0",
        "StreamArn": f"arn:aws:kinesis:{templates.REGION}:{account}:stream/{name}-sales",
        "LakeBucketName": f"{name}-lake",
        "ResultsBucketName": f"{name}-results",
        "WorkGroupName": name,
        **{f"{layer}LogGroupPrefix": f"/aws-glue/jobs/{name}" for layer in ("Silver", "Gold")},
        **{f"{layer}JobName": f"{name}-{layer}" for layer in ("Silver", "Gold")},
        **{f"{layer}DatabaseName": layer for layer in ("Silver", "Gold", "Quarantine", "Serving", "Speed")},
    }
    place = target("salesperf", "dev", templates.REGION, outputs, identity=f"arn:aws:iam::{account}:user/x")
    types = template_types(templates.INFRA)
    for verb in VERBS.values():
        for part in parts(verb, types):
            yield f"{verb.name} {part.name}", document(part.grants, place)


def _as_deployed(template: templates.Template) -> dict[str, Any]:
    given = {**templates.parameter_file("prod"), **templates.EVERYTHING_ON}
    return templates.Resolver(template, given, texts=True).template()


def guard() -> Verdict:
    """AWS Control Tower's rules over what prod would deploy with everything optional switched on."""
    binary, rules = _guard_files()
    waivers = json.loads(WAIVERS.read_text("utf-8"))
    waived = {(rule, resource) for rule, entry in waivers.items() for resource in entry["resources"]}
    found: dict[tuple[str, str], str] = {}
    compliant = 0
    with tempfile.TemporaryDirectory() as folder:
        for template in templates.load_all():
            document = Path(folder) / f"{template.name}.json"
            document.write_text(json.dumps(_as_deployed(template), default=str), "utf-8")
            command = [str(binary), "validate", "-r", str(rules), "-d", str(document)]
            said = _run([*command, "-o", "json", "--show-summary", "none", "--structured"], (0, 19))
            (report,) = json.loads(said)
            compliant += len(report["compliant"])
            for failure in report["not_compliant"]:
                found |= _guard_findings(template.name, failure)
    findings = [
        f"{rule} {resource}: {fix}" for (rule, resource), fix in found.items() if (rule, resource) not in waived
    ]
    findings += [f"the waiver of {rule} for {resource} is not needed" for rule, resource in waived - found.keys()]
    count = len(list(rules.rglob("*.guard")))
    return f"{count} rules, {compliant} met, {len(found)} exceptions by {len(waivers)} waivers", sorted(findings)


def _guard_findings(template: str, failure: dict[str, Any]) -> dict[tuple[str, str], str]:
    text = json.dumps(failure)
    rule = re.search(r"\[(CT\.[A-Z0-9.]+)\]", text)
    fix = re.search(r"\[FIX\]: ([^\\]*)", text)
    name = rule.group(1) if rule else failure["Rule"]["name"]
    return {(name, f"{template}.{r}"): fix.group(1) if fix else "" for r in re.findall(r"/Resources/(\w+)", text)}


def _guard_files() -> tuple[Path, Path]:
    """cfn-guard and its rules; the package on PyPI carries both in an npm archive."""
    system = {"Linux": "ubuntu", "Darwin": "macos"}[platform.system()]
    machine = {"x86_64": "x86_64", "aarch64": "aarch64", "arm64": "aarch64"}[platform.machine()]
    target = Path(sys.prefix) / "guard"
    if not target.is_dir():
        (archive,) = (resources.files("cdklabs") / "cdk_validator_cfnguard" / "_jsii").glob("*.tgz")  # type: ignore[attr-defined]
        fresh = target.with_suffix(".part")
        with tarfile.open(archive) as packed:
            packed.extractall(fresh, filter="data")
        fresh.rename(target)
    return target / "package" / "bin" / system / machine / "cfn-guard", target / "package" / "rules"


def checkov() -> Verdict:
    """Its checks for CloudFormation; what a template skips, it says there with the reason."""
    command = [str(BIN / "checkov"), "-d", str(templates.INFRA), "--framework", "cloudformation", "--skip-download"]
    report = json.loads(_run([*command, "-o", "json", "--compact"], (0, 1)))
    summary, results = report["summary"], report["results"]
    findings = [f"{f['check_id']} {f['resource']}: {f['check_name']}" for f in results["failed_checks"]]
    findings += [f"cannot read {file}" for file in results["parsing_errors"]]
    skipped = {
        (Path(skip["file_path"]).stem, skip["resource"].rsplit(".", 1)[1], skip["check_id"])
        for skip in results["skipped_checks"]
    }
    said = f"{summary['passed']} passed, {summary['failed']} failed, {summary['skipped']} skipped"
    return said, findings + [f"the skip {skip} is not needed" for skip in _declared_skips() - skipped]


def _declared_skips() -> set[tuple[str, str, str]]:
    return {
        (template.name, name, skip["id"])
        for template in templates.load_all()
        for name, resource in template.resources.items()
        for skip in resource.get("Metadata", {}).get("checkov", {}).get("skip", [])
    }


def _run(command: list[str], fine: tuple[int, ...]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode not in fine:
        said = f"{done.stdout[-2000:]}{done.stderr[-2000:]}"
        raise SystemExit(f"{Path(command[0]).name} ended with {done.returncode}\n{said}")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
