"""What the YAML may say: one dataclass a group, and the names that choose an implementation."""
