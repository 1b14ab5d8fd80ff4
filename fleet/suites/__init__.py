"""Generated tests in a user's folder: written, kept from harm, run, verified."""
