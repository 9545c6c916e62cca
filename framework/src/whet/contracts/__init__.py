"""What a plugin author implements, and what crosses the seam between interpreters. Imports neither numpy nor ASE."""
