"""Study: the study file, the rounds that presets expand to, the plan of steps, and what came out of it."""
