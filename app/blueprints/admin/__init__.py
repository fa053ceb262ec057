"""The administration pages: people, rules, the system itself."""
