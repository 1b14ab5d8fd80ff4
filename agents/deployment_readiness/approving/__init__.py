"""Who allows what: approvals, attestations, waivers, freezes."""
