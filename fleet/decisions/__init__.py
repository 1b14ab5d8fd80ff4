"""What people add to a decision, and what they are shown of it: approvals, overrides, policies, reports."""
