"""Files that pages load, given out by `api.pages.assets`."""
