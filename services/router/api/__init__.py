"""The routing API: what agents, supervisors and administrators do over HTTP, and the stream that
every agent's client holds. It follows the journal itself; no decision is made here."""
