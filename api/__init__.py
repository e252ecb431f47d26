"""The Litestar service that answers recommendations from one snapshot."""
