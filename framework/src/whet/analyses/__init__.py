"""The built-in analyses, one file each: what it wants of a study, what it computes with `bias/`, what it shows."""
