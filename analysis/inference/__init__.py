"""What so many observations say, and how sure it is: tests, intervals, models of outcomes and their scores."""
