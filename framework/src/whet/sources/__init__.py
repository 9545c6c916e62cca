"""The built-in sources of starting structures, one file each."""
