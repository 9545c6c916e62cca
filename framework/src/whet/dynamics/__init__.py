"""What runs dynamics for every engine: the loop, the first velocities, the monitors, and what a run leaves."""
