"""The hot views in Redis: which keys the follower writes and look-ups read. All rebuildable.

Values are JSON documents. Nothing that routes reads them; only look-ups do.
"""


def applied(partition: int) -> str:
    """Offset of the last journal record that the partition's views show (a number as text)."""
    return f"jonoton:applied:{partition}"


def contacts(partition: int) -> str:
    """Hash: contact id → contact view (state, queue, agent, wait, position's ingredients)."""
    return f"jonoton:contacts:{partition}"


def agents(partition: int) -> str:
    """Hash: `<pool>#<agent id>` → agent view."""
    return f"jonoton:agents:{partition}"


def queues(partition: int) -> str:
    """Hash: `<pool>#<queue>` → queue view (waiting, longest wait, offered, assigned, agents)."""
    return f"jonoton:queues:{partition}"


def keys(partition: int) -> tuple[str, ...]:
    """All keys of a partition's views."""
    return applied(partition), contacts(partition), agents(partition), queues(partition)
