"""What is said of a release before it is deployed, and how right that was in the past."""
