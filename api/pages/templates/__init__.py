"""What pages are made of: Jinja2, escaped always."""
