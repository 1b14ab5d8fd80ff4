"""Reports about a release: pure builders over stored records; what is not in a record is not in a report."""
