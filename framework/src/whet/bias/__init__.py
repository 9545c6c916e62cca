"""The science of measuring bias: errors, softening, residuals, bonds, coverage. Knows frames and labels, no plugin."""
