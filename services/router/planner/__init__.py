"""The planner: weighs a pool's work against its agents, off the hot path, and proposes a plan."""
