"""Translations: a gettext file a subject and language, as `feed.ru.po`."""
