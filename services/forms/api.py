"""The JSON door, for programs that fill in forms."""

import hashlib
import json
from typing import Annotated

from fastapi import APIRouter, Header
from pydantic import BaseModel, ConfigDict, Field, StrictInt, StrictStr, StringConstraints

from services.forms.definition import Language
from services.forms.intake import Intake
from services.kit.case_number import case_number
from services.kit.problem import Problem

_MOST_FIELDS = 100


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
        max_length=200,
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
        place = intake.find(tenant, pool, form)
        if place is None:
            raise Problem(404, f"There is no form {form} of the pool {tenant}/{pool}.")
        if filled_in.language not in place.languages:
            raise _invalid("language", f"One of {', '.join(place.languages)} is needed.")
        typed = {name: str(value) for name, value in filled_in.fields.items() if value is not None}
        checked = intake.check_known(place.form, typed, filled_in.language)
        if checked.errors:
            intake.returned("invalid")
            errors = [{"field": e.field, "message": e.message} for e in checked.errors]
            named = ", ".join(e.field for e in checked.errors)
            raise Problem(422, f"Not valid: {named}.", errors=errors)
        # Anybody may send here: two who chose the same key are still two contacts.
        contents = json.dumps([filled_in.language, checked.values], sort_keys=True).encode()
        digest = hashlib.sha256(contents).hexdigest()
        slip = await intake.accept(
            place, filled_in.language, checked.values, "key", idempotency_key, digest
        )
        return Accepted(
            case=case_number(slip.contact_id),
            contact_id=slip.contact_id,
            conversation_id=slip.conversation_id,
        )

    return router


def _invalid(field: str, message: str) -> Problem:
    return Problem(422, f"Not valid: {field}.", errors=[{"field": field, "message": message}])
