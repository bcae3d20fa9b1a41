"""What every customer has: the doors, the questions, a pace, and a record to keep."""

import random
from dataclasses import dataclass

from demo.door import Door
from demo.pace import Pace
from demo.places import Places
from demo.questions import Questions
from demo.records import Customer, Records
from services.kit.clock import Clock


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Shared by all customers and agents."""

    places: Places
    door: Door
    pace: Pace
    questions: Questions
    records: Records
    clock: Clock

    @property
    def chance(self) -> random.Random:
        """The one source of chance."""
        return self.pace.chance

    def accepted(self, customer: Customer, contact_id: str = "", conversation_id: str = "") -> None:
        """The door has acknowledged the customer's matter."""
        customer.accepted = True
        if contact_id:
            self.records.identify(customer, contact_id, conversation_id)
