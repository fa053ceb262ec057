"""A believable company for trying the program out: people, products, customers and half a year of tickets."""

from app.demo.loading import Loaded, load

__all__ = ["Loaded", "load"]
