"""The built-in presets of rounds: how frames are gathered for fine-tuning."""
