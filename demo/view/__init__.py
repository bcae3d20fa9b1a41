"""What somebody sees who watches: a live picture in a terminal, plain lines elsewhere."""
