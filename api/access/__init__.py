"""Who may ask: API keys, what each may do, how often, and what browsers are told."""
