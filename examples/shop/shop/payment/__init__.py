"""Payment: an interface, its implementation over HTTP, and a stub of the service behind it."""
