"""The pages: plain HTML from the server, one style sheet, no script."""
