"""Sigma schedules, parametrisations, noise and samplers. No network is known here."""
