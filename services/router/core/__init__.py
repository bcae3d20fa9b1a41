"""The engine: pure. No clock, no chance, no I/O, no log; time and ids come from its input.

`partition.Partition` is all that the journal protocol needs, `queries` all that readers need.
"""
