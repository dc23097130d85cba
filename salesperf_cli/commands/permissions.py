"""`salesperf permissions`: what each verb calls on AWS, and the least IAM policy for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from salesperf_cli.errors import InputError, SalesperfError
from salesperf_cli.options import environment
from salesperf_cli.output.forms import Column, Line, Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from salesperf_cli.core.permissions.place import Place
    from salesperf_cli.core.permissions.shown import Permissions, VerbList
    from salesperf_cli.core.permissions.verbs import Verb
    from salesperf_cli.environment import Environment


def permissions(
    ctx: typer.Context,
    words: Annotated[
        list[str] | None, typer.Argument(metavar="[VERB] [PART]", help="Such as query, cost actual, deploy batch.")
    ] = None,
    policy: Annotated[bool, typer.Option("--policy", help="Print the IAM policy, as JSON.")] = False,
    placeholders: Annotated[
        bool, typer.Option("--placeholders", help="Leave names as ${Name}; ask no account for them.")
    ] = False,
) -> None:
    """Show what each verb may call on AWS, and the least IAM policy for it.

    Alone it lists the verbs. With a verb it shows each call and what it is for; --policy prints the policy, with the
    ARNs of the target where it is deployed. `deploy` and `destroy` have several: one for what salesperf itself calls,
    one a template for what CloudFormation does in the caller's name. The tests hold every verb to its policy.

    Examples:
      salesperf permissions
      salesperf permissions run-batch
      salesperf permissions query --policy --target dev > query.json
      salesperf permissions deploy foundation --policy --placeholders
    """
    from salesperf_cli.core.permissions.shown import verb_list
    from salesperf_cli.core.permissions.verbs import find_verb

    world = environment(ctx)
    if not words:
        _refuse_policy_of_all(policy)
        world.sink.document(verb_list(), _list_view)
        return
    verb, part = find_verb(words)
    if policy:
        _print_policy(world, verb, part, asks=not placeholders)
    else:
        _show_calls(world, verb, part)


def _refuse_policy_of_all(policy: bool) -> None:
    if policy:
        raise InputError(
            "--policy needs a verb",
            why="a policy for everything is what this is to spare you",
            remedy="salesperf permissions query --policy",
        )


def _show_calls(world: Environment, verb: Verb, name: str) -> None:
    from salesperf_cli.core.permissions.place import PLACEHOLDERS
    from salesperf_cli.core.permissions.policy import find_part, parts
    from salesperf_cli.core.permissions.shown import permissions_of

    types = _types()
    found = parts(verb, types)
    part = find_part(verb, name, types) if name else found[0] if found else None
    shown = permissions_of(verb, part, types, PLACEHOLDERS)
    world.sink.document(shown, _view)
    if shown.calls:
        words = " ".join((verb.name, *([shown.part] if len(shown.parts) > 1 else [])))
        world.sink.next_steps([f"salesperf permissions {words} --policy"])


def _print_policy(world: Environment, verb: Verb, name: str, *, asks: bool) -> None:
    import json

    from salesperf_cli.core.permissions.place import PLACEHOLDERS, left_open
    from salesperf_cli.core.permissions.policy import document, find_part

    part = find_part(verb, name, _types())
    text = json.dumps(document(part.grants, _place(world) if asks else PLACEHOLDERS), indent=2)
    world.sink.text(text)
    if names := left_open([text]):
        world.sink.say(f"To be filled in: {', '.join(f'${{{name}}}' for name in names)}")


def _types() -> Mapping[str, tuple[str, ...]]:
    """The resource types of the templates that come with salesperf."""
    from salesperf_cli.core.permissions.policy import template_types
    from salesperf_cli.resources import shipped_folder

    return template_types(shipped_folder("infra"))


def _place(world: Environment) -> Place:
    """The target as far as it can be known; says on stderr what could not be."""
    from salesperf_cli.core.permissions.place import PLACEHOLDERS

    if world.settings.is_local:
        world.sink.say("The local target has no account; --target NAME fills in the names of one that has")
        return PLACEHOLDERS
    try:
        return _known(world)
    except SalesperfError as error:
        world.sink.say(f"Names are left open: {error.what}" + (f" ({error.why})" if error.why else ""))
        return PLACEHOLDERS


def _known(world: Environment) -> Place:
    """The target by its stacks' outputs. Raises AccessError or RetryableError where the account cannot be asked."""
    from salesperf_cli.core.deploy.templates import ORDER
    from salesperf_cli.core.permissions.place import target
    from salesperf_cli.factory import open_account

    settings = world.settings
    session, resources = open_account(settings)
    identity, outputs = session.identity(), dict[str, str]()
    missing = []
    for template in ORDER:
        try:
            outputs |= resources.outputs(template)
        except InputError:
            missing.append(template)
    if missing:
        world.sink.say(f"Not deployed to {settings.target}: {', '.join(missing)}")
    return target(settings.stack_prefix, settings.target, session.region, outputs, identity=identity)


def _list_view(shown: VerbList) -> Iterator[Table]:
    from salesperf_cli.core.permissions.shown import by_service

    rows = [(line.verb, by_service(line.actions) or "nothing") for line in shown.verbs]
    yield Table((Column("Verb"), Column("Calls on AWS", wrap=True)), rows)


def _view(shown: Permissions) -> Iterator[Table | Line]:
    if not shown.calls:
        yield Line(f"{shown.verb} asks AWS nothing, whatever the target.")
        return
    columns = (Column("Calls", wrap=True), Column("What for", wrap=True))
    rows = [(", ".join(call.actions), call.purpose) for call in shown.calls]
    several = len(shown.parts) > 1
    yield Table(columns, rows, title=f"{shown.verb}: {shown.part}" if several else shown.verb)
    if several:
        yield Line(f"policies: {', '.join(shown.parts)}")
