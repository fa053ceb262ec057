"""A believable company for trying the program out: people, products, customers and half a year of tickets."""
