"""The sections of the report, each a function from a study to what it shows, or None where there is nothing."""
