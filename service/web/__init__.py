"""Answers HTTP, and nothing else."""
