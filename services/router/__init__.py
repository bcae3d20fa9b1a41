"""The router: decides who gets which contact."""
