"""The core's own kinds of steps, one file each: tasks like those of any plugin."""
