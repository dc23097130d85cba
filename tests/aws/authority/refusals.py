"""How AWS says no: the status, code and words of each protocol."""

from __future__ import annotations

import json
from collections.abc import Sequence
from xml.sax.saxutils import escape

from tests.aws.authority.asked import Need, Request
from tests.proxy import Answer


def refusal(request: Request, service: str, who: str, needs: Sequence[Need]) -> Answer:
    """The answer to a request that lacks these permissions; AWS names the first."""
    words = _words(who, needs[0])
    if service == "s3":
        return _of_s3(request, who, needs, words)
    if request.headers.get("X-Amz-Target"):
        said = {"__type": "AccessDeniedException", "Message": words, "message": words}
        return _answer(400, "application/x-amz-json-1.1", json.dumps(said))
    if request.path.startswith("/service/"):
        return _answer(403, "text/plain", words)
    error = f"<Type>Sender</Type><Code>AccessDenied</Code><Message>{escape(words)}</Message>"
    return _answer(403, "text/xml", f"<ErrorResponse><Error>{error}</Error><RequestId>0</RequestId></ErrorResponse>")


def _of_s3(request: Request, who: str, needs: Sequence[Need], words: str) -> Answer:
    if request.method == "HEAD":
        return Answer(403, (("Content-Type", "application/xml"),), b"", 0)
    if request.method == "POST" and "delete" in request.query:  # the call succeeds; single keys are refused
        errors = "".join(
            f"<Error><Key>{escape(need.resource.partition('/')[2])}</Key><Code>AccessDenied</Code>"
            f"<Message>{escape(_words(who, need))}</Message></Error>"
            for need in needs
        )
        return _answer(200, "application/xml", f"<DeleteResult>{errors}</DeleteResult>")
    text = f"<Error><Code>AccessDenied</Code><Message>{escape(words)}</Message><RequestId>0</RequestId></Error>"
    return _answer(403, "application/xml", text)


def _words(who: str, need: Need) -> str:
    resource = f'"{need.resource}"' if need.action.startswith("s3:") else need.resource
    return (
        f"User: {who} is not authorized to perform: {need.action} on resource: {resource}"
        f" because no identity-based policy allows the {need.action} action"
    )


def _answer(status: int, kind: str, text: str) -> Answer:
    return Answer(status, (("Content-Type", kind),), text.encode())
