"""The simulator: drives the production pool object with a clock of its own, and says what becomes
of a contact centre. It routes nothing itself."""
