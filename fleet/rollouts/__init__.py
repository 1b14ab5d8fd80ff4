"""Rollouts as processes: asked for, run, coordinated over regions, guarded, tried on recorded metrics."""
