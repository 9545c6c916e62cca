"""Outside programs: whatever Whet starts ends with it, and a folder belongs to one program at a time."""
