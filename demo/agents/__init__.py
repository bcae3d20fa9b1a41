"""Agents: people who answer, played over the routing API and the conversations' API."""
