"""SQL files, one statement a file, read by name."""
