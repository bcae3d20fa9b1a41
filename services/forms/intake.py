"""Taking forms in, for the pages and for the JSON door alike."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.contracts.pool import PoolConfig
from services.forms.adapters import Door, Pools
from services.forms.catalogue import Catalogue
from services.forms.core import CHANNEL, Submission, opening_of
from services.forms.definition import LANGUAGES, Form, Language
from services.forms.tokens import Slip
from services.forms.validation import Checked, Checker
from services.kit.clock import Clock
from services.kit.metrics import Metrics


@dataclass(frozen=True, slots=True)
class Place:
    """A form of a pool: `tenant/pool/form`. `company` is the tenant as it is called on pages;
    `languages` are those that the pool answers in."""

    name: str
    company: str
    form: Form
    pool: PoolConfig
    languages: tuple[Language, ...]


class Intake:
    """Finds forms, checks what was filled in, makes contacts of it."""

    def __init__(
        self, catalogue: Catalogue, pools: Pools, door: Door, clock: Clock, metrics: Metrics
    ) -> None:
        self.catalogue = catalogue
        self._pools = pools
        self._door = door
        self._clock = clock
        self._metrics = metrics
        self._checker = Checker(catalogue.texts)

    def find(self, tenant: str, pool: str, form: str) -> Place | None:
        """The place, or None if there is no such pool, form, or form channel of the pool.

        Raises `Unavailable` while the pools are not known.
        """
        known = self.catalogue.forms.get(form)
        if known is None:
            return None
        config = self._pools.get(f"{tenant}/{pool}")
        if config is None or CHANNEL not in config.channels:
            return None
        served = tuple(each for each in LANGUAGES if each in config.languages)
        company = self.catalogue.company(tenant) or tenant
        return Place(f"{config.pool}/{form}", company, known, config, served or LANGUAGES)

    def check(self, form: Form, typed: Mapping[str, str], language: Language) -> Checked:
        """As `Checker.check`."""
        return self._checker.check(form, typed, language)

    def check_known(self, form: Form, typed: Mapping[str, str], language: Language) -> Checked:
        """As `check`; a field that the form does not have is an error, too."""
        checked = self.check(form, typed, language)
        unknown = self._checker.unknown(form, typed, language)
        return Checked(checked.values, (*checked.errors, *unknown))

    async def accept(
        self, place: Place, language: Language, values: dict[str, Any], *seed: str
    ) -> Slip:
        """Make a contact of checked values. Durable when it returns; raises `Unavailable`."""
        submission = Submission(
            place.form, place.pool.pool, language, values, seed, self._clock.now_ms()
        )
        opening = opening_of(submission, self.catalogue.texts)
        slip = await self._door.let_in(opening, place.pool)
        self._metrics.count("contacts_accepted_total", channel=CHANNEL)
        self._metrics.count("messages_accepted_total", channel=CHANNEL, author="customer")
        return slip

    def returned(self, reason: str) -> None:
        """Count a form that goes back to the customer."""
        self._metrics.count("forms_returned_total", reason=reason)
