"""The follower: whatever follows from the journal alone. Hot views in Redis, the dead letters of
contact-events, and the numbers on the dashboards."""
