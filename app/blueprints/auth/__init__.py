"""Signing in and out, the second step, forgotten passwords, the language buttons."""
