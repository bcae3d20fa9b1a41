"""Plain lines, for logs and pipes."""

from demo.view.scene import Scene


def plain_line(scene: Scene) -> str:
    """One moment in one line."""
    waiting = sum(line.waiting for line in scene.channels)
    in_hand = sum(line.in_hand for line in scene.channels)
    free = sum(agent.state == "free" for agent in scene.agents)
    offer = scene.time_to_offer["p50"]
    channels = "  ".join(f"{line.name.lower()} {line.came}" for line in scene.channels)
    return (
        f"{scene.open_for:5.0f} s  {scene.stage}: came {scene.came} ({channels}), "
        f"waiting {waiting}, in hand {in_hand}, answered {scene.answered}, "
        f"solved by the bot {scene.solved}, agents free {free}/{len(scene.agents)}, "
        f"time to offer p50 {'–' if offer is None else f'{offer:.0f} ms'}"
    )
