"""What crosses a boundary: events, topics, the journal's records. Pure: no I/O, no clock."""
