"""Finding an offer or an assignment by its id alone. The id says partition and input offset
(`o3-4711-0`), so that a replica that is a moment behind is waited for instead of answering 404."""

import re
from dataclasses import dataclass

from services.kit.auth import Principal
from services.kit.problem import Problem
from services.router.api.access import allow
from services.router.api.context import Context

_ID = re.compile(r"(?P<letter>[oa])(?P<partition>\d{1,6})-(?P<offset>\d{1,18})-\d{1,6}")


@dataclass(frozen=True, slots=True)
class Work:
    """Whose it is, or was."""

    partition: int
    pool: str
    agent_id: str


async def find(context: Context, principal: Principal, letter: str, work_id: str) -> Work:
    """The offer (`o`) or assignment (`a`), which the caller may act on.

    Raises `Problem` 404 for one that is not known, or of another company, and 403.
    """
    context.replica.require_live()
    unknown = Problem(404, f"There is no {'offer' if letter == 'o' else 'assignment'} {work_id}.")
    found = _ID.fullmatch(work_id)
    if found is None or found["letter"] != letter:
        raise unknown
    number, offset = int(found["partition"]), int(found["offset"])
    if number >= len(context.replica.partitions):
        raise unknown
    partition = context.replica.partitions[number]
    await context.replica.until(
        lambda: partition.last >= offset, context.settings.api_reply_timeout
    )
    for pool in partition.pools.values():
        held = pool.offers.get(work_id) or pool.assignments.get(work_id)
        past = pool.past_offers.get(work_id) or pool.past_assignments.get(work_id)
        if held is None and past is None:
            continue
        if pool.config.tenant != principal.tenant:
            raise unknown
        agent_id = held.agent.id if held else past.agent if past else ""
        allow(principal, pool.name, "agent", "supervisor", "administrator", agent=agent_id)
        return Work(number, pool.name, agent_id)
    raise unknown
