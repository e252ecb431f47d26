"""Pages, filled by `experiments.report_page`."""
