"""The sections of the settings, one file a subject; `core.settings` puts them together."""
