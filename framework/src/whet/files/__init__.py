"""Frames and labels in the files of other programs: formats, units, names of labels."""
