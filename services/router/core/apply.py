"""Each routing event of a pool and what does it to the state. Nothing is decided here: the state
after follows from the state before, the event and the record's time."""

from collections.abc import Callable
from typing import Any

from services.contracts import routing_events as ev
from services.contracts.base import Millis
from services.router.core import (
    apply_agents,
    apply_hours,
    apply_plans,
    apply_silence,
    apply_supervision,
    apply_transfers,
    apply_waiting,
    apply_work,
)
from services.router.core.pool import Pool

CHANGES: dict[type, Callable[[Pool, Any, Millis], None]] = {
    ev.PoolConfigured: apply_agents.pool_configured,
    ev.AgentUpserted: apply_agents.agent_upserted,
    ev.AgentPresenceChanged: apply_agents.agent_presence_changed,
    ev.AgentPaused: apply_agents.agent_paused,
    ev.AgentReady: apply_agents.agent_ready,
    ev.SessionAttached: apply_agents.session_attached,
    ev.SessionDetached: apply_agents.session_detached,
    ev.AgentLost: apply_agents.agent_lost,
    ev.AgentReturned: apply_agents.agent_returned,
    ev.ContactQueued: apply_work.contact_queued,
    ev.ContactRequeued: apply_work.contact_requeued,
    ev.ContactQuieted: apply_silence.contact_quieted,
    ev.ContactProbed: apply_silence.contact_probed,
    ev.ContactWoken: apply_silence.contact_woken,
    ev.ContactRelaxed: apply_waiting.contact_relaxed,
    ev.ContactReleased: apply_waiting.contact_released,
    ev.ContactParked: apply_waiting.contact_parked,
    ev.ContactOverflowed: apply_work.contact_overflowed,
    ev.PromiseSettled: apply_waiting.promise_settled,
    ev.QueueOpened: apply_hours.queue_opened,
    ev.QueueClosed: apply_hours.queue_closed,
    ev.ContactChannelChanged: apply_supervision.contact_channel_changed,
    ev.ContactPrioritised: apply_supervision.contact_prioritised,
    ev.AuditNoted: apply_supervision.audit_noted,
    ev.ContactWithdrawn: apply_work.contact_withdrawn,
    ev.ContactClosed: apply_work.contact_closed,
    ev.ContactForgotten: apply_work.contact_forgotten,
    ev.OfferMade: apply_work.offer_made,
    ev.OfferEnded: apply_work.offer_ended,
    ev.AssignmentStarted: apply_work.assignment_started,
    ev.AssignmentWrapping: apply_work.assignment_wrapping,
    ev.AssignmentEnded: apply_work.assignment_ended,
    ev.PlanAdopted: apply_plans.plan_adopted,
    ev.PlanLapsed: apply_plans.plan_lapsed,
    ev.OverloadChanged: apply_plans.overload_changed,
    ev.TransferStarted: apply_transfers.transfer_started,
    ev.TransferEnded: apply_transfers.transfer_ended,
    ev.TransferRecalled: apply_transfers.transfer_recalled,
    ev.ContactHandedOver: apply_transfers.contact_handed_over,
}
"""`CHANGES[type(event)](pool, event, at)`: the state after an event that happened at `at`."""
