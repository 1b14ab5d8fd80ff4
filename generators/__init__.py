"""TestScenario into the text of a test, one target a file."""
