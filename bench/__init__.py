"""Measurements. Each prints a table, writes JSON and compares two things in one run."""
