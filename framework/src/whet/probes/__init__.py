"""The built-in probes, one file each: a property of one material that ASE alone can measure."""
