"""`python -m services.contracts.pool_schema`: the JSON Schema of a pool's file, for editors.

An editor with it completes names, shows what they mean, and marks what the shapes refuse; what
one part says of another (`services/router/pool_sense.py`) is only told by
`PUT /v1/pools/{tenant}/{pool}?dry_run=true`.
"""

import inspect
import json
import re
import sys
from typing import Any

import msgspec

from services.contracts.pool import PoolConfig

_SENTENCE = re.compile(r"(?<=[.;])\s+(?=[A-Z`])")


def document() -> dict[str, Any]:
    """The schema, draft 07: what editors know best."""
    (root,), definitions = msgspec.json.schema_components(
        [PoolConfig], ref_template="#/definitions/{name}"
    )
    for schema in definitions.values():
        if "properties" in schema:
            _explain(schema)
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "A pool of Jonoton: channels, queues, rules, calendars, policy",
        **root,
        "definitions": definitions,
    }


def _explain(schema: dict[str, Any]) -> None:
    """Unknown names are refused; a property says what its struct's docstring says of it."""
    schema["additionalProperties"] = False
    schema["description"] = text = inspect.cleandoc(schema.get("description", ""))
    sentences = _SENTENCE.split(" ".join(text.split()))
    for name, member in schema["properties"].items():
        said = " ".join(sentence for sentence in sentences if f"`{name}`" in sentence)
        if said and "$ref" in member:
            # Beside a reference, draft 07 reads nothing.
            reference = {"$ref": member.pop("$ref")}
            schema["properties"][name] = {"description": said, "allOf": [reference], **member}
        elif said:
            schema["properties"][name] = {"description": said, **member}


def text() -> str:
    """The schema as it is committed."""
    return json.dumps(document(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(text())
