"""The JSON door, for programs that fill in forms."""

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Annotated

import msgspec
from fastapi import APIRouter, Header, Response
from pydantic import BaseModel, ConfigDict, Field, StrictInt, StrictStr, StringConstraints

from services.forms.definition import Language
from services.forms.intake import Intake
from services.kit.case_number import case_number
from services.kit.problem import Problem
from services.kit.quick import QuickRequest, QuickRoute

_MOST_FIELDS = 100
_LONGEST_KEY = 200


class FilledIn(BaseModel):
    """A filled-in form: what stands in each field, as a person would type it."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "language": "fi",
                "fields": {
                    "description": "Jarrut vinkuvat, kun auto on kylmä.",
                    "model": "Toyota Corolla 2018",
                    "registration": "ABC-123",
                    "mileage": 123000,
                    "answer_by": "phone",
                    "name": "Maija Meikäläinen",
                    "phone": "040 123 4567",
                },
            }
        },
    )

    language: Language
    fields: Annotated[
        dict[Annotated[str, StringConstraints(max_length=100)], StrictStr | StrictInt | None],
        Field(max_length=_MOST_FIELDS),
    ]


class Accepted(BaseModel):
    """The contact is durable. `case` is the number that the customer may be told."""

    case: str
    contact_id: str
    conversation_id: str


Key = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=_LONGEST_KEY,
        description="Your own id of this sending. The same key with the same contents is the "
        "same contact, however often it is sent.",
        examples=["6f1c9f0e-8a55-4f0d-9a3b-6a7f6f1f2d11"],
    ),
]


def door(intake: Intake) -> APIRouter:
    """The routes."""
    router = APIRouter(prefix="/v1", tags=["forms"])

    @router.post(
        "/forms/{tenant}/{pool}/{form}",
        status_code=202,
        responses={
            404: {"description": "No such pool, or no such form."},
            422: {"description": "What is wrong stands in `errors`, in the language asked for."},
            503: {"description": "Not durable. Send again with the same key."},
        },
    )
    async def post_form(
        tenant: str, pool: str, form: str, filled_in: FilledIn, idempotency_key: Key
    ) -> Accepted:
        """Fill in a form. Answers when the contact is durable."""
        return await fill_in(
            intake, (tenant, pool, form), filled_in.language, filled_in.fields, idempotency_key
        )

    return router


async def fill_in(
    intake: Intake,
    where: tuple[str, str, str],
    language: Language,
    fields: Mapping[str, str | int | None],
    key: str,
) -> Accepted:
    """Make a contact of the form `where`: tenant, pool, form. Raises `Problem`, `Unavailable`."""
    tenant, pool, form = where
    place = intake.find(tenant, pool, form)
    if place is None:
        raise Problem(404, f"There is no form {form} of the pool {tenant}/{pool}.")
    if language not in place.languages:
        raise _invalid("language", f"One of {', '.join(place.languages)} is needed.")
    typed = {name: str(value) for name, value in fields.items() if value is not None}
    checked = intake.check_known(place.form, typed, language)
    if checked.errors:
        intake.returned("invalid")
        errors = [{"field": e.field, "message": e.message} for e in checked.errors]
        named = ", ".join(e.field for e in checked.errors)
        raise Problem(422, f"Not valid: {named}.", errors=errors)
    # Anybody may send here: two who chose the same key are still two contacts.
    contents = json.dumps([language, checked.values], sort_keys=True).encode()
    digest = hashlib.sha256(contents).hexdigest()
    slip = await intake.accept(place, language, checked.values, "key", key, digest)
    return Accepted(
        case=case_number(slip.contact_id),
        contact_id=slip.contact_id,
        conversation_id=slip.conversation_id,
    )


class _Filled(msgspec.Struct, forbid_unknown_fields=True):
    """As `FilledIn`, for the quick way."""

    language: Language
    fields: Annotated[
        dict[Annotated[str, msgspec.Meta(max_length=100)], str | int | None],
        msgspec.Meta(max_length=_MOST_FIELDS),
    ]


def quick_door(intake: Intake) -> QuickRoute:
    """The JSON door's quick way."""
    decoder = msgspec.json.Decoder(_Filled)

    async def handle(request: QuickRequest) -> Response | None:
        key = request.header(b"idempotency-key")
        if not request.is_json or key is None or not 1 <= len(key) <= _LONGEST_KEY:
            return None
        try:
            filled = decoder.decode(request.body)
        except msgspec.MsgspecError:
            return None
        named = request.named
        where = named["tenant"], named["pool"], named["form"]
        accepted = await fill_in(intake, where, filled.language, filled.fields, key)
        return Response(accepted.model_dump_json(), 202, media_type="application/json")

    pattern = re.compile(r"/v1/forms/(?P<tenant>[^/]+)/(?P<pool>[^/]+)/(?P<form>[^/]+)")
    return QuickRoute("POST", "/v1/forms/{tenant}/{pool}/{form}", pattern, handle)


def _invalid(field: str, message: str) -> Problem:
    return Problem(422, f"Not valid: {field}.", errors=[{"field": field, "message": message}])
