"""What production-intelligence finds and keeps."""
