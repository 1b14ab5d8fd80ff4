"""Real-user monitoring: what visits did, waited for, met, and where they left."""
