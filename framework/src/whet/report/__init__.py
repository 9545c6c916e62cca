"""The report: one page that opens offline, its tables as CSV and its figures as SVG."""
