"""Routing policies: which agent for a contact, which contact for an agent. Design: section 3 of
the router's specification; `docs/decisions/0005-the-policys-own-choices.md` says the rest."""
