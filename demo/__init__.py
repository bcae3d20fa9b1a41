"""The demo: a company's customers and agents, played over the platform's public doors, and an
independent check of what became of every one of them."""
