"""Customers, one module per way of getting in touch. Each speaks to a public door and to nothing
else, and keeps its own record."""
