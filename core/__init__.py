"""Settings, column names, errors and logging: what every other package may import, importing none of them."""
