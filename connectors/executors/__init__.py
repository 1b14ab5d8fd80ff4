"""What carries out a deployment."""
