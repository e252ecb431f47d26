"""The pages that people look at: rendered here, made alive by htmx, and nothing loaded from elsewhere.

`shell` renders, `assets` gives out files, `language` translates, `trouble` shows errors; then a file a page for its
routes, and one named `…_view` for what the page shows. `router` puts them together.
"""
